internal import COpenSSL

/// All that a peer has shown of itself in a handshake, for those who look at servers; nobody has judged it.
public struct TLSPeerEvidence: Sendable {
    /// The chain as sent, the peer's own certificate first; empty when it sent none.
    public let chain: [Certificate]
    /// The OCSP response in DER that came along; nil without one.
    public let staple: [UInt8]?
    /// Whether a server wanted to see a certificate, and this client had none.
    public let wasAskedForCertificate: Bool
}

extension TLSConnection {
    /// What the peer has shown; of use once the handshake is done.
    public var peerEvidence: TLSPeerEvidence {
        guard let ssl = unsafe ssl else {
            return TLSPeerEvidence(chain: [], staple: nil, wasAskedForCertificate: wasAskedForCertificate)
        }
        var chain: [Certificate] = []
        if let stack = unsafe SSL_get_peer_cert_chain(ssl) {
            for index in 0..<(unsafe COpenSSL_stack_count(stack)) {
                if let raw = unsafe COpenSSL_stack_get(stack, index) { chain.append(unsafe Certificate(sharing: raw)) }
            }
        }
        var count = 0
        // Safe: the connection keeps `count` octets there.
        let staple = unsafe COpenSSL_received_status(ssl, &count).map {
            unsafe Array(UnsafeBufferPointer(start: $0, count: count))
        }
        return TLSPeerEvidence(chain: chain, staple: staple, wasAskedForCertificate: wasAskedForCertificate)
    }
}
