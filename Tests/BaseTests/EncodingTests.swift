import Base
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
    ])
    func `base64 agrees with RFC 4648`(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decode(Base64.encodeURL(Array(plain.utf8))) == Array(plain.utf8))
    }

    @Test(arguments: ["Z", "Zg=", "Zg===", "Z=g=", "Zg==Zg==", "Zm9v!"])
    func `what is not base64 is refused`(text: String) { #expect(Base64.decode(text) == nil) }

    @Test func `hexadecimal digits go both ways`() {
        #expect(Hex.encode([0, 0xab, 0xff]) == "00abff")
        #expect(Hex.decode("00ABff") == [0, 0xab, 0xff])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("0g") == nil)
    }
}
