internal import Protobuf

extension Destination.TCPKeepalive: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.number(1, probes)
        writer.duration(2, time)
        writer.duration(3, interval)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: probes = try field.number()
            case 2: time = try field.duration()
            case 3: interval = try field.duration()
            default: break
            }
        }
    }
}

/// The key is one of several, and must be known.
extension Destination.Affinity: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        switch key {
        case .header(let name): writer.message(1) { $0.string(1, name) }
        case .cookie(let name, let path, let lifetime):
            writer.message(2) {
                $0.string(1, name)
                $0.string(2, path)
            }
            if let lifetime { writer.message(7) { $0.duration(1, lifetime) } }
        case .sourceAddress: writer.message(3) { _ in }
        case .parameter(let name): writer.message(4) { $0.string(1, name) }
        }
        writer.number(5, ringSize)
        writer.number(6, tableSize)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var key: Key?
        var lifetime: Duration?
        self.init(.sourceAddress)
        ringSize = 0  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: key = .header(try field.message(TextPair.self).first)
            case 2:
                let pair: TextPair = try field.message()
                key = .cookie(pair.first, path: pair.second, lifetime: nil)
            case 3: key = .sourceAddress
            case 4: key = .parameter(try field.message(TextPair.self).first)
            case 5: ringSize = try field.number()
            case 6: tableSize = try field.number()
            case 7: lifetime = .nanoseconds(try field.message(SingleNumber.self).number)
            default: break
            }
        }
        guard let key else { throw .unknownValue(field: 1) }
        self.key = key
        if case .cookie(let name, let path, _) = key { self.key = .cookie(name, path: path, lifetime: lifetime) }
    }
}
