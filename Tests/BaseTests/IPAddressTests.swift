import Testing

@testable import Base

@Suite struct IPAddressTests {
    @Test(arguments: ["0.0.0.0", "127.0.0.6", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::ff:1"])
    func `prints what it reads`(text: String) {
        #expect(IPAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..2.3", "1.2.3.4 ", "[::1]", ":", "1::2::3",
        "fe80::1%eth0",
        "::1\0x", "1.2.3.4\0", "localhost",
    ])
    func `refuses what is no address`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `a mapped address can be unmapped`() {
        #expect(IPAddress("::ffff:10.244.0.1")?.unmapped == IPAddress("10.244.0.1"))
        #expect(IPAddress("2001:db8::1")?.unmapped == IPAddress("2001:db8::1"))
    }

    @Test func `octets are in network order`() {
        #expect(IPAddress("10.0.0.1")?.octets == [10, 0, 0, 1])
        #expect(IPAddress("::1")?.octets == Array(repeating: 0, count: 15) + [1])
    }

    @Test(arguments: ["10.0.0.1:80", "[::1]:65535", "0.0.0.0:0"]) func `socket addresses round-trip`(text: String) {
        #expect(SocketAddress(text)?.description == text)
    }

    @Test(arguments: ["10.0.0.1", "::1:80", "[10.0.0.1]:80", "10.0.0.1:65536", "10.0.0.1:+8", "10.0.0.1:", "a:80"])
    func `what is no socket address is refused`(text: String) {
        #expect(SocketAddress(text) == nil)
    }
}
