extension VirtualService {
    /// A route or a match that no request can reach, because of those before it.
    public enum UnusedRule: Hashable, Sendable {
        /// `rule` is `"name"` or `#index`.
        case unreachable(rule: String, reason: String)
        case ineffective(rule: String, match: String, other: String)

        /// Istio's words, beginning in lower case.
        public var text: String {
            switch self {
            case .unreachable(let rule, let reason): "virtualService rule \(rule) not used (\(reason))"
            case .ineffective(let rule, let match, let other):
                "virtualService rule \(rule) match \(match) is not used (duplicate/overlapping match in rule \(other))"
            }
        }
    }

    /// Rules that cannot be reached, as far as their conditions can be compared.
    public var unusedRules: [UnusedRule] {
        let names = http.enumerated().map { $1.name.isEmpty ? "#\($0)" : goQuoted($1.name) }
        let matches = http.map { route in
            route.match.map { match in
                var match = match
                match.name = ""  // No condition.
                return match
            }
        }
        let matchNames = http.map { route in
            route.match.enumerated().map { $1.name.isEmpty ? "#\($0)" : goQuoted($1.name) }
        }
        return Self.repetitions(matches, names, matchNames) + coveredPrefixes(names, matchNames)
            + Self.repetitions(tcp.map(\.match)) + Self.repetitions(tls.map(\.match))
    }

    /// Matches that were all there before, and rules behind one without a condition.
    private static func repetitions<Match: Hashable>(
        _ rules: [[Match]],
        _ names: [String]? = nil,
        _ matchNames: [[String]]? = nil
    ) -> [UnusedRule] {
        var found: [UnusedRule] = []
        var seen: [Match: Int] = [:]
        var hasCatchAll = false
        func name(_ index: Int) -> String { names?[index] ?? "#\(index)" }
        for (index, matches) in rules.enumerated() {
            if matches.isEmpty {
                if hasCatchAll {
                    found.append(.unreachable(rule: name(index), reason: "only the last rule can have no matches"))
                }
                hasCatchAll = true
                continue
            }
            if hasCatchAll {
                found.append(.unreachable(rule: name(index), reason: "route without matches defined before"))
                continue
            }
            var count = 0
            for (place, match) in matches.enumerated() {
                if let other = seen[match] {
                    count += 1
                    let matchName = matchNames?[index][place] ?? "#\(place)"
                    found.append(.ineffective(rule: name(index), match: matchName, other: name(other)))
                } else {
                    seen[match] = index
                }
            }
            if count == matches.count {
                found.append(.unreachable(rule: name(index), reason: "all matches used by prior rules"))
            }
        }
        return found
    }

    /// Prefixes of paths that begin with the prefix of a match before them that asks for nothing else.
    private func coveredPrefixes(_ names: [String], _ matchNames: [[String]]) -> [UnusedRule] {
        var found: [UnusedRule] = []
        // By the match without its path: prefixes, and where they are.
        var seen: [HTTPMatch: [Substring: (rule: Int, match: Int)]] = [:]
        for (index, route) in http.enumerated() {
            // What follows is told of already.
            if route.match.isEmpty { break }
            for (place, match) in route.match.enumerated() {
                guard case .prefix(let prefix)? = match.uri, !prefix.isEmpty else { continue }
                var others = match
                (others.name, others.uri, others.statPrefix) = ("", nil, "")
                let known = seen[others] ?? [:]
                for end in prefix.indices.dropFirst() {
                    guard let cover = known[prefix[..<end]] else { continue }
                    let covering = matchNames[cover.rule][cover.match]
                    found.append(
                        .ineffective(
                            rule: names[index],
                            match: "\(matchNames[index][place]) of prefix \(prefix)",
                            other: "\(covering) of prefix \(prefix[..<end]) on \(names[cover.rule])"
                        )
                    )
                    break
                }
                if known[prefix[...]] == nil { seen[others, default: [:]][prefix[...]] = (index, place) }
            }
        }
        return found
    }
}
