internal import Kubernetes
internal import MeshAPI

/// Puts the routes of delegates in the place of those that delegate (Istio's `mergeVirtualServicesIfNeeded`).
struct DelegateMerging {
    let objects: [ObjectKey: ResolvedVirtualService]
    let defaultExportTo: [String]

    /// Conditions that one object may have after merging: a guard against objects that multiply each other's.
    static let matchLimit = 100_000

    /// Notes in ``ResolvedVirtualService/problems`` what cannot be merged; such a route does not count.
    func merge(_ root: inout ResolvedVirtualService) {
        guard root.http.contains(where: { $0.delegate != nil }) else { return }
        var routes: [VirtualService.HTTPRoute] = []
        var count = 0
        for (index, route) in root.http.enumerated() {
            guard let reference = route.delegate else {
                routes.append(route)
                continue
            }
            let namespace = reference.namespace.isEmpty ? root.key.namespace : reference.namespace
            let key = ObjectKey(namespace: namespace, name: reference.name)
            let place = route.name.isEmpty ? "http[\(index)]" : "http route \"\(route.name)\""
            guard let delegate = visible(key, to: root) else {
                root.problems.append(
                    "\(place): VirtualService \(key) to delegate to is not there, has hosts, or is not exported to namespace \(root.key.namespace)"
                )
                continue
            }
            for (leafIndex, leaf) in delegate.http.enumerated() {
                if leaf.delegate != nil {
                    root.problems.append(
                        "\(place): VirtualService \(key) delegates again in http[\(leafIndex)], which it must not"
                    )
                    continue
                }
                count += max(1, route.match.count) * max(1, leaf.match.count)
                guard count <= Self.matchLimit else {
                    root.problems.append("\(place): more than \(Self.matchLimit) matches with those of its delegates")
                    root.http = routes
                    return
                }
                guard let merged = Self.merge(route, leaf, of: key) else {
                    root.problems.append(
                        "\(place): no match of http[\(leafIndex)] of VirtualService \(key) is within it"
                    )
                    continue
                }
                routes.append(merged)
            }
        }
        root.http = routes
    }

    private func visible(_ key: ObjectKey, to root: ResolvedVirtualService) -> ResolvedVirtualService? {
        guard let delegate = objects[key], delegate.isDelegate,
            delegate.rank(in: root.key.namespace, default: defaultExportTo) != nil
        else { return nil }
        return delegate
    }

    /// The delegate's route within the root's; nil when no request can meet both.
    private static func merge(
        _ root: VirtualService.HTTPRoute,
        _ leaf: VirtualService.HTTPRoute,
        of key: ObjectKey
    ) -> VirtualService.HTTPRoute? {
        guard let match = merge(root.match, leaf.match) else { return nil }
        var route = leaf
        route.match = match
        route.name = joined(root.name, leaf.name)
        route.rewrite = leaf.rewrite ?? root.rewrite
        route.directResponse = leaf.directResponse ?? root.directResponse
        route.timeout = leaf.timeout ?? root.timeout
        route.retries = leaf.retries ?? root.retries
        route.fault = leaf.fault ?? root.fault
        route.mirror = leaf.mirror ?? root.mirror
        route.mirrorPercent = leaf.mirrorPercent ?? root.mirrorPercent
        route.mirrorPercentage = leaf.mirrorPercentage ?? root.mirrorPercentage
        route.corsPolicy = leaf.corsPolicy ?? root.corsPolicy
        route.mirrors = leaf.mirrors.isEmpty ? root.mirrors : leaf.mirrors
        route.headers = leaf.headers.isEmpty ? root.headers : leaf.headers
        route.delegated = key
        return route
    }

    private static func joined(_ root: String, _ leaf: String) -> String {
        root.isEmpty ? leaf : leaf.isEmpty ? root : "\(root)-\(leaf)"
    }

    /// Each of the delegate's matches must be within one of the root's; nil when one is not.
    private static func merge(_ root: [VirtualService.HTTPMatch], _ leaf: [VirtualService.HTTPMatch])
        -> [VirtualService.HTTPMatch]?
    {
        if root.isEmpty { return leaf }
        if leaf.isEmpty { return root }
        var result: [VirtualService.HTTPMatch] = []
        for match in leaf {
            let merged = root.filter { !conflict($0, match) }.map { merge($0, match) }
            if merged.isEmpty { return nil }
            result += merged
        }
        return result
    }

    private static func merge(_ root: VirtualService.HTTPMatch, _ leaf: VirtualService.HTTPMatch)
        -> VirtualService.HTTPMatch
    {
        var match = leaf
        match.name = joined(root.name, leaf.name)
        match.uri = leaf.uri ?? root.uri
        match.scheme = leaf.scheme ?? root.scheme
        match.method = leaf.method ?? root.method
        match.authority = leaf.authority ?? root.authority
        match.headers = root.headers.merging(leaf.headers) { $1 }
        match.withoutHeaders = root.withoutHeaders.merging(leaf.withoutHeaders) { $1 }
        match.queryParams = root.queryParams.merging(leaf.queryParams) { $1 }
        match.port = leaf.port ?? root.port
        match.sourceLabels = root.sourceLabels.merging(leaf.sourceLabels) { $1 }
        if leaf.sourceNamespace.isEmpty { match.sourceNamespace = root.sourceNamespace }
        if leaf.gateways.isEmpty { match.gateways = root.gateways }
        if leaf.statPrefix.isEmpty { match.statPrefix = root.statPrefix }
        return match
    }

    private static func conflict(_ root: VirtualService.HTTPMatch, _ leaf: VirtualService.HTTPMatch) -> Bool {
        let texts = [
            (root.uri, leaf.uri), (root.scheme, leaf.scheme), (root.method, leaf.method),
            (root.authority, leaf.authority),
        ]
        if texts.contains(where: { conflict($0, $1) }) { return true }
        let maps = [
            (root.headers, leaf.headers), (root.withoutHeaders, leaf.withoutHeaders),
            (root.queryParams, leaf.queryParams),
        ]
        if maps.contains(where: { root, leaf in leaf.contains { conflict(root[$0], $1) } }) { return true }
        if root.ignoreUriCase != leaf.ignoreUriCase { return true }
        if let port = root.port, let other = leaf.port, port != other { return true }
        if !root.sourceNamespace.isEmpty, !leaf.sourceNamespace.isEmpty, root.sourceNamespace != leaf.sourceNamespace {
            return true
        }
        if leaf.sourceLabels.contains(where: { root.sourceLabels[$0] ?? $1 != $1 }) { return true }
        return !root.gateways.isEmpty && !Set(leaf.gateways).isSubset(of: root.gateways)
    }

    /// Whether not every text that meets `leaf` meets `root`, as far as can be told; expressions never do.
    private static func conflict(_ root: StringMatch?, _ leaf: StringMatch?) -> Bool {
        guard let root, let leaf, root != .present else { return false }
        switch (root, leaf) {
        case (.exact(let text), .exact(let other)): return text != other
        case (.prefix(let prefix), .exact(let text)), (.prefix(let prefix), .prefix(let text)):
            return !text.hasPrefix(prefix)
        default: return true
        }
    }
}
