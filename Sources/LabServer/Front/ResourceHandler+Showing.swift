import Base
import HTTP
import JSON
import Kubernetes
import YAML

extension ResourceHandler {
    private var includeObject: String { request.query("includeObject") ?? "Metadata" }

    /// Columns as they fit what is shown: a scale has none of its resource's.
    private func writer(version: String) -> TableWriter {
        let columns = target.subresource == "scale" ? Scale.columns : definition.columns
        return TableWriter(columns: columns, version: version, includeObject: includeObject)
    }

    /// One object in the form the client wants.
    func shown(_ object: JSON, status: Int = 200) throws -> APIResponse {
        switch try ResponseFormat(accept: request.fields["Accept"]) {
        case .json: return .json(object, status: status)
        case .yaml: return Self.yaml(object, status: status)
        case .table(let version):
            let metadata: JSON = ["resourceVersion": object["metadata", "resourceVersion"] ?? ""]
            return .json(writer(version: version).table([object], metadata: metadata), status: status)
        case .metadata(let version): return .json(TableWriter.partial(object, version: version), status: status)
        }
    }

    /// A list in the form the client wants.
    func shown(_ page: ListPage) throws -> APIResponse {
        var metadata: JSON = ["resourceVersion": .string(page.resourceVersion)]
        if let token = page.continueToken { metadata["continue"] = .string(token) }
        if let remaining = page.remaining { metadata["remainingItemCount"] = .int(Int64(remaining)) }
        func list(_ items: [JSON], kind: String, apiVersion: String) -> JSON {
            [
                "kind": .string(kind), "apiVersion": .string(apiVersion), "metadata": metadata,
                "items": .array(items),
            ]
        }
        let objects = list(page.items, kind: definition.type.kind + "List", apiVersion: definition.type.apiVersion)
        switch try ResponseFormat(accept: request.fields["Accept"]) {
        case .json: return .json(objects)
        case .yaml: return Self.yaml(objects)
        case .table(let version): return .json(writer(version: version).table(page.items, metadata: metadata))
        case .metadata(let version):
            let items = page.items.map { TableWriter.partial($0, version: version) }
            return .json(list(items, kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/\(version)"))
        }
    }

    private static func yaml(_ value: JSON, status: Int = 200) -> APIResponse {
        APIResponse(status, type: "application/yaml", .whole(Array(YAML.text(value).utf8)))
    }

    /// A watch: one line of JSON for each event.
    func watch() async throws -> APIResponse {
        let format = try ResponseFormat(accept: request.fields["Accept"])
        let events = try await registry.watch(
            definition,
            selection(),
            resourceVersion: request.query("resourceVersion") ?? "",
            marksInitialEnd: request.flag("sendInitialEvents")
        )
        let lines = WatchLines(
            definition: definition,
            format: format,
            writer: writer(version: "v1"),
            sendsBookmarks: request.flag("allowWatchBookmarks"),
            marksInitialEnd: request.flag("sendInitialEvents")
        )
        let patience = try request.number("timeoutSeconds") ?? Int.random(in: 1800...3600)
        return APIResponse(
            200,
            type: "application/json",
            .stream { write in try await lines.send(events, for: .seconds(max(1, patience)), write: write) }
        )
    }
}
