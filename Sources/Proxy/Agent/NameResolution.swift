internal import Base
internal import Discovery
internal import Network
internal import Synchronization

/// Finds the addresses of endpoints that are given by a host's name, and looks again from time to time (ServiceEntry DNS).
///
/// The workers never see such a name: ``resolved(_:)`` puts addresses in its place. When a name cannot be found any more, its
/// last addresses stay in use.
final class NameResolution: Sendable {
    /// How often names are looked up again (Istio's `dnsRefreshRate` is 60 s; this follows changes sooner).
    static let interval: Duration = .seconds(5)
    /// How long a new name may keep configuration waiting.
    static let patience: Duration = .seconds(2)
    /// Addresses of one name at most.
    private static let mostAddresses = 16

    private let known = Mutex<[String: [IPAddress]]>([:])
    private let lookUp: @Sendable (String) async throws -> [IPAddress]
    private let log = Log("dns")

    init(
        lookUp: @escaping @Sendable (String) async throws -> [IPAddress] = { try await HostResolver.addresses(of: $0) }
    ) {
        self.lookUp = lookUp
    }

    /// The names among a destination's endpoints.
    static func names(in resource: Resource) -> [String] {
        guard case .destination(let destination) = resource, !destination.resolvesRequestedHost else { return [] }
        return destination.endpoints.map(\.address).filter { IPAddress($0) == nil }
    }

    /// The destination with addresses instead of names; an endpoint whose name is not known yet is left out.
    func resolved(_ destination: Destination) -> Destination {
        guard !destination.resolvesRequestedHost,
            destination.endpoints.contains(where: { IPAddress($0.address) == nil })
        else { return destination }
        var result = destination
        result.endpoints = known.withLock { known in
            destination.endpoints.flatMap { endpoint in
                if IPAddress(endpoint.address) != nil { return [endpoint] }
                return (known[endpoint.address] ?? []).map { address in
                    var found = endpoint
                    found.address = address.description
                    return found
                }
            }
        }
        return result
    }

    /// Looks up names that are new, all at once.
    func prepare(_ names: [String]) async {
        let new = known.withLock { known in Set(names).filter { known[$0] == nil } }
        if !new.isEmpty { _ = await find(new) }
    }

    /// Looks up again all of `names`, and forgets all others.
    ///
    /// - Returns: Whether any has other addresses now.
    func refresh(_ names: Set<String>) async -> Bool {
        known.withLock { known in known = known.filter { names.contains($0.key) } }
        return await find(names)
    }

    private func find(_ names: Set<String>) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for name in names { group.addTask { await self.find(name) } }
            return await group.reduce(false) { $0 || $1 }
        }
    }

    private func find(_ name: String) async -> Bool {
        do {
            let found = try await withTimeLimit(Self.patience, "looking up \(name)") { [lookUp] in
                try await lookUp(name)
            }
            // As Istio: where a name has both kinds, the kind that every pod can reach.
            let reachable = found.contains { !$0.isIPv6 } ? found.filter { !$0.isIPv6 } : found
            // In one order, so that the same answer in another order changes nothing.
            let addresses = Array(reachable.sorted { $0.description < $1.description }.prefix(Self.mostAddresses))
            return known.withLock { known in
                defer { known[name] = addresses }
                return known[name] != addresses
            }
        } catch {
            let isNew = known.withLock { $0[name] == nil }
            if isNew { log.warn("endpoint \(name) has no address, and nothing is sent to it: \(error)") }
            return false
        }
    }
}
