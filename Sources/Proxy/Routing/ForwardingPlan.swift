internal import Base
internal import Discovery
internal import HTTP
internal import RegularExpressions

/// An ``HTTPForwarding`` made ready to serve requests.
struct ForwardingPlan: Sendable {
    struct Choice: Sendable {
        let name: String
        let requestHeaders: HeaderEdits
        let responseHeaders: HeaderEdits
        fileprivate let weight: Int
    }

    enum Rewrite: Sendable {
        case matched([UInt8])
        case expression(RegularExpression, substitution: String)
    }

    let forwarding: HTTPForwarding
    let rewrite: Rewrite?
    private let choices: [Choice]
    private let totalWeight: Int

    /// - Throws: ``MeshError`` when an expression or a field cannot be used.
    init(_ forwarding: HTTPForwarding) throws(MeshError) {
        self.forwarding = forwarding
        var choices: [Choice] = []
        for destination in forwarding.destinations {
            choices.append(
                Choice(
                    name: destination.name,
                    requestHeaders: try HeaderEdits(destination.requestHeaders),
                    responseHeaders: try HeaderEdits(destination.responseHeaders),
                    weight: max(1, destination.weight)
                )
            )
        }
        if choices.isEmpty { throw MeshError(.invalidConfiguration, "it has no destination") }
        self.choices = choices
        totalWeight = choices.reduce(0) { $0 + $1.weight }
        try RequestTarget.check(forwarding.authority)
        rewrite = try forwarding.pathRewrite.map { (rewrite) throws(MeshError) in try Self.compile(rewrite) }
    }

    private static func compile(_ rewrite: PathRewrite) throws(MeshError) -> Rewrite {
        switch rewrite {
        case .matched(let path):
            try RequestTarget.check(path)
            return .matched(Array(path.utf8))
        case .expression(let pattern, let substitution):
            try RequestTarget.check(substitution)
            let expression = try TextPattern.compile(pattern)
            do {
                try expression.check(substitution: substitution)
            } catch {
                throw MeshError(.invalidConfiguration, "rewrite \(substitution) cannot be used: \(error.reason)")
            }
            return .expression(expression, substitution: substitution)
        }
    }

    /// The destination for one request, at random by weight.
    func choose(using random: inout SplitMix64) -> Choice {
        if choices.count == 1 { return choices[0] }
        var point = random.below(totalWeight)
        for choice in choices {
            if point < choice.weight { return choice }
            point -= choice.weight
        }
        return choices[choices.count - 1]
    }

    /// The path and query that take the place of the head's; nil when they stay.
    ///
    /// - Parameter matched: Octets of the path that the route matched.
    func rewrittenPath(of head: HTTP1Head, matched: Int) -> [UInt8]? {
        guard let rewrite else { return nil }
        let path = head.path
        switch rewrite {
        case .matched(let replacement):
            var result = replacement
            result.append(path.extracting(min(matched, path.count)...))
            return result
        case .expression(let expression, let substitution):
            let count = head.pathCount
            guard var result = expression.replacingAll(in: path.extracting(0..<count), with: substitution) else {
                return nil
            }
            result.append(path.extracting(count...))
            return result
        }
    }
}
