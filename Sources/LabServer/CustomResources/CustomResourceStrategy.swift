import JSON

/// What custom resources have in common.
struct CustomResourceStrategy: ResourceStrategy {
    let schema: StructuralSchema

    var hasGeneration: Bool { true }
    var requiresVersionOnUpdate: Bool { true }
}
