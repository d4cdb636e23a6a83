public import Base
internal import COpenSSL

/// An authority's fresh word that a certificate is not revoked (RFC 6960), to be sent along with it (RFC 6066 §8).
public struct OCSPStaple: Sendable, Hashable {
    /// The response as it is sent: `tls.ocsp-staple` of a Secret.
    public let der: [UInt8]
    /// From then on it is not sent any more; nil when the authority gave no end.
    public let nextUpdate: Timestamp?

    /// - Throws: ``MeshError`` when the octets are no successful OCSP response, or not about `leaf`.
    public init(der: [UInt8], for leaf: Certificate) throws(MeshError) {
        OpenSSLErrors.clear()
        let response = unsafe der.withUnsafeBufferPointer {
            var position = $0.baseAddress
            return unsafe d2i_OCSP_RESPONSE(nil, &position, $0.count)
        }
        defer { unsafe OCSP_RESPONSE_free(response) }
        guard let response = unsafe response else {
            throw MeshError(.invalidConfiguration, "OCSP staple is not DER", cause: OpenSSLErrors.drain())
        }
        guard unsafe OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL,
            let basic = unsafe OCSP_response_get1_basic(response)
        else {
            OpenSSLErrors.clear()
            throw MeshError(.invalidConfiguration, "OCSP staple is an authority's refusal, not a response")
        }
        defer { unsafe OCSP_BASICRESP_free(basic) }
        var (status, end): (CInt, Int64) = (0, 0)
        guard unsafe COpenSSL_ocsp_find(basic, leaf.raw, &status, &end) == 1 else {
            throw MeshError(
                .invalidConfiguration,
                "OCSP staple is not about \(leaf); fetch the one for this certificate"
            )
        }
        guard status == V_OCSP_CERTSTATUS_GOOD else {
            throw MeshError(.invalidConfiguration, "OCSP staple says that \(leaf) is revoked or unknown; replace it")
        }
        self.der = der
        nextUpdate = end == .max ? nil : Timestamp(seconds: end)
    }

    /// Whether a client would still believe it.
    func isCurrent(now: Timestamp = .now) -> Bool { nextUpdate.map { now < $0 } ?? true }
}
