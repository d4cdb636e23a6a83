public import Base
public import JSON

/// Makes pods part of the mesh; the same pod and settings always give the same result.
public struct Injector: Sendable {
    /// What became of a pod.
    public enum Outcome: Hashable, Sendable {
        case injected(JSON)
        case skipped(SkipReason)
    }

    /// What became of a pod, and what its author should know.
    public struct Result: Hashable, Sendable {
        public var outcome: Outcome
        public var warnings: [String]
    }

    public let settings: InjectionSettings

    public init(settings: InjectionSettings) { self.settings = settings }

    /// Injects `pod`, a Pod or a pod template.
    ///
    /// A pod that was injected before is first taken back to what it was.
    ///
    /// - Parameters:
    ///   - namespace: Where it will run; nil when that is not known yet.
    ///   - workload: What it belongs to; nil means what its owner references say.
    /// - Throws: `invalidConfiguration` when an annotation holds what it must not.
    public func inject(
        _ pod: JSON,
        namespace: String?,
        workload: Workload? = nil
    ) throws(MeshError) -> Result {
        let decision = InjectionDecision(pod: pod, namespace: namespace, settings: settings)
        if let skip = decision.skip { return Result(outcome: .skipped(skip), warnings: decision.warnings) }
        let original = EarlierInjection.removed(from: pod)
        let annotations = original["metadata", "annotations"]?.strings ?? [:]
        try AnnotationRules.check(annotations)
        let injected = PodInjection(
            pod: original,
            namespace: namespace,
            workload: workload ?? Workload(ownerOf: original),
            annotations: annotations,
            settings: settings
        ).injected()
        return Result(outcome: .injected(injected), warnings: decision.warnings)
    }
}
