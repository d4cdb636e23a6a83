import Base
import Testing

@Suite struct HostPortTests {
    @Test(arguments: [
        ("example.com:443", "example.com", 443), ("192.0.2.1:80", "192.0.2.1", 80),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
    ])
    func `a host and a port are read and written`(text: String, host: String, port: UInt16) throws {
        let address = try #require(HostPort(text))
        #expect(address == HostPort(host: host, port: port) && address.description == text)
    }

    @Test(arguments: ["", "a", ":80", "a:", "a:0", "a:65536", "a:+80", "a:-1", "a:٣", "::1:80", "[]:80", "a:b:80"])
    func `anything else is none`(text: String) { #expect(HostPort(text) == nil) }
}
