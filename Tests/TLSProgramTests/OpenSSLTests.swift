import Base
import Subprocess
import Testing

/// What openssl's own client and curl see of our server.
@Suite struct OpenSSLTests {
    private let files: Files

    init() async throws { files = try await Files() }

    private func connect(_ address: String, _ options: String, input: String = "Q\n") async throws -> String {
        try await files.shell("openssl s_client -connect \(address) \(options) 2>&1", input: input)
    }

    @Test func `renegotiation is refused`() async throws {
        let output = try await Server.run(files.rsa) { try await connect($0, "-tls1_2", input: "R\n") }
        #expect(output.contains("RENEGOTIATING"))
        #expect(output.contains("no renegotiation"), "\(output)")
        #expect(output.contains("Secure Renegotiation IS supported"))
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func `a staple is delivered to those who ask`(
        version: String
    ) async throws {
        try await files.shell(
            """
            printf 'V\\t491231235959Z\\t\\t07\\tunknown\\t/CN=a.example.com\\n' >index.txt
            openssl ocsp -issuer root.crt -cert rsa.crt -reqout request.der -no_nonce
            openssl ocsp -index index.txt -CA root.crt -rsigner root.crt -rkey root.key -reqin request.der \\
                -respout staple.der -ndays 1
            """
        )
        let flags = files.rsa + ["--staple", "\(files.path)/staple.der"]
        let (asking, silent) = try await Server.run(flags) { address in
            (
                try await connect(address, "\(version) -status -servername a.example.com"),
                try await connect(address, "\(version) -servername a.example.com")
            )
        }
        #expect(asking.contains("OCSP Response Status: successful"), "\(asking)")
        #expect(asking.contains("Cert Status: good"))
        #expect(!silent.contains("OCSP Response Status"))
    }

    @Test func `a staple for another certificate keeps the server from starting`() async throws {
        try await files.shell(
            """
            printf 'V\\t491231235959Z\\t\\t08\\tunknown\\t/CN=b.example.com\\n' >index.txt
            openssl req -newkey rsa:2048 -nodes -subj /CN=b.example.com -keyout b.key -out b.csr
            openssl x509 -req -days 2 -CA root.crt -CAkey root.key -set_serial 8 -in b.csr -out b.crt
            openssl ocsp -issuer root.crt -cert b.crt -reqout request.der -no_nonce
            openssl ocsp -index index.txt -CA root.crt -rsigner root.crt -rkey root.key -reqin request.der \\
                -respout staple.der -ndays 1
            """
        )
        let flags = files.rsa + ["--staple", "\(files.path)/staple.der"]
        let error = await #expect(throws: MeshError.self) { try await Server.run(flags) { _ in } }
        #expect(error?.description.contains("OCSP staple is not about") == true)
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func `a session serves the name it was made for, and no other`(
        version: String
    ) async throws {
        // Reads the answer first: with TLS 1.3 the ticket comes with it.
        let request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"
        try await Server.run(files.rsa) { address in
            for (number, name) in ["a.example.com", "A.Example.com", "b.example.com"].enumerated() {
                let session = number == 0 ? "-sess_out session.pem" : "-sess_in session.pem"
                let output = try await connect(
                    address,
                    "\(version) -servername \(name) -ign_eof \(session)",
                    input: request
                )
                #expect(output.contains("resumed \(number == 1)"), "\(name): \(output)")
            }
        }
    }

    @Test func `clients get the certificate they can read`() async throws {
        try await Server.run(files.rsa + files.ecdsa) { address in
            let modern = try await connect(address, "-servername a.example.com")
            #expect(modern.contains("Peer signature type: ECDSA"))
            for options in ["-sigalgs RSA-PSS+SHA256:RSA+SHA256", "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256"] {
                #expect(try await connect(address, options).contains("Peer signature type: RSA"), "\(options)")
            }
        }
    }

    @Test func `TLS 1.0 is spoken only where it is asked for and a suite permits it`() async throws {
        let old = ["--minProtocolVersion", "TLSV1_0"]
        let suites = ["--cipherSuites", "ECDHE-RSA-AES128-SHA,AES128-SHA"]
        let options = "-tls1 -cipher ALL:@SECLEVEL=0"
        for (flags, isAccepted) in [(old + suites, true), (old, false), (suites, false), ([], false)] {
            let output = try await Server.run(files.rsa + flags) { try await connect($0, options) }
            #expect(output.contains("Cipher is ECDHE-RSA-AES128-SHA") == isAccepted, "\(flags): \(output)")
        }
    }

    @Test func `no list of suites brings suites without certificates`() async throws {
        let flags = files.rsa + ["--minProtocolVersion", "TLSV1_0", "--cipherSuites", "ALL"]
        let output = try await Server.run(flags) { try await connect($0, "-tls1_2 -cipher aNULL:eNULL:@SECLEVEL=0") }
        #expect(output.contains("Cipher is (NONE)"), "\(output)")
    }
}
