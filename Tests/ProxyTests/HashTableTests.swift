import Discovery
import Testing

@testable import Proxy

@Suite struct HashTableTests {
    static let names = (1...5).map { "10.0.0.\($0):80" }
    static let affinities: [Destination.Affinity] = {
        var ring = Destination.Affinity(.sourceAddress)
        ring.ringSize = 1024
        var table = ring
        table.tableSize = 65537
        return [ring, table]
    }()
    static let keys = (0..<5000).map { HashTable.hash("user-\($0)".utf8) }

    static func owners(_ affinity: Destination.Affinity, _ names: [String], weights: [Int]? = nil) -> [String?] {
        let table = HashTable(affinity, names: names, weights: weights ?? names.map { _ in 1 })
        return keys.map { table.endpoint(for: $0) { _ in true }.map { names[$0] } }
    }

    @Test(arguments: affinities) func `all share alike, or by weight`(affinity: Destination.Affinity) {
        let counts = Self.owners(affinity, Self.names).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        #expect(counts.count == 5 && counts.values.allSatisfy { (600...1500).contains($0) })
        let weighted = Self.owners(affinity, Self.names, weights: [6, 1, 1, 1, 1])
        #expect((2000...4000).contains(weighted.count { $0 == Self.names[0] }))
    }

    @Test(arguments: affinities) func `the order of endpoints does not matter`(affinity: Destination.Affinity) {
        #expect(Self.owners(affinity, Self.names) == Self.owners(affinity, Self.names.reversed()))
    }

    @Test(arguments: affinities) func `when an endpoint goes, few others get new clients`(
        affinity: Destination.Affinity
    ) {
        let before = Self.owners(affinity, Self.names)
        let after = Self.owners(affinity, Array(Self.names.dropLast()))
        let moved = zip(before, after).count { $0 != $1 && $0 != Self.names[4] }
        // The others get more points each, and with them some clients.
        #expect(moved < Self.keys.count / 5)
    }

    @Test(arguments: affinities) func `who is not accepted is passed over, the same way each time`(
        affinity: Destination.Affinity
    ) {
        let table = HashTable(affinity, names: Self.names, weights: [1, 1, 1, 1, 1])
        for key in Self.keys.prefix(200) {
            let first = table.endpoint(for: key) { _ in true }
            let second = table.endpoint(for: key) { $0 != first }
            #expect(second != nil && second != first && second == table.endpoint(for: key) { $0 != first })
        }
        #expect(table.endpoint(for: 7) { _ in false } == nil)
    }

    @Test(arguments: affinities) func `there may be no endpoint, or one`(affinity: Destination.Affinity) {
        #expect(HashTable(affinity, names: [], weights: []).endpoint(for: 7) { _ in true } == nil)
        #expect(HashTable(affinity, names: ["a"], weights: [0]).endpoint(for: .max) { _ in true } == 0)
    }
}
