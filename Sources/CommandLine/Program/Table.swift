/// Columns that are as wide as their widest cell (Go's tabwriter, padded with spaces).
struct Table {
    private var rows: [[String]]
    /// Spaces between two columns.
    private let gap: Int

    init(_ header: [String], gap: Int = 5) {
        rows = [header]
        self.gap = gap
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// The lines, header first; nothing follows a row's last cell.
    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell.padded(to: widths[index] + gap)
            }.joined() + "\n"
        }.joined()
    }
}
