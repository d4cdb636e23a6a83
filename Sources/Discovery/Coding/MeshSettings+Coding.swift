internal import Protobuf

extension MeshSettings: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, accessLogFile)
        writer.bool(2, accessLogIsJSON)
        writer.string(3, accessLogFormat)
        writer.duration(4, protocolDetectionTimeout)
        writer.duration(5, connectTimeout)
        writer.duration(6, terminationDrainDuration)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        (connectTimeout, terminationDrainDuration) = (.zero, .zero)  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: accessLogFile = try field.string()
            case 2: accessLogIsJSON = try field.bool()
            case 3: accessLogFormat = try field.string()
            case 4: protocolDetectionTimeout = try field.duration()
            case 5: connectTimeout = try field.duration()
            case 6: terminationDrainDuration = try field.duration()
            default: break
            }
        }
    }
}

extension TrustBundle: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, rootsPEM)
        writer.strings(2, trustDomains)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: rootsPEM = try field.string()
            case 2: trustDomains.append(try field.string())
            default: break
            }
        }
    }
}
