internal import Protobuf
internal import TLS

extension InboundPolicy: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        for port in ports { writer.message(1, port) }
        writer.value(2, otherMode)
        writer.string(3, otherReason)
        writer.value(4, minimumVersion)
        writer.strings(5, cipherSuites)
        writer.bool(6, sendsToLocalhost)
        for listener in listeners { writer.message(7, listener) }
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init()
        (otherMode, otherReason, minimumVersion) = (.disable, "", .tls10)  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: ports.append(try field.message())
            case 2: otherMode = try field.value()
            case 3: otherReason = try field.string()
            case 4: minimumVersion = try field.value()
            case 5: cipherSuites.append(try field.string())
            case 6: sendsToLocalhost = try field.bool()
            case 7: listeners.append(try field.message())
            default: break
            }
        }
    }
}

extension InboundPolicy.Port: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.number(1, number)
        writer.value(2, application)
        writer.value(3, mode)
        writer.string(4, reason)
        writer.string(5, service)
        writer.number(6, servicePort)
        switch target {
        case .same: break
        case .port(let port): writer.number(7, port)
        case .loopback(let port, let isIPv6): writer.number(isIPv6 ? 9 : 8, port)
        case .socket(let path): writer.string(10, path)
        }
        writer.bool(11, translatesGRPCWeb)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(number: 0, application: .auto, mode: .disable, reason: "")
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: number = try field.number()
            case 2: application = try field.value()
            case 3: mode = try field.value()
            case 4: reason = try field.string()
            case 5: service = try field.string()
            case 6: servicePort = try field.number()
            case 7: target = .port(try field.number())
            case 8: target = .loopback(try field.number(), isIPv6: false)
            case 9: target = .loopback(try field.number(), isIPv6: true)
            case 10: target = .socket(try field.string())
            case 11: translatesGRPCWeb = try field.bool()
            default: break
            }
        }
    }
}

extension InboundPolicy.Listener: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        writer.string(1, address)
        writer.number(2, port)
        writer.bool(3, isInbound)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        self.init(address: "", port: 0, isInbound: false)
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: address = try field.string()
            case 2: port = try field.number()
            case 3: isInbound = try field.bool()
            default: break
            }
        }
    }
}
