internal import Base
internal import HTTP

/// Where the values of commands come from.
protocol FieldSource: AnyObject {
    /// What the command stands for in `message`, the request or the response that is being changed; nil when that is not
    /// known, or not yet.
    func text(of command: FieldCommand, _ argument: String, in message: HTTP1Head) -> String?
}

extension FieldTemplate {
    /// The value for `message`; empty when nothing of it is known, or when it cannot be sent.
    func octets(for message: HTTP1Head, from source: any FieldSource) -> [UInt8] {
        var octets: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .text(let text): octets += text.utf8
            case .command(let command, let argument, let limit):
                let text = source.text(of: command, argument, in: message) ?? ""
                octets += limit.map { Array(text.utf8.prefix($0)) } ?? Array(text.utf8)
            }
        }
        // A certificate's names may hold anything.
        return octets.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F } ? [] : octets
    }
}

extension HTTP1Head {
    /// The value of a field, or of a pseudo-header of a request; of `a?b` the other where the first is not there.
    func text(named argument: String) -> String? {
        for name in argument.lowercased().split(separator: "?") {
            switch name {
            case ":method" where isRequest: return String(octets: method)
            case ":path" where isRequest: return String(octets: path)
            case ":authority" where isRequest, "host" where isRequest: return String(octets: authority)
            case ":scheme" where isRequest: return schemeName
            case ":status" where !isRequest: return String(status)
            default:
                let octets = Array(name.utf8)
                if let index = firstIndex(ofLowercase: octets.span) { return String(octets: value(at: index)) }
            }
        }
        return nil
    }
}

extension HTTP1Head.Version {
    /// As logs write it.
    var name: String {
        switch self {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2"
        }
    }
}
