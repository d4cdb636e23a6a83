import Base
import Discovery
import Synchronization
import Testing

@testable import Proxy

@Suite struct NameResolutionTests {
    /// What names resolve to, which a test can change.
    private final class Zone: Sendable {
        private let answers = Mutex<[String: [IPAddress]]>([:])

        subscript(name: String) -> [IPAddress]? {
            get { answers.withLock { $0[name] } }
            set { answers.withLock { $0[name] = newValue } }
        }

        func lookUp(_ name: String) throws -> [IPAddress] {
            guard let addresses = self[name] else { throw MeshError(.notFound, "no such host: \(name)") }
            return addresses
        }
    }

    private let zone = Zone()

    private func destination(_ addresses: String...) -> Destination {
        var destination = Destination(name: "d", host: "example.com", port: 80, application: .http)
        destination.endpoints = addresses.map {
            .init(address: $0, port: 80, tls: .plaintext, reason: "outside the mesh")
        }
        return destination
    }

    private func addresses(_ resolution: NameResolution, _ destination: Destination) -> [String] {
        resolution.resolved(destination).endpoints.map(\.address)
    }

    @Test func `names become all their addresses, and addresses stay`() async throws {
        let resolution = NameResolution { [zone] in try zone.lookUp($0) }
        zone["example.com"] = [try #require(IPAddress("192.0.2.2")), try #require(IPAddress("192.0.2.1"))]
        let destination = destination("example.com", "198.51.100.1")
        #expect(addresses(resolution, destination) == ["198.51.100.1"])
        await resolution.prepare(NameResolution.names(in: .destination(destination)))
        #expect(addresses(resolution, destination) == ["192.0.2.1", "192.0.2.2", "198.51.100.1"])
    }

    @Test func `IPv6 is left out where there is IPv4`() async throws {
        let resolution = NameResolution { [zone] in try zone.lookUp($0) }
        zone["both"] = [try #require(IPAddress("2001:db8::1")), try #require(IPAddress("192.0.2.1"))]
        zone["six"] = [try #require(IPAddress("2001:db8::1"))]
        await resolution.prepare(["both", "six"])
        #expect(addresses(resolution, destination("both", "six")) == ["192.0.2.1", "2001:db8::1"])
    }

    @Test func `only other addresses are a change, and an answer in another order is none`() async throws {
        let resolution = NameResolution { [zone] in try zone.lookUp($0) }
        let (one, two) = (try #require(IPAddress("192.0.2.1")), try #require(IPAddress("192.0.2.2")))
        zone["a"] = [one, two]
        #expect(await resolution.refresh(["a"]))
        zone["a"] = [two, one]
        #expect(await !resolution.refresh(["a"]))
        zone["a"] = [two]
        #expect(await resolution.refresh(["a"]))
    }

    @Test func `the last addresses stay when a name cannot be found any more`() async throws {
        let resolution = NameResolution { [zone] in try zone.lookUp($0) }
        zone["a"] = [try #require(IPAddress("192.0.2.1"))]
        await resolution.prepare(["a"])
        zone["a"] = nil
        #expect(await !resolution.refresh(["a"]))
        #expect(addresses(resolution, destination("a")) == ["192.0.2.1"])
    }

    @Test func `names that nobody needs are forgotten`() async throws {
        let resolution = NameResolution { [zone] in try zone.lookUp($0) }
        zone["a"] = [try #require(IPAddress("192.0.2.1"))]
        await resolution.prepare(["a"])
        _ = await resolution.refresh([])
        #expect(addresses(resolution, destination("a")).isEmpty)
    }
}
