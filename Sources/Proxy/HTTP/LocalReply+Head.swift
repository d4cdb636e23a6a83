internal import Base
internal import HTTP

extension LocalReply {
    /// The head of the response; ``body`` follows it.
    func head(from direction: ConnectionInfo.Direction) -> HTTP1Head {
        var head = HTTP1Head()
        head.removeAll(beginning: status, reason: Self.reason(status))
        head.append(.contentLength, "\(body.utf8.count)")
        if !body.isEmpty { head.append(.contentType, "text/plain") }
        head.append(.date, HTTPDate.format(Timestamp.now))
        head.append(.server, direction.serverName)
        return head
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 404: "Not Found"
        case 408: "Request Timeout"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
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
