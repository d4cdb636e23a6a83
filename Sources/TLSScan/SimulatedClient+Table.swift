extension SimulatedClient {
    /// What 35 clients say first, in words that ``SimulatedClient/all`` reads; numbers are IANA's, in hexadecimal.
    ///
    /// `versions` are the lowest and highest that the client goes on with, `hello` is the version of its hello,
    /// `offers` its list of versions, `shares` the groups it sends keys of, and `0a0a` means nothing (RFC 8701).
    static let table = """
        client Android 6.0
        versions 0301 0303
        hello 0303
        suites cc14 cc13 cc15 c02b c02f 009e c00a c014 0039 c009 c013 0033 009c 0035 002f 000a 00ff
        groups 0017 0018
        signatures 0601 0603 0501 0503 0401 0403 0301 0303 0201 0203
        protocols http/1.1 spdy/3.1
        client Android 7.0 (native)
        versions 0301 0303
        hello 0303
        suites c02b c02c cca9 c02f c030 cca8 c013 c014 009c 009d 002f 0035
        groups 0017
        signatures 0601 0603 0501 0503 0401 0403 0301 0303 0201 0203
        protocols h2 http/1.1
        client Android 8.1 (native)
        versions 0301 0303
        hello 0303
        suites c02b c02c cca9 c02f c030 cca8 c009 c00a c013 c014 009c 009d 002f 0035
        groups 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601 0201
        client Android 9.0 (native)
        versions 0301 0304
        hello 0303
        suites 0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035 000a
        groups 0a0a 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601 0201
        offers 0a0a 0304 0303 0302 0301
        shares 0a0a 001d
        protocols h2 http/1.1
        client Android 10.0 (native)
        versions 0301 0304
        hello 0303
        suites 0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035 000a
        groups 0a0a 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601 0201
        offers 0a0a 0304 0303 0302 0301
        shares 0a0a 001d
        protocols h2 http/1.1
        client Android 11 (native)
        versions 0301 0304
        hello 0303
        suites 1301 1302 1303 c02b c02c cca9 c02f c030 cca8 c009 c00a c013 c014 009c 009d 002f 0035
        groups 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601 0201
        offers 0304 0303 0302 0301
        shares 001d
        protocols http/1.1
        client Android 12 (native)
        versions 0301 0304
        hello 0303
        suites 1301 1302 1303 c02b c02c cca9 c02f c030 cca8 c009 c00a c013 c014 009c 009d 002f 0035
        groups 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601 0201
        offers 0304 0303 0302 0301
        shares 001d
        protocols http/1.1
        client Chrome 79 (Win 10)
        versions 0301 0304
        hello 0303
        dh 1024
        suites 0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035 000a
        groups 0a0a 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601 0201
        offers 0a0a 0304 0303 0302 0301
        shares 0a0a 001d
        protocols h2 http/1.1
        client Chrome 101 (Win 10)
        versions 0303 0304
        hello 0303
        dh 1024
        sha2 only
        suites 0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035
        groups 0a0a 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601
        offers 0a0a 0304 0303
        shares 0a0a 001d
        protocols h2 http/1.1
        client Firefox 66 (Win 8.1/10)
        versions 0301 0304
        hello 0303
        dh 1023
        suites 1301 1303 1302 c02b c02f cca9 cca8 c02c c030 c00a c009 c013 c014 0033 0039 002f 0035 000a
        groups 001d 0017 0018 0019 0100 0101
        signatures 0403 0503 0603 0804 0805 0806 0401 0501 0601 0203 0201
        offers 0304 0303 0302 0301
        shares 001d 0017
        protocols h2 http/1.1
        client Firefox 100 (Win 10)
        versions 0303 0304
        hello 0303
        dh 1023
        suites 1301 1303 1302 c02b c02f cca9 cca8 c02c c030 c00a c009 c013 c014 009c 009d 002f 0035
        groups 001d 0017 0018 0019 0100 0101
        signatures 0403 0503 0603 0804 0805 0806 0401 0501 0601 0203 0201
        offers 0304 0303
        shares 001d 0017
        protocols h2 http/1.1
        client IE 6 XP
        versions 0200 0300
        hello 0300
        specs 000004 000005 00000a 010080 0700c0 030080 000009 060040 000064 000062 000003 000006 020080 040080 000013
        specs 000012 000063 0000ff
        client IE 8 Win 7
        versions 0300 0301
        hello 0301
        suites 002f 0035 0005 000a c013 c014 c009 c00a 0032 0038 0013 0004
        groups 0017 0018
        client IE 8 XP
        versions 0300 0301
        hello 0301
        name none
        suites 0004 0005 000a 0009 0064 0062 0003 0006 0013 0012 0063
        client IE 11 Win 7
        versions 0301 0303
        hello 0303
        dh 1024
        suites c028 c027 c014 c013 009f 009e 009d 009c 003d 003c 0035 002f c02c c02b c024 c023 c00a c009 006a 0040 0038
        suites 0032 000a 0013
        groups 0017 0018
        signatures 0601 0603 0401 0501 0201 0403 0503 0203 0202
        client IE 11 Win 8.1
        versions 0301 0303
        hello 0303
        dh 1024
        suites c028 c027 c014 c013 009f 009e 0039 0033 009d 009c 003d 003c 0035 002f c02c c02b c024 c023 c00a c009 006a
        suites 0040 0038 0032 000a 0013
        groups 0017 0018
        signatures 0401 0501 0601 0201 0403 0503 0603 0203 0202
        protocols spdy/3 http/1.1
        client IE 11 Win Phone 8.1
        versions 0300 0303
        hello 0303
        suites 003c 002f 003d 0035 000a c027 c013 c014 c02b c023 c02c c024 c009 c00a 0040 0032 006a 0038 0013
        groups 0017 0018
        signatures 0401 0501 0201 0403 0503 0203 0202
        protocols spdy/3 http/1.1
        client IE 11 Win 10
        versions 0301 0303
        hello 0303
        dh 1024
        suites c02c c02b c030 c02f 009f 009e c024 c023 c028 c027 c00a c009 c014 c013 0039 0033 009d 009c 003d 003c 0035
        suites 002f 000a 006a 0040 0038 0032 0013
        groups 0017 0018
        signatures 0401 0501 0201 0403 0503 0203 0202 0601 0603
        protocols h2 http/1.1
        client Edge 15 Win 10
        versions 0301 0303
        hello 0303
        dh 1024
        suites c02c c02b c030 c02f c024 c023 c028 c027 c00a c009 c014 c013 009d 009c 003d 003c 0035 002f 000a
        groups 001d 0017 0018
        signatures 0401 0501 0201 0403 0503 0203 0202 0601 0603
        protocols h2 http/1.1
        client Edge 101 Win 10 21H2
        versions 0303 0304
        hello 0303
        sha2 only
        suites 0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035
        groups 0a0a 001d 0017 0018
        signatures 0403 0804 0401 0503 0805 0501 0806 0601
        offers 0a0a 0304 0303
        shares 0a0a 001d
        protocols h2 http/1.1
        client Safari 12.1 (iOS 12.2)
        versions 0301 0304
        hello 0303
        suites 1303 1301 1302 c02c c02b c024 c023 c00a c009 cca9 c030 c02f c028 c027 c014 c013 cca8 009d 009c 003d 003c
        suites 0035 002f c008 c012 000a
        groups 001d 0017 0018 0019
        signatures 0403 0804 0401 0503 0203 0805 0805 0501 0806 0601 0201
        offers 0304 0303 0302 0301
        shares 001d
        protocols h2 h2-16 h2-15 h2-14 spdy/3.1 spdy/3 http/1.1
        client Safari 13.0 (macOS 10.14.6)
        versions 0301 0304
        hello 0303
        dh 1024
        suites 1303 1301 1302 c02c c02b c024 c023 c00a c009 cca9 c030 c02f c028 c027 c014 c013 cca8 009d 009c 003d 003c
        suites 0035 002f c008 c012 000a
        groups 001d 0017 0018 0019
        signatures 0403 0804 0401 0503 0203 0805 0805 0501 0806 0601 0201
        offers 0304 0303 0302 0301
        shares 001d
        protocols h2 h2-16 h2-15 h2-14 spdy/3.1 spdy/3 http/1.1
        client Safari 15.4 (macOS 12.3.1)
        versions 0301 0304
        hello 0303
        dh 1024
        suites 0a0a 1301 1302 1303 c02c c02b cca9 c030 c02f cca8 c00a c009 c014 c013 009d 009c 0035 002f c008 c012 000a
        groups 0a0a 001d 0017 0018 0019
        signatures 0403 0804 0401 0503 0203 0805 0805 0501 0806 0601 0201
        offers 0a0a 0304 0303 0302 0301
        shares 0a0a 001d
        protocols h2 http/1.1
        client Java 7u25
        versions 0300 0301
        hello 0301
        suites c009 c013 002f c004 c00e 0033 0032 c007 c011 0005 c002 c00c c008 c012 000a c003 c00d 0016 0013 0004 00ff
        groups 0017 0001 0003 0013 0015 0006 0007 0009 000a 0018 000b 000c 0019 000d 000e 000f 0010 0011 0002 0012 0004
        groups 0005 0014 0008 0016
        client Java 8u161
        versions 0301 0303
        hello 0303
        suites c024 c028 003d c026 c02a 006b 006a c00a c014 0035 c005 c00f 0039 0038 c023 c027 003c c025 c029 0067 0040
        suites c009 c013 002f c004 c00e 0033 0032 c02c c02b c030 009d c02e c032 009f 00a3 c02f 009c c02d c031 009e 00a2
        suites c008 c012 000a c003 c00d 0016 0013 00ff
        groups 0017 0018 0019 0009 000a 000b 000c 000d 000e 0016
        signatures 0603 0601 0503 0501 0403 0401 0402 0203 0201 0202
        client Java 11.0.2 (OpenJDK)
        versions 0301 0304
        hello 0303
        dh 1024
        suites 1301 1302 c02c c02b c030 009d c02e c032 009f 00a3 c02f 009c c02d c031 009e 00a2 c024 c028 003d c026 c02a
        suites 006b 006a c00a c014 0035 c005 c00f 0039 0038 c023 c027 003c c025 c029 0067 0040 c009 c013 002f c004 c00e
        suites 0033 0032
        groups 0017 0018 0019 0009 000a 000b 000c 000d 000e 0016 0100 0101 0102 0103 0104
        signatures 0403 0503 0603 0804 0805 0806 0809 080a 080b 0401 0501 0601 0402 0303 0301 0302 0203 0201 0202
        offers 0304 0303 0302 0301
        shares 0017
        client Java 17.0.3 (OpenJDK)
        versions 0301 0304
        hello 0303
        dh 1024
        suites 1302 1301 1303 c02c c02b cca9 c030 cca8 c02f 009f ccaa 009e c024 c028 c023 c027 006b 0067 c00a c014 c009
        suites c013 0039 0033 009d 009c 003d 003c 0035 002f 00ff
        groups 001d 0017 0018 0019 001e 0100 0101 0102 0103 0104
        signatures 0403 0503 0603 0807 0808 0804 0805 0806 0809 080a 080b 0401 0501 0601 0303 0301
        offers 0304 0303
        shares 001d 0017
        client go 1.17.8
        versions 0301 0304
        hello 0303
        dh 1024
        suites c02b c02f c02c c030 cca9 cca8 c009 c013 c00a c014 009c 009d 002f 0035 c012 000a 1301 1302 1303
        groups 001d 0017 0018 0019
        signatures 0804 0403 0807 0805 0806 0401 0501 0601 0503 0603 0201 0203
        offers 0304 0303 0302 0301
        shares 001d
        protocols h2 http/1.1
        client LibreSSL 2.8.3 (Apple)
        versions 0301 0303
        hello 0303
        suites cca9 cca8 ccaa c030 c02c c028 c024 c014 c00a 009f 006b 0039 ff85 00c4 0088 0081 009d 003d 0035 00c0 0084
        suites c02f c02b c027 c023 c013 c009 009e 0067 0033 00be 0045 009c 003c 002f 00ba 0041 c011 c007 0005 0004 c012
        suites c008 0016 000a 00ff
        groups 001d 0017 0018
        signatures 0601 0603 efef 0501 0503 0401 0403 eeee eded 0301 0303 0201 0203
        client OpenSSL 1.0.2e
        versions 0300 0303
        hello 0303
        suites c030 c02c c028 c024 c014 c00a 00a5 00a3 00a1 009f 006b 006a 0069 0068 0039 0038 0037 0036 0088 0087 0086
        suites 0085 c032 c02e c02a c026 c00f c005 009d 003d 0035 0084 c02f c02b c027 c023 c013 c009 00a4 00a2 00a0 009e
        suites 0067 0040 003f 003e 0033 0032 0031 0030 009a 0099 0098 0097 0045 0044 0043 0042 c031 c02d c029 c025 c00e
        suites c004 009c 003c 002f 0096 0041 0007 c011 c007 c00c c002 0005 0004 c012 c008 0016 0013 0010 000d c00d c003
        suites 000a 0015 0012 000f 000c 0009 00ff
        groups 0017 0019 001c 001b 0018 001a 0016 000e 000d 000b 000c 0009 000a
        signatures 0601 0602 0603 0501 0502 0503 0401 0402 0403 0301 0302 0303 0201 0202 0203
        client OpenSSL 1.1.0l (Debian)
        versions 0301 0303
        hello 0303
        suites c02c c030 009f cca9 cca8 ccaa c02b c02f 009e c024 c028 006b c023 c027 0067 c00a c014 0039 c009 c013 0033
        suites 009d 009c 003d 003c 0035 002f 00ff
        groups 001d 0017 0019 0018
        signatures 0601 0602 0603 0501 0502 0503 0401 0402 0403 0301 0302 0303 0201 0202 0203
        client OpenSSL 1.1.1d (Debian)
        versions 0301 0304
        hello 0303
        sha2 only
        suites 1302 1303 1301 c02c c030 009f cca9 cca8 ccaa c02b c02f 009e c024 c028 006b c023 c027 0067 c00a c014 0039
        suites c009 c013 0033 009d 009c 003d 003c 0035 002f 00ff
        groups 001d 0017 001e 0019 0018
        signatures 0403 0503 0603 0807 0808 0809 080a 080b 0804 0805 0806 0401 0501 0601 0303 0301 0302 0402 0502 0602
        offers 0304 0303
        shares 001d
        client OpenSSL 3.0.3 (git)
        versions 0301 0304
        hello 0303
        sha2 only
        suites 1302 1303 1301 c02c c030 009f cca9 cca8 ccaa c02b c02f 009e c024 c028 006b c023 c027 0067 c00a c014 0039
        suites c009 c013 0033 009d 009c 003d 003c 0035 002f 00ff
        groups 001d 0017 001e 0019 0018 0100 0101 0102 0103 0104
        signatures 0403 0503 0603 0807 0808 0809 080a 080b 0804 0805 0806 0401 0501 0601 0303 0301 0302 0402 0502 0602
        offers 0304 0303 0302 0301
        shares 001d
        client Apple Mail (16.0)
        versions 0301 0303
        hello 0303
        suites 00ff c02c c02b c024 c023 c00a c009 c008 c030 c02f c028 c027 c014 c013 c012 009d 009c 003d 003c 0035 002f
        suites 000a
        groups 0017 0018 0019
        signatures 0401 0201 0501 0601 0403 0203 0503 0603
        client Thunderbird (91.9)
        versions 0303 0304
        hello 0303
        suites 1301 1303 1302 c02b c02f cca9 cca8 c02c c030 c00a c009 c013 c014 009c 009d 002f 0035 000a
        groups 001d 0017 0018 0019 0100 0101
        signatures 0403 0503 0603 0804 0805 0806 0401 0501 0601 0203 0201
        offers 0304 0303
        shares 001d 0017
        """
}
