/// Columns as Go's tabwriter aligns them in istioctl's and kubectl's tables: each as wide as its widest cell and a gap, the
/// last without anything after it.
public struct TextTable: Sendable {
    public var rows: [[String]]
    /// Spaces between columns.
    public var gap: Int

    public init(_ header: [String], gap: Int = 5) {
        rows = [header]
        self.gap = gap
    }

    public mutating func add(_ row: [String]) { rows.append(row) }

    public var text: String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + gap)
            }.joined() + "\n"
        }.joined()
    }
}
