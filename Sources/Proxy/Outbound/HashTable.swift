internal import Discovery

/// Finds the endpoint that a hash belongs to, so that few hashes change their endpoint when endpoints come and go.
///
/// A ring (Karger et al.) or a table (Eisenbud et al., Maglev §3.4). Which hash leads where depends on the endpoints'
/// names alone: all workers and all proxies agree.
struct HashTable {
    /// Ascending, for a ring; empty for a table.
    private var points: [UInt64] = []
    private var owners: [Int32] = []

    /// - Parameters:
    ///   - names: The endpoints' addresses.
    ///   - weights: Of each at least 1.
    init(_ affinity: Destination.Affinity, names: [String], weights: [Int]) {
        guard !names.isEmpty else { return }
        let weights = weights.map { max(1, $0) }
        if affinity.tableSize > 0 {
            fillTable(affinity.tableSize, names, weights)
        } else {
            fillRing(affinity.ringSize, names, weights)
        }
    }

    /// Each endpoint gets points in proportion to its weight.
    private mutating func fillRing(_ size: Int, _ names: [String], _ weights: [Int]) {
        let total = weights.reduce(0, +)
        var entries: [(point: UInt64, owner: Int32)] = []
        for (index, name) in names.enumerated() {
            let count = max(1, (size * weights[index] + total - 1) / total)
            let base = Self.hash(name.utf8)
            for replica in 0..<count {
                entries.append((Self.mix(base &+ UInt64(replica) &* 0x9e37_79b9_7f4a_7c15), Int32(index)))
            }
        }
        // Names break ties, so that the order of endpoints does not matter.
        entries.sort { ($0.point, names[Int($0.owner)]) < ($1.point, names[Int($1.owner)]) }
        points = entries.map(\.point)
        owners = entries.map(\.owner)
    }

    /// The endpoints take turns in taking the next free place of their own order.
    private mutating func fillTable(_ size: Int, _ names: [String], _ weights: [Int]) {
        let order = names.indices.sorted { names[$0] < names[$1] }
        let largest = weights.max() ?? 1
        var next = names.map { name in
            let hash = Self.hash(name.utf8)
            return (
                place: Int(hash % UInt64(size)), step: 1 + Int(Self.mix(hash) % UInt64(max(1, size - 1))), credit: 0
            )
        }
        owners = Array(repeating: -1, count: size)
        var left = size
        while left > 0 {
            for index in order where left > 0 {
                next[index].credit += weights[index]
                if next[index].credit < largest { continue }
                next[index].credit -= largest
                while owners[next[index].place] >= 0 {
                    next[index].place = (next[index].place + next[index].step) % size
                }
                owners[next[index].place] = Int32(index)
                left -= 1
            }
        }
    }

    /// The endpoint for `hash`, or the next one that is accepted; nil when none is.
    func endpoint(for hash: UInt64, accepts: (Int) -> Bool) -> Int? {
        guard !owners.isEmpty else { return nil }
        let start = points.isEmpty ? Int(hash % UInt64(owners.count)) : place(of: hash)
        var last = Int32(-1)
        for offset in owners.indices {
            let owner = owners[(start + offset) % owners.count]
            if owner != last, accepts(Int(owner)) { return Int(owner) }
            last = owner
        }
        return nil
    }

    /// The first point that is not before `hash`.
    private func place(of hash: UInt64) -> Int {
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low % points.count
    }

    /// FNV-1a with 64 bits, mixed.
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return mix(hash)
    }

    /// Spreads every bit over all others (SplitMix64's last step).
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
