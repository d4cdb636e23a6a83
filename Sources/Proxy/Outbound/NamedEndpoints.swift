internal import Base
internal import Discovery

/// The endpoints of a destination that is wherever the name that a client asks for leads (ServiceEntry DYNAMIC_DNS, and
/// DNS for a host with a wildcard).
final class NamedEndpoints {
    private struct Key: Hashable {
        var name: String
        var address: IPAddress
    }

    /// The host that names must be within, such as `*.example.com`.
    let pattern: String
    private let make: (IPAddress, _ name: String) -> EndpointPool
    private var pools: [Key: EndpointPool] = [:]
    private var turn = 0

    /// Clients choose the names: when there are so many endpoints, those that serve nobody go.
    static let most = 256

    init(_ pattern: String, make: @escaping (IPAddress, _ name: String) -> EndpointPool) {
        (self.pattern, self.make) = (pattern, make)
    }

    var count: Int { pools.count }
    var load: Int { pools.values.reduce(0) { $0 + $1.load } }

    /// Whether clients may ask for that name, which is in lower case.
    func covers(_ name: String) -> Bool {
        guard pattern.hasPrefix("*") else { return name == pattern }
        return name.utf8.count >= pattern.utf8.count && name.hasSuffix(pattern.dropFirst())
    }

    /// One of the endpoints of that name, each in its turn.
    ///
    /// - Parameters:
    ///   - addresses: Of the name, at least one.
    ///   - failed: An endpoint to avoid when there is another.
    func pick(_ name: String, _ addresses: [IPAddress], avoiding failed: EndpointPool? = nil) -> EndpointPool {
        turn &+= 1
        var address = addresses[turn % addresses.count]
        if let failed, address == failed.address.ip { address = addresses[(turn + 1) % addresses.count] }
        let key = Key(name: name, address: address)
        if let known = pools[key] { return known }
        if pools.count >= Self.most { dropUnused() }
        let pool = make(address, name)
        pools[key] = pool
        return pool
    }

    private func dropUnused() {
        let surplus = pools.values.filter { $0.load == 0 }
        pools = pools.filter { $0.value.load > 0 }
        for pool in surplus { pool.retire() }
    }

    func retire() {
        let pools = pools
        self.pools = [:]
        for pool in pools.values { pool.retire() }
    }
}
