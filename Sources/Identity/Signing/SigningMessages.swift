public import Protobuf

/// The names of Istio's signing service.
public enum SigningProtocol {
    /// The gRPC method.
    public static let path = "/istio.v1.auth.IstioCertificateService/CreateCertificate"
}

/// What a workload asks of the CA (`istio.v1.auth.IstioCertificateRequest`).
public struct SigningRequest: Hashable, Sendable {
    /// PEM.
    public var certificateRequest: String
    /// Seconds; zero or less for the CA's default.
    public var validitySeconds: Int64
    /// Whether the caller wants to speak for another identity (`metadata.ImpersonatedIdentity`).
    public var wantsImpersonation = false

    public init(certificateRequest: String, validitySeconds: Int64) {
        self.certificateRequest = certificateRequest
        self.validitySeconds = validitySeconds
    }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, certificateRequest)
        writer.signed(3, validitySeconds)
        return writer.bytes
    }

    public init(_ bytes: [UInt8]) throws(ProtobufError) {
        self.init(certificateRequest: "", validitySeconds: 0)
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: certificateRequest = try field.string()
            case 3: validitySeconds = try field.signed()
            case 4: wantsImpersonation = try Self.hasImpersonation(try field.message())
            default: break
            }
        }
    }

    /// Looks for a key in a `google.protobuf.Struct`.
    private static func hasImpersonation(_ reader: ProtobufReader) throws(ProtobufError) -> Bool {
        var reader = reader
        while let field = try reader.nextField() {
            guard field.number == 1 else { continue }
            var entry = try field.message()
            while let member = try entry.nextField() {
                if member.number == 1, try member.string() == "ImpersonatedIdentity" { return true }
            }
        }
        return false
    }
}

/// What the CA answers (`istio.v1.auth.IstioCertificateResponse`).
public struct SigningResponse: Hashable, Sendable {
    /// PEM: the leaf first, then those between it and the root, the root last.
    public var chain: [String]

    public init(chain: [String]) { self.chain = chain }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.strings(1, chain)
        return writer.bytes
    }

    public init(_ bytes: [UInt8]) throws(ProtobufError) {
        self.init(chain: [])
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
            if field.number == 1 { chain.append(try field.string()) }
        }
    }
}
