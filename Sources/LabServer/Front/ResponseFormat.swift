import JSON
import Kubernetes

/// In which form the client wants objects, from its `Accept` field.
enum ResponseFormat: Equatable, Sendable {
    case json
    case yaml
    /// Rows and columns, as `meta.k8s.io/<version>` has them.
    case table(version: String)
    /// Objects without anything but metadata.
    case metadata(version: String)

    /// - Throws: ``StatusError`` (406) when nothing in `accept` can be had.
    init(accept: String?) throws {
        let ranges = (accept ?? "*/*").split(separator: ",")
        for range in ranges {
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " } }
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
                if pair.count == 2 { parameters[pair[0]] = pair[1] }
            }
            if let format = Self.format(parts.first ?? "", parameters) {
                self = format
                return
            }
        }
        guard ranges.isEmpty else {
            throw StatusError(
                code: 406,
                reason: "NotAcceptable",
                message: "only the following media types are accepted: application/json, application/yaml"
            )
        }
        self = .json
    }

    private static func format(_ type: String, _ parameters: [String: String]) -> ResponseFormat? {
        switch type.lowercased() {
        case "application/json", "*/*", "application/*", "text/*":
            let version = parameters["v"] ?? "v1"
            switch parameters["as"] {
            case nil: return .json
            case "Table": return ["v1", "v1beta1"].contains(version) ? .table(version: version) : nil
            case "PartialObjectMetadata", "PartialObjectMetadataList": return .metadata(version: version)
            default: return nil
            }
        case "application/yaml": return .yaml
        default: return nil
        }
    }
}
