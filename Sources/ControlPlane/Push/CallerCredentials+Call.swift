internal import GRPC
internal import HTTP
internal import Identity
internal import TLS

extension CallerCredentials {
    /// What a call's connection and metadata show.
    init(_ call: GRPCCall) {
        self.init(
            certificateURIs: call.tls?.peerCertificate?.alternativeNames.uris ?? [],
            authorization: call.metadata["authorization"]
        )
    }
}
