internal import Base
internal import Discovery
internal import HTTP

extension LocalReply {
    /// The head of the response; ``body`` follows it.
    func head(from direction: ConnectionInfo.Direction) -> HTTP1Head {
        var head = HTTP1Head()
        head.removeAll(beginning: status, reason: HTTPResponseHead.reason(for: status))
        let count = content.isEmpty ? body.utf8.count : content.count
        if mayHaveBody { head.append(.contentLength, "\(count)") }
        if count > 0 { head.append(.contentType, "text/plain") }
        for field in fields { head.append(field.name.utf8.span, field.value.utf8.span) }
        for edit in edits { edit.apply(to: &head) }
        head.append(.date, HTTPDate.format(Timestamp.now))
        head.append(.server, direction.serverName)
        return head
    }

    /// Whether responses of this status have a body at all (RFC 9110 §6.4.1).
    var mayHaveBody: Bool { status >= 200 && status != 204 && status != 304 }
}

/// A moment as HTTP writes it (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func format(_ time: Timestamp) -> String {
        let iso = Array(time.description)  // 1994-11-06T08:49:37Z
        guard iso.count == 20, let month = Int(String(iso[5..<7])), (1...12).contains(month) else { return "" }
        let weekday = Int(((time.seconds / 86_400) % 7 + 7) % 7)
        let (year, day, clock) = (String(iso[0..<4]), String(iso[8..<10]), String(iso[11..<19]))
        return "\(days[weekday]), \(day) \(months[month - 1]) \(year) \(clock) GMT"
    }
}
