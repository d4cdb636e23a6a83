internal import Base
internal import HTTP
internal import Identity

/// Decides who may read `/debug`.
///
/// Callers on this machine may, among them `kubectl exec` and `port-forward`, and service accounts of the control plane's
/// own namespace, as in Istio. The rest of the pages is for everybody.
struct DebugAccess: Sendable {
    let authenticator: CallerAuthenticator
    /// The control plane's.
    let namespace: String

    /// - Throws: ``HTTPFailure`` 401 or 403.
    func check(_ request: HTTPRequestHead, from address: IPAddress) async throws {
        guard request.path.hasPrefix("/debug"), !address.unmapped.isLoopback else { return }
        let caller: Caller
        do {
            let authorization = request.fields["Authorization"]
            caller = try await authenticator.authenticate(
                CallerCredentials(certificateURIs: [], authorization: authorization)
            )
        } catch {
            throw HTTPFailure(401, "\(error); ask from the control plane's pod: apusd request GET \(request.path)")
        }
        guard caller.identity.namespace == namespace else {
            throw HTTPFailure(403, "\(caller.identity) may not read this; accounts of namespace \(namespace) may")
        }
    }
}
