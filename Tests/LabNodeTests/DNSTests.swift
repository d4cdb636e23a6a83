import Base
import JSON
import Kubernetes
import Testing

@testable import LabNode

@Suite struct DNSMessageTests {
    /// A query for `name`, as a resolver writes it.
    static func query(_ name: String, type: UInt16 = 1, edns: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]
        bytes += DNSRecord.encode(name) + DNSRecord.encode(type) + DNSRecord.encode(UInt16(1))
        if edns { bytes += [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0] }
        return bytes
    }

    @Test func `reads a query, whatever its case`() throws {
        let query = try DNSQuery(parsing: Self.query("HTTPBin.foo.svc.cluster.local", type: 28, edns: true))
        #expect(query.name == "httpbin.foo.svc.cluster.local")
        #expect(query.type == 28)
        #expect(query.payloadLimit == 4096)
        #expect(query.identifier == 0xabcd)
    }

    @Test func `no beginning of a query is one`() {
        let whole = Self.query("httpbin.foo")
        for count in 0..<whole.count {
            #expect(throws: DNSQuery.Problem.self) { try DNSQuery(parsing: Array(whole[..<count])) }
        }
    }

    @Test func `answers, loops of pointers and other requests are refused`() {
        var answer = Self.query("a")
        answer[2] |= 0x80
        #expect(throws: DNSQuery.Problem.unanswerable) { try DNSQuery(parsing: answer) }
        var pointer = Self.query("a")
        pointer[12] = 0xc0
        pointer[13] = 12
        #expect(throws: DNSQuery.Problem.malformed(identifier: 0xabcd)) { try DNSQuery(parsing: pointer) }
        var update = Self.query("a")
        update[2] = 5 << 3
        #expect(throws: DNSQuery.Problem.notImplemented(identifier: 0xabcd)) { try DNSQuery(parsing: update) }
        let long = Self.query(Array(repeating: String(repeating: "x", count: 63), count: 5).joined(separator: "."))
        #expect(throws: DNSQuery.Problem.malformed(identifier: 0xabcd)) { try DNSQuery(parsing: long) }
    }

    @Test func `an answer that is too long is cut and says so`() throws {
        let query = try DNSQuery(parsing: Self.query("a"))
        let many = DNSAnswer(answers: (0..<100).map { .init(record: .address(IPAddress(10, 0, 0, UInt8($0)))) })
        let bytes = many.bytes(for: query, limit: 512)
        #expect(bytes.count < 512)
        #expect(bytes[2] & 2 != 0)
        #expect(many.bytes(for: query, limit: 65_535).count > 1600)
    }
}

@Suite struct DNSZoneTests {
    private let zone: DNSZone = {
        let services: [JSON] = [
            [
                "metadata": ["name": "web", "namespace": "foo"],
                "spec": ["clusterIP": "10.96.1.2", "ports": [["name": "http", "port": 80, "protocol": "TCP"]]],
            ],
            [
                "metadata": ["name": "db", "namespace": "foo"],
                "spec": ["clusterIP": "None", "ports": [["name": "sql", "port": 5432, "protocol": "TCP"]]],
            ],
            [
                "metadata": ["name": "alias", "namespace": "foo"],
                "spec": ["type": "ExternalName", "externalName": "web.foo.svc.cluster.local"],
            ],
        ]
        let slice: JSON = [
            "metadata": ["name": "db-1", "namespace": "foo", "labels": ["kubernetes.io/service-name": "db"]],
            "addressType": "IPv4", "ports": [["name": "sql", "port": 5433]],
            "endpoints": [
                ["addresses": ["10.244.0.5"], "hostname": "db-0", "conditions": ["ready": true]],
                ["addresses": ["10.244.0.6"], "conditions": ["ready": false]],
            ],
        ]
        return DNSZone(ServiceTable(services: services, slices: [slice], endpoints: []), domain: "cluster.local")
    }()

    private func records(_ name: String, _ type: UInt16 = 1) -> [DNSRecord]? {
        zone.answer(name: name, type: type)?.answers.map(\.record)
    }

    @Test(arguments: [
        ("web.foo.svc.cluster.local", "10.96.1.2"), ("db.foo.svc.cluster.local", "10.244.0.5"),
        ("db-0.db.foo.svc.cluster.local", "10.244.0.5"), ("10-1-2-3.foo.pod.cluster.local", "10.1.2.3"),
    ])
    func `has the address of Services, of ready pods behind headless ones, and of pods`(name: String, address: String) {
        #expect(records(name) == [.address(IPAddress(address) ?? .any)])
    }

    @Test(arguments: [
        "nobody.foo.svc.cluster.local", "web.bar.svc.cluster.local", "x.web.foo.svc.cluster.local",
        "web.foo.svc.cluster.local.foo.svc.cluster.local", "foo.cluster.local", "_http._udp.web.foo.svc.cluster.local",
    ])
    func `says at once that a name does not exist`(name: String) {
        #expect(zone.answer(name: name, type: 1)?.code == .noSuchName)
    }

    @Test func `a name without a record of the type exists all the same`() {
        let answer = zone.answer(name: "web.foo.svc.cluster.local", type: 28)
        #expect(answer?.code == .noError)
        #expect(answer?.answers.isEmpty == true)
        #expect(answer?.authority.count == 1)
    }

    @Test func `tells ports, names and aliases`() {
        #expect(
            records("_http._tcp.web.foo.svc.cluster.local", 33)
                == [.service(priority: 0, weight: 100, port: 80, target: "web.foo.svc.cluster.local")]
        )
        #expect(
            records("_sql._tcp.db.foo.svc.cluster.local", 33)
                == [.service(priority: 0, weight: 100, port: 5433, target: "db-0.db.foo.svc.cluster.local")]
        )
        #expect(records("2.1.96.10.in-addr.arpa", 12) == [.pointer("web.foo.svc.cluster.local")])
        #expect(records("alias.foo.svc.cluster.local")?.last == .address(IPAddress(10, 96, 1, 2)))
    }

    @Test func `leaves other names to others`() {
        #expect(zone.answer(name: "example.com", type: 1) == nil)
        #expect(zone.answer(name: "1.0.0.127.in-addr.arpa", type: 12) == nil)
    }
}
