internal import Base
internal import HTTP

/// Writes the responses that the proxy itself gives.
enum LocalReplyWriter {
    static func write(
        _ reply: LocalReply,
        to output: inout [UInt8],
        direction: ConnectionInfo.Direction,
        isHead: Bool,
        closes: Bool,
        worker: Worker
    ) {
        var text = "HTTP/1.1 \(reply.status) \(reason(reply.status))\r\ncontent-length: \(reply.body.utf8.count)\r\n"
        if !reply.body.isEmpty { text += "content-type: text/plain\r\n" }
        text += "date: \(HTTPDate.format(Timestamp.now))\r\nserver: \(direction.serverName)\r\n"
        if closes { text += "connection: close\r\n" }
        text += "\r\n"
        if !isHead { text += reply.body }
        output += text.utf8
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
