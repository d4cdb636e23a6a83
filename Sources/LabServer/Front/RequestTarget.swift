/// What a request is about, from its method and path: what authorization decides on.
struct RequestTarget: Sendable {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; the method in lower case for
    /// anything but resources.
    private(set) var verb: String
    /// Whether it is about a resource, and not about the server itself.
    private(set) var isResource = false
    private(set) var group = ""
    private(set) var version = ""
    private(set) var namespace = ""
    private(set) var resource = ""
    private(set) var name = ""
    private(set) var subresource = ""
    /// Segments behind the subresource, as of a proxied path.
    private(set) var rest: [String] = []
    /// The whole path.
    let path: String

    init(_ request: APIRequest) {
        verb = request.method.lowercased()
        path = "/" + request.path.joined(separator: "/")
        var segments = request.path[...]
        switch segments.popFirst() {
        case "api": break
        case "apis":
            guard let group = segments.popFirst() else { return }
            self.group = group
        default: return
        }
        guard let version = segments.popFirst(), !segments.isEmpty else { return }
        self.version = version
        readResource(segments)
        isResource = true
        verb = Self.verb(request, hasName: !name.isEmpty)
    }

    private mutating func readResource(_ segments: ArraySlice<String>) {
        var segments = segments
        if segments.first == "namespaces", segments.count >= 2 {
            let namespaceSubresources: Set = ["status", "finalize"]
            let third = segments.dropFirst(2).first
            let second = segments[segments.startIndex + 1]
            if let third, !namespaceSubresources.contains(third) || segments.count > 3 {
                namespace = second
                segments = segments.dropFirst(2)
            } else {
                namespace = second  // A namespace is in itself, as authorization sees it.
            }
        }
        resource = segments.popFirst() ?? ""
        name = segments.popFirst() ?? ""
        subresource = segments.popFirst() ?? ""
        rest = Array(segments)
    }

    private static func verb(_ request: APIRequest, hasName: Bool) -> String {
        switch request.method {
        case "POST": "create"
        case "PUT": "update"
        case "PATCH": "patch"
        case "DELETE": hasName ? "delete" : "deletecollection"
        case "GET", "HEAD":
            if hasName, !request.flag("watch") { "get" } else if request.flag("watch") { "watch" } else { "list" }
        default: request.method.lowercased()
        }
    }
}
