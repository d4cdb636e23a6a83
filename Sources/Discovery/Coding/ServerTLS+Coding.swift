internal import Protobuf
internal import TLS

extension ServerTLS: DiscoveryMessage {
    func write(into writer: inout ProtobufWriter) {
        switch certificates {
        case .workload: writer.message(1) { _ in }
        case .credentials(let names): writer.message(2) { $0.strings(1, names) }
        case .files(let pairs):
            writer.message(3) {
                for pair in pairs { $0.message(1, TextPair(first: pair.certificate, second: pair.key)) }
            }
        }
        writer.value(4, clientCertificate)
        switch roots {
        case .workload: writer.message(5) { _ in }
        case .credential(let name): writer.message(6) { $0.string(1, name) }
        case .file(let path, let revocations): writer.message(7, TextPair(first: path, second: revocations))
        case nil: break
        }
        writer.strings(8, subjectAlternativeNames)
        writer.strings(9, publicKeyHashes)
        writer.strings(10, certificateHashes)
        writer.value(11, minimumVersion)
        writer.value(12, maximumVersion)
        writer.strings(13, cipherSuites)
        writer.strings(14, curves)
        writer.bool(15, skipsVerification)
        writer.strings(16, applicationProtocols)
    }

    init(_ reader: ProtobufReader) throws(ProtobufError) {
        var certificates: Certificates?
        self.init(.workload)
        (minimumVersion, maximumVersion) = (.tls10, .tls10)  // What is not sent is zero.
        var reader = reader
        while let field = try reader.nextField() {
            switch field.number {
            case 1: certificates = .workload
            case 2: certificates = .credentials(try Self.names(try field.message()))
            case 3: certificates = .files(try Self.pairs(try field.message()))
            case 4: clientCertificate = try field.value()
            case 5: roots = .workload
            case 6: roots = .credential(try field.message(TextPair.self).first)
            case 7:
                let pair: TextPair = try field.message()
                roots = .file(pair.first, revocations: pair.second)
            default: try readLimits(field)
            }
        }
        guard let certificates else { throw .unknownValue(field: 1) }
        self.certificates = certificates
        if clientCertificate != .none, roots == nil, !skipsVerification { throw .unknownValue(field: 5) }
    }

    private mutating func readLimits(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 8: subjectAlternativeNames.append(try field.string())
        case 9: publicKeyHashes.append(try field.string())
        case 10: certificateHashes.append(try field.string())
        case 11: minimumVersion = try field.value()
        case 12: maximumVersion = try field.value()
        case 13: cipherSuites.append(try field.string())
        case 14: curves.append(try field.string())
        case 15: skipsVerification = try field.bool()
        case 16: applicationProtocols.append(try field.string())
        default: break
        }
    }

    private static func names(_ reader: ProtobufReader) throws(ProtobufError) -> [String] {
        var names: [String] = []
        var reader = reader
        while let field = try reader.nextField() {
            if field.number == 1 { names.append(try field.string()) }
        }
        return names
    }

    private static func pairs(_ reader: ProtobufReader) throws(ProtobufError) -> [FilePair] {
        var pairs: [FilePair] = []
        var reader = reader
        while let field = try reader.nextField() {
            guard field.number == 1 else { continue }
            let pair: TextPair = try field.message()
            pairs.append(FilePair(certificate: pair.first, key: pair.second))
        }
        return pairs
    }
}
