internal import HTTP

extension SPDYSession {
    static let protocolHeader = "X-Stream-Protocol-Version"

    static func isRequested(by request: HTTPRequestHead) -> Bool {
        request.fields.lists("upgrade", in: "Connection") && request.fields.lists("spdy/3.1", in: "Upgrade")
    }

    /// Switches to SPDY, with the first of the client's stream protocols that is among `supported`.
    ///
    /// - Throws: ``HTTPFailure`` 403, as kubelet answers, when there is none.
    static func accept(
        _ exchange: HTTPExchange,
        protocols supported: [String]
    ) async throws -> (session: SPDYSession, protocol: String) {
        let offered = exchange.request.fields.values(protocolHeader).flatMap { $0.split(separator: ",") }
            .map { String($0.trimmingSpaces) }
        guard let chosen = offered.first(where: supported.contains) else {
            throw HTTPFailure(
                403,
                "unable to upgrade: no stream protocol of \(offered.joined(separator: ", ")) is among "
                    + supported.joined(separator: ", ")
            )
        }
        let head = HTTPResponseHead(
            101,
            fields: ["Connection": "Upgrade", "Upgrade": "SPDY/3.1", protocolHeader: chosen]
        )
        return (SPDYSession(try await exchange.upgrade(head)), chosen)
    }
}
