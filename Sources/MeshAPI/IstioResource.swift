public import Base
public import JSON

/// One of Istio's kinds as a value.
public protocol IstioResource: Hashable, Sendable {
    var metadata: Metadata { get set }

    /// Reads the `spec`; problems go to the reader's list.
    init(metadata: Metadata, spec: inout FieldReader)

    /// What is wrong with it although every field is of its type.
    func validate(in context: ValidationContext) -> Validation
}

/// What validation may depend on besides the object.
public struct ValidationContext: Hashable, Sendable {
    /// `meshConfig.rootNamespace`.
    public var rootNamespace: String

    public init(rootNamespace: String = "istio-system") { self.rootNamespace = rootNamespace }
}

extension IstioResource {
    /// Reads the object strictly.
    ///
    /// - Throws: ``MeshError`` that names each field that is unknown, of the wrong type, or not one of the values allowed.
    public init(_ object: JSON) throws(MeshError) {
        let problems = FieldProblems()
        self.init(object, problems: problems)
        if let text = Validation(errors: problems.texts).errorText {
            let kind = object["kind"]?.string ?? "object"
            throw MeshError(.invalidConfiguration, "\(kind) \(metadata.key) cannot be read: \(text)")
        }
    }

    init(_ object: JSON, problems: FieldProblems) {
        var reader = FieldReader(object, path: "", problems: problems)
        reader.ignore("apiVersion", "kind", "metadata", "status")
        let metadata = Metadata(of: object)
        let value = reader.object("spec") { spec in Self(metadata: metadata, spec: &spec) }
        reader.finish()
        if let value {
            self = value
        } else {
            var empty = FieldReader(.null, path: "spec", problems: problems)
            self.init(metadata: metadata, spec: &empty)
        }
    }

    static func validation(of object: JSON, in context: ValidationContext) -> Validation {
        let problems = FieldProblems()
        let value = Self(object, problems: problems)
        guard problems.texts.isEmpty else { return Validation(errors: problems.texts) }
        return value.validate(in: context)
    }
}

/// What is wrong with an object of one of Istio's kinds: the one judgement of webhook, `analyze` and CLI.
///
/// - Returns: nil when the kind is none of Istio's.
public func validate(_ object: JSON, in context: ValidationContext = ValidationContext()) -> Validation? {
    if object["kind"] == "IstioOperator", object["apiVersion"]?.string?.hasPrefix("install.istio.io/") == true {
        return validateOperator(object)
    }
    guard let kind = IstioKind(of: object) else { return StoredKinds.validation(of: object) }
    return kind.resource.validation(of: object, in: context)
}

private func validateOperator(_ object: JSON) -> Validation {
    do {
        return try MeshConfig(try IstioOperator(object).meshConfigOverlay).validate()
    } catch {
        return Validation(errors: [error.description])
    }
}
