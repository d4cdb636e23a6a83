internal import JSON

/// A workload outside Kubernetes (networking.istio.io WorkloadEntry).
public struct WorkloadEntry: IstioResource {
    /// What a WorkloadEntry says, and a ServiceEntry about each of its endpoints.
    public struct Workload: Hashable, Sendable {
        public var address: String
        /// By the name of the service's port.
        public var ports: [String: Int]
        public var labels: [String: String]
        public var network: String
        public var serviceAccount: String
        public var weight: Int

        init(_ reader: inout FieldReader) {
            address = reader.string("address") ?? ""
            ports = [:]
            if let members = reader.value("ports")?.object {
                for (name, value) in members {
                    guard let port = value.int.flatMap({ Int(exactly: $0) }), (1...65535).contains(port) else {
                        reader.report("ports", "Invalid value: \(value): port \(name) must be between 1 and 65535")
                        continue
                    }
                    ports[name] = port
                }
            }
            labels = reader.stringMap("labels") ?? [:]
            network = reader.string("network") ?? ""
            serviceAccount = reader.string("serviceAccount") ?? ""
            weight = reader.int("weight") ?? 1
            reader.ignore("locality")
        }
    }

    public var metadata: Metadata
    public var workload: Workload

    /// What selectors see: the labels of the object, and over them those of its spec.
    public var labels: [String: String] { metadata.labels.merging(workload.labels) { $1 } }

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        workload = Workload(&spec)
    }

    public func validate(in context: ValidationContext) -> Validation {
        var result = Validation()
        result.error(if: workload.address.isEmpty && workload.network.isEmpty, "address is required")
        result.error(
            if: workload.address.hasPrefix("unix://") && !workload.ports.isEmpty,
            "unix endpoint \(workload.address) must not include ports"
        )
        return result
    }
}

/// A template for workload entries (networking.istio.io WorkloadGroup).
public struct WorkloadGroup: IstioResource {
    public var metadata: Metadata
    private var hasTemplate: Bool

    public init(metadata: Metadata, spec: inout FieldReader) {
        self.metadata = metadata
        hasTemplate = spec.object("template", WorkloadEntry.Workload.init) != nil
        spec.ignore("metadata", "probe")
    }

    public func validate(in context: ValidationContext) -> Validation {
        Validation(errors: hasTemplate ? [] : ["template is required"])
    }
}
