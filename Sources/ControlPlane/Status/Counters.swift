internal import Synchronization

/// What the control plane counts, under Istio's names.
final class Counters: Sendable {
    enum Name: String, CaseIterable {
        case pushes = "pilot_xds_pushes"
        case refusals = "pilot_total_xds_rejects"
        case certificates = "citadel_server_success_cert_issuance_count"
        case certificateFailures = "citadel_server_csr_sign_err_count"
        case credentialErrors = "pilot_sds_certificate_errors_total"
        case injections = "sidecar_injection_success_total"
        case injectionFailures = "sidecar_injection_failure_total"
        case validations = "galley_validation_passed"
        case validationFailures = "galley_validation_failed"

        var help: String {
            switch self {
            case .pushes: "Responses sent to proxies."
            case .refusals: "Responses that proxies refused."
            case .certificates: "Certificates signed for workloads."
            case .certificateFailures: "Certificate requests refused."
            case .credentialErrors: "Secrets in use that hold what cannot be used."
            case .injections: "Pods answered for by the injection webhook."
            case .injectionFailures: "Pods refused by the injection webhook."
            case .validations: "Objects accepted by the validation webhook."
            case .validationFailures: "Objects refused by the validation webhook."
            }
        }
    }

    private let counts = Mutex<[Name: Int]>([:])

    func count(_ name: Name) { counts.withLock { $0[name, default: 0] += 1 } }

    var all: [(name: String, help: String, value: Int)] {
        let counts = counts.withLock { $0 }
        return Name.allCases.map { ($0.rawValue, $0.help, counts[$0] ?? 0) }
    }
}
