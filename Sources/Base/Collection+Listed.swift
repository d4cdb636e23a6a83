extension Collection<String> {
    /// With semicolons between them; of those that do not fit whole into `limit` octets only the number is told.
    ///
    /// - Parameter limit: Without it, what may be a line of a log and the message of a Kubernetes condition: container
    ///   runtimes cut lines at 16 KiB, and a message may have 32,768 characters.
    public func listed(limit: Int = 15 << 10) -> String {
        let separator = "; "
        let whole = joined(separator: separator)
        guard whole.utf8.count > limit else { return whole }
        guard count > 1 else { return whole.onOneLine(limit: limit) }
        let room = limit - Self.rest(count).utf8.count
        var left = room
        let fitting = prefix { entry in
            left -= entry.utf8.count + separator.utf8.count
            return left >= 0
        }
        // One that alone is too long is better cut than not told.
        let told = fitting.isEmpty ? prefix(1).map { $0.onOneLine(limit: room - separator.utf8.count) } : Array(fitting)
        return (told + [Self.rest(count - told.count)]).joined(separator: separator)
    }

    private static func rest(_ count: Int) -> String { "... and \(count) more" }
}
