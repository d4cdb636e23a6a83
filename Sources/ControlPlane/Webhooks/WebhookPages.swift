internal import Base
internal import HTTP
internal import JSON
internal import Kubernetes
internal import MeshAPI

/// The webhooks that the API server calls: `/inject` and `/validate`.
struct WebhookPages: Sendable {
    let settings: Settings
    let nodes: Informer
    let counters: Counters

    /// Octets of a review at most: an object of 3 MiB, twice.
    private static let bodyLimit = 8 << 20

    @Sendable func serve(_ exchange: HTTPExchange) async throws {
        guard exchange.request.method == "POST" else { throw HTTPFailure(405, "webhooks are called with POST") }
        let path = exchange.request.path
        guard path.hasPrefix("/inject") || path.hasPrefix("/validate") else {
            throw HTTPFailure(404, "no webhook at \(path)")
        }
        let body = try await exchange.readBody(limit: Self.bodyLimit)
        let review: AdmissionReview
        do {
            review = try AdmissionReview(body)
        } catch {
            throw HTTPFailure(400, error.description)
        }
        let answer = path.hasPrefix("/inject") ? inject(review) : validate(review)
        let response = review.response(answer).bytes()
        try await exchange.respond(HTTPResponseHead(200, fields: ["Content-Type": "application/json"]), body: response)
    }

    private var admission: Admission {
        Admission(
            settings: settings.injection(usesNativeSidecars: usesNativeSidecars),
            rootNamespace: settings.mesh.rootNamespace
        )
    }

    private func inject(_ review: AdmissionReview) -> AdmissionReview.Answer {
        let answer = admission.inject(review)
        if case .denied = answer { counters.count(.injectionFailures) } else { counters.count(.injections) }
        return answer
    }

    private func validate(_ review: AdmissionReview) -> AdmissionReview.Answer {
        let answer = admission.validate(review)
        if case .denied = answer { counters.count(.validationFailures) } else { counters.count(.validations) }
        return answer
    }

    /// Whether every node starts init containers with `restartPolicy: Always` as sidecars (Kubernetes 1.29).
    private var usesNativeSidecars: Bool {
        let versions = nodes.objects.compactMap { $0["status", "nodeInfo", "kubeletVersion"]?.string }
        return !versions.isEmpty && versions.allSatisfy(Self.knowsNativeSidecars)
    }

    /// Reads `v1.32.0+k3s1`.
    static func knowsNativeSidecars(_ version: String) -> Bool {
        let parts = version.drop { !$0.isNumber }.split(separator: ".")
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
            return false
        }
        return (major, minor) >= (1, 29)
    }
}
