extension String {
    /// On one line and of at most `limit` octets, as befits words of somebody else: what controls a terminal or ends a
    /// line becomes a space, and `...` stands for what is left out.
    public func onOneLine(limit: Int) -> String {
        if utf8.count <= limit, utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return self }
        let omission = "..."
        let isCut = utf8.count > limit
        var result = ""
        var room = isCut ? limit - omission.utf8.count : limit
        for scalar in unicodeScalars {
            let told: Unicode.Scalar = scalar.isUnprintable ? " " : scalar
            room -= UTF8.width(told)
            guard room >= 0 else { break }
            result.unicodeScalars.append(told)
        }
        return isCut ? result + omission : result
    }
}

extension Unicode.Scalar {
    fileprivate var isUnprintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
