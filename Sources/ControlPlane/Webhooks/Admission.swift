internal import Base
internal import Injection
internal import JSON
internal import Kubernetes
internal import MeshAPI

/// Decides over objects that are about to be stored: gives pods their sidecar, refuses what the mesh could not use.
struct Admission {
    let settings: InjectionSettings
    let rootNamespace: String
    private let log = Log("webhook")

    init(settings: InjectionSettings, rootNamespace: String) {
        self.settings = settings
        self.rootNamespace = rootNamespace
    }

    /// Answers for a pod that is created.
    func inject(_ review: AdmissionReview) -> AdmissionReview.Answer {
        guard review.object.kind == "Pod" || review.object["spec", "containers"] != nil else { return .allowed() }
        let name = review.object["metadata", "name"]?.string ?? review.object["metadata", "generateName"]?.string ?? ""
        let subject = "\(review.namespace)/\(name)"
        do {
            let result = try Injector(settings: settings).inject(review.object, namespace: review.namespace)
            switch result.outcome {
            case .injected(let pod):
                log.info("injected a sidecar into pod \(subject)")
                return .allowed(
                    patch: JSONPatch.difference(from: review.object, to: pod),
                    warnings: result.warnings
                )
            case .skipped(let reason):
                log.info("no sidecar for pod \(subject): it \(reason)")
                return .allowed(warnings: result.warnings)
            }
        } catch {
            log.warn("pod \(subject) is refused: \(error)")
            return .denied(error.description)
        }
    }

    /// Answers for one of Istio's objects that is created or changed.
    func validate(_ review: AdmissionReview) -> AdmissionReview.Answer {
        guard review.operation != "DELETE",
            let validation = MeshAPI.validate(
                review.object,
                in: ValidationContext(rootNamespace: rootNamespace)
            )
        else { return .allowed() }
        guard let text = validation.errorText else { return .allowed(warnings: validation.warnings) }
        log.info("\(review.object.kind) \(review.namespace)/\(review.name) is refused: \(text)")
        return .denied("configuration is invalid: \(text)", warnings: validation.warnings)
    }
}
