/// The names that a misspelt one probably meant.
public enum Spelling {
    /// The one of `candidates` that is nearest to `word`; nil when none is near.
    public static func nearest(to word: String, among candidates: [String]) -> String? {
        let scored = candidates.map { ($0, distance(Array(word.lowercased().utf8), Array($0.lowercased().utf8))) }
        if let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(2, word.utf8.count / 3) { return best.0 }
        // Somebody who stopped early, or remembered a longer name.
        return word.utf8.count < 3
            ? nil : candidates.first { $0.lowercased().hasPrefix(word.lowercased()) || word.hasPrefix($0) }
    }

    /// How many octets have to be added, removed, replaced or swapped with a neighbour to make one of the other.
    public static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(
                    previous[column] + (byte == other ? 0 : 1),
                    previous[column + 1] + 1,
                    current[column] + 1
                )
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
