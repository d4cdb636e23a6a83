internal import Base
internal import JSON
internal import Kubernetes
internal import Synchronization

/// Keeps the kernel's rules and the DNS in step with Services and their endpoints.
final class ServiceNetwork: Sendable {
    private let api: any KubernetesAPI
    private let configuration: NodeConfiguration
    private let zone: Mutex<DNSZone>
    private let log = Log("network")

    init(_ api: any KubernetesAPI, _ configuration: NodeConfiguration) {
        self.api = api
        self.configuration = configuration
        zone = Mutex(
            DNSZone(ServiceTable(services: [], slices: [], endpoints: []), domain: configuration.clusterDomain)
        )
    }

    /// The names as they are now.
    var currentZone: DNSZone { zone.withLock { $0 } }

    /// Takes the rules away.
    static func end(_ addresses: LabAddresses) async {
        await tryProgram("nft", "delete table \(addresses.table)")
    }

    /// Writes the rules, as yet without any Service.
    func begin() async throws {
        try await runProgram("nft", "-f", "-", input: ServiceRules(addresses: configuration.addresses).foundation)
    }

    /// Follows the API until the task is cancelled.
    func run() async throws {
        var rules = ServiceRules(addresses: configuration.addresses)
        let informers = [ResourceType.services, .endpointSlices, .endpoints].map { Informer(api, $0) }
        let feed = ChangeFeed()
        for informer in informers { informer.report(to: feed) }
        await withDiscardingTaskGroup { group in
            for informer in informers { group.addTask { await informer.run() } }
            while await feed.next() != nil {
                let table = ServiceTable(
                    services: informers[0].objects,
                    slices: informers[1].objects,
                    endpoints: informers[2].objects
                )
                zone.withLock { $0 = DNSZone(table, domain: configuration.clusterDomain) }
                await apply(table.rules(configuration.addresses), to: &rules)
            }
            group.cancelAll()
        }
    }

    private func apply(_ new: [ServiceRule.Frontend: ServiceRule], to rules: inout ServiceRules) async {
        var next = rules
        let script = next.change(to: new)
        if script.isEmpty { return }
        do {
            try await runProgram("nft", "-f", "-", input: script)
            rules = next
        } catch {
            // Somebody else may have changed the table: write all of it anew.
            log.warn("Service rules could not be changed, writing all of them: \(error)")
            var fresh = ServiceRules(addresses: configuration.addresses)
            let everything = fresh.foundation + fresh.change(to: new)
            do {
                try await runProgram("nft", "-f", "-", input: everything)
                rules = fresh
            } catch {
                log.error("Service rules could not be written: \(error)")
            }
        }
    }
}
