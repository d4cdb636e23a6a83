public import Base
internal import Glibc
internal import Synchronization

/// The addresses of the lab; private ones that nothing outside the machine routes to it.
public struct LabAddresses: Sendable, Hashable {
    /// What the names of links, namespaces, rules and control groups begin with; at most nine letters.
    public var prefix = "apus"
    /// The node's own address, the pods' gateway.
    public var node = IPAddress(10, 244, 0, 1)
    /// Pods get addresses from 2 to 254 of this /24.
    public var podNetwork = IPAddress(10, 244, 0, 0)
    /// Services get addresses of this /16.
    public var serviceNetwork = IPAddress(10, 96, 0, 0)
    public var dnsService = IPAddress(10, 96, 0, 10)
    /// Services of type `LoadBalancer` get addresses of this /24.
    public var externalNetwork = IPAddress(10, 97, 0, 0)

    public init() {}

    /// The addresses of Services, inside and outside.
    var serviceNetworks: [String] { ["\(serviceNetwork)/16", "\(externalNetwork)/24"] }
    /// Whether a Service of type `LoadBalancer` may have this address.
    func isExternal(_ address: IPAddress) -> Bool {
        !address.isIPv6 && address.ipv4 & 0xffff_ff00 == externalNetwork.ipv4
    }

    var bridge: String { "\(prefix)0" }
    var namespacePrefix: String { "\(prefix)-" }
    /// The nftables table, with its family.
    var table: String { "ip \(prefix)-lab" }
    /// The control group below which all containers run, seen from each hierarchy's root.
    var cgroup: String { "/\(prefix)-lab" }
}

/// Hands out the pods' addresses, each to one pod at a time, the longest unused first.
struct AddressPool: Sendable {
    private var free: [IPAddress]
    private var owners: [IPAddress: String] = [:]

    /// - Parameter network: A /24; `.0`, `.1` (the node) and `.255` are left out.
    init(network: IPAddress) { free = (2...254).map { IPAddress(ipv4: network.ipv4 + $0) } }

    /// An address for `owner`: the one it has, the one it asks for if that is free, or any.
    mutating func take(for owner: String, preferred: IPAddress? = nil) -> IPAddress? {
        if let own = owners.first(where: { $0.value == owner })?.key { return own }
        var address: IPAddress?
        if let preferred, let index = free.firstIndex(of: preferred) { address = free.remove(at: index) }
        guard let address = address ?? (free.isEmpty ? nil : free.removeFirst()) else { return nil }
        owners[address] = owner
        return address
    }

    mutating func release(_ owner: String) {
        for (address, holder) in owners where holder == owner {
            owners[address] = nil
            free.append(address)
        }
    }
}

/// Makes the bridge, and a network namespace with one leg on it for each pod.
///
/// A pod's address is a /32 whose only neighbour is the node, so that all its traffic, also to other pods, is routed by
/// the node and passes the rules for Services; on a plain bridge the answers would go around them. Where the kernel
/// filters bridges (`br_netfilter`) it answers a pod that calls itself through a Service on the leg the call came from,
/// which a bridge does only with `hairpin`.
final class PodNetwork: Sendable {
    let addresses: LabAddresses
    private let pool: Mutex<AddressPool>

    private let forwardingRecord: String

    /// - Parameter forwardingRecord: The file that remembers how the kernel's forwarding stood before.
    init(_ addresses: LabAddresses, forwardingRecord: String) {
        self.addresses = addresses
        self.forwardingRecord = forwardingRecord
        pool = Mutex(AddressPool(network: addresses.podNetwork))
    }

    static let namespaceDirectory = "/run/netns"

    private func namespaceName(_ podUID: String) -> String { addresses.namespacePrefix + podUID }
    func namespacePath(_ podUID: String) -> String { "\(Self.namespaceDirectory)/\(namespaceName(podUID))" }

    /// An interface name has at most 15 characters.
    private func linkName(_ address: IPAddress) -> String { "\(addresses.namespacePrefix)\(address.ipv4 & 0xff)" }

    /// Makes the bridge and switches on forwarding; removes what an earlier run left.
    func begin() async throws {
        await Self.removeNamespaces(addresses)
        let (bridge, node) = (addresses.bridge, addresses.node)
        await tryProgram("ip", "link", "delete", bridge)
        try await runProgram(
            "ip",
            "-batch",
            "-",
            input: """
                link add \(bridge) type bridge
                link set \(bridge) addrgenmode none
                address add \(node)/24 dev \(bridge)
                link set \(bridge) up
                \(addresses.serviceNetworks.map { "route append \($0) dev \(bridge)" }.joined(separator: "\n"))

                """
        )
        try Forwarding(recordPath: forwardingRecord).begin()
        try Forwarding.set("conf/\(bridge)/send_redirects", "0")
    }

    /// Takes away all links and namespaces.
    static func end(_ addresses: LabAddresses, forwardingRecord: String) async {
        Forwarding(recordPath: forwardingRecord).end()
        await removeNamespaces(addresses)
        await tryProgram("ip", "link", "delete", addresses.bridge)
    }

    private static func removeNamespaces(_ addresses: LabAddresses) async {
        for name in FilePath.entries(of: namespaceDirectory) where name.hasPrefix(addresses.namespacePrefix) {
            await removeNamespace(name)
        }
    }

    private static func removeNamespace(_ name: String) async {
        // The leg goes with its namespace, but only some time later: the name would be taken until then.
        await tryProgram("ip", "-n", name, "link", "delete", "eth0")
        await tryProgram("ip", "netns", "delete", name)
    }

    /// Makes the namespace of a pod.
    ///
    /// - Returns: The pod's address.
    func add(podUID: String) async throws -> IPAddress {
        guard let address = pool.withLock({ $0.take(for: podUID) }) else {
            throw MeshError(.unavailable, "no pod address is free: delete some of the 253 pods of this node")
        }
        let (name, link) = (namespaceName(podUID), linkName(address))
        await Self.removeNamespace(name)
        do {
            try await runProgram("ip", "netns", "add", name)
            try await runProgram(
                "ip",
                "-batch",
                "-",
                input: """
                    link add \(link) type veth peer name eth0 netns \(name)
                    link set \(link) master \(addresses.bridge) up
                    link set \(link) type bridge_slave hairpin on

                    """
            )
            try await runProgram(
                "ip",
                "-n",
                name,
                "-batch",
                "-",
                input: """
                    link set lo up
                    link set eth0 addrgenmode none
                    address add \(address)/32 dev eth0
                    link set eth0 up
                    route add \(addresses.node) dev eth0 scope link
                    route add default via \(addresses.node)

                    """
            )
        } catch {
            await remove(podUID: podUID)
            throw error
        }
        return address
    }

    /// Takes the namespace of a pod away and frees its address.
    func remove(podUID: String) async {
        await Self.removeNamespace(namespaceName(podUID))
        pool.withLock { $0.release(podUID) }
    }
}
