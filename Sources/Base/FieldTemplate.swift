/// What Envoy's commands in the value of a field stand for (`%DOWNSTREAM_REMOTE_ADDRESS%`), as far as they are understood.
public enum FieldCommand: String, CaseIterable, Sendable {
    /// A field of the request or of the response; `NAME?OTHER` takes the other where the first is not there.
    case requestField = "REQ"
    case responseField = "RESP"
    case startTime = "START_TIME"
    case `protocol` = "PROTOCOL"
    case hostname = "HOSTNAME"
    case routeName = "ROUTE_NAME"
    case serverName = "REQUESTED_SERVER_NAME"
    /// Who makes the request, where proxies before this one are believed.
    case clientAddress = "DOWNSTREAM_REMOTE_ADDRESS"
    case clientIP = "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
    case clientPort = "DOWNSTREAM_REMOTE_PORT"
    /// The connection's other end.
    case peerAddress = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS"
    case peerIP = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"
    case peerPort = "DOWNSTREAM_DIRECT_REMOTE_PORT"
    case localAddress = "DOWNSTREAM_LOCAL_ADDRESS"
    case localIP = "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"
    case localPort = "DOWNSTREAM_LOCAL_PORT"
    case tlsVersion = "DOWNSTREAM_TLS_VERSION"
    case tlsCipher = "DOWNSTREAM_TLS_CIPHER"
    /// The client's certificate, where a gateway has verified one.
    case peerURIs = "DOWNSTREAM_PEER_URI_SAN"
    case peerDNSNames = "DOWNSTREAM_PEER_DNS_SAN"
    case peerSubject = "DOWNSTREAM_PEER_SUBJECT"
    case peerIssuer = "DOWNSTREAM_PEER_ISSUER"
    case peerSerial = "DOWNSTREAM_PEER_SERIAL"
    case peerFingerprint = "DOWNSTREAM_PEER_FINGERPRINT_256"
    case peerCertificate = "DOWNSTREAM_PEER_CERT"
    case peerStart = "DOWNSTREAM_PEER_CERT_V_START"
    case peerEnd = "DOWNSTREAM_PEER_CERT_V_END"
    case cluster = "UPSTREAM_CLUSTER"
    /// Known once there is a response.
    case upstreamHost = "UPSTREAM_HOST"
    case upstreamAddress = "UPSTREAM_REMOTE_ADDRESS"
    case status = "RESPONSE_CODE"
    case details = "RESPONSE_CODE_DETAILS"
    case flags = "RESPONSE_FLAGS"

    /// Whether that may stand in parentheses.
    func takes(_ argument: String?) -> Bool {
        switch self {
        case .requestField, .responseField: !(argument ?? "").isEmpty
        case .startTime: FieldTemplate.timeFormats.contains(argument ?? "")
        default: argument == nil
        }
    }
}

/// The value of a field that somebody has configured, with Envoy's commands in it: `%NAME%`, `%NAME(argument)%`,
/// `%NAME(argument):length%`, and `%%` for a per cent sign.
public struct FieldTemplate: Hashable, Sendable {
    public enum Piece: Hashable, Sendable {
        case text(String)
        /// - Parameter limit: Octets of it at most.
        case command(FieldCommand, argument: String, limit: Int?)
    }

    public private(set) var pieces: [Piece] = []
    /// What looks like a command and is none that is understood, as it is written; it stays in the text.
    public private(set) var unknown: [String] = []

    /// Formats of a time: RFC 3339 with milliseconds, and seconds since 1970, whole or with decimal places.
    public static let timeFormats: Set = ["", "%s", "%s.%3f", "%s.%6f"]

    /// The text when there is no command in it; nil otherwise.
    public var plainText: String? {
        if pieces.isEmpty { return "" }
        guard pieces.count == 1, case .text(let text) = pieces[0] else { return nil }
        return text
    }

    public init(_ value: String) {
        let bytes = Array(value.utf8)
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "%") {
                text.append(UInt8(ascii: "%"))
                index += 2
                continue
            }
            let written = Written(bytes[index...])
            let end = index + (written?.count ?? 1)
            if let piece = written?.piece {
                if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
                text = []
                pieces.append(piece)
            } else {
                unknown.append(String(decoding: bytes[index..<end], as: UTF8.self))
                text += bytes[index..<end]
            }
            index = end
        }
        if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
    }

    /// A command as it is written, understood or not.
    private struct Written {
        var name = ""
        var argument: String?
        var limit: Int?
        /// Octets from one per cent sign through the other.
        var count = 0

        /// Reads what begins with a per cent sign; nil when there is no name and no end to it.
        init?(_ bytes: ArraySlice<UInt8>) {
            var index = bytes.startIndex + 1
            func rest(until isEnd: (UInt8) -> Bool) -> ArraySlice<UInt8> { bytes[index...].prefix { !isEnd($0) } }
            let name = rest {
                !(UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 || $0 == UInt8(ascii: "_") || 0x30...0x39 ~= $0)
            }
            guard !name.isEmpty else { return nil }
            self.name = String(decoding: name, as: UTF8.self)
            index = name.endIndex
            if index < bytes.endIndex, bytes[index] == UInt8(ascii: "(") {
                index += 1
                let argument = rest { $0 == UInt8(ascii: ")") }
                guard argument.endIndex < bytes.endIndex else { return nil }
                self.argument = String(decoding: argument, as: UTF8.self)
                index = argument.endIndex + 1
            }
            if index < bytes.endIndex, bytes[index] == UInt8(ascii: ":") {
                index += 1
                let digits = rest { !(0x30...0x39 ~= $0) }
                guard let limit = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
                self.limit = limit
                index = digits.endIndex
            }
            guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "%") else { return nil }
            count = index + 1 - bytes.startIndex
        }

        var piece: Piece? {
            guard let command = FieldCommand(rawValue: name), command.takes(argument) else { return nil }
            return .command(command, argument: argument ?? "", limit: limit)
        }
    }
}
