extension Scanner {
    /// The suites of each version, with the server's preference.
    func suites(of versions: [ScanVersion]) async throws -> [ScanReport.Suites] {
        try await withThrowingTaskGroup(of: ScanReport.Suites.self) { group in
            for version in versions where version > .ssl2 {
                group.addTask {
                    var suites = ScanReport.Suites(version: version, ranks: try await ranks(version))
                    // Servers that limit connections end as those do that have nothing more to offer.
                    suites.isComplete = try await choice(version, among: suites.all) != nil
                    return suites
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.version < $1.version }
        }
    }

    private func ranks(_ version: ScanVersion) async throws -> [[CipherSuite]] {
        let candidates = version == .tls13 ? CipherSuite.tls13 : CipherSuite.beforeTLS13
        var found: [CipherSuite] = []
        let parts = Self.parts(of: candidates)
        for part in parts { found += try await choices(version, among: part) }
        // What was found in parts is asked for once more together: only then it is the server's order.
        if parts.count > 1 { found = try await choices(version, among: found) }
        return try await ranked(version, found)
    }

    /// What the server chooses, what it chooses without that, and so on until nothing is left.
    private func choices(_ version: ScanVersion, among offered: [CipherSuite]) async throws -> [CipherSuite] {
        var rest = offered
        var chosen: [CipherSuite] = []
        while !rest.isEmpty {
            guard let suite = try await choice(version, among: rest), let place = rest.firstIndex(of: suite) else {
                break
            }
            chosen.append(rest.remove(at: place))
        }
        return chosen
    }

    /// Nil when the server refuses, speaks another version, or chooses what was not offered.
    private func choice(_ version: ScanVersion, among offered: [CipherSuite]) async throws -> CipherSuite? {
        var hello = prober.hello(version, offered)
        if version == .tls13 { hello.versions = [version.wireNumber] }
        guard let answer = try await prober.ask(hello).hello, answer.version == version.wireNumber else { return nil }
        let suite = CipherSuite(number: answer.suite)
        return offered.contains(suite) ? suite : nil
    }

    /// Puts neighbours together between which the client's order decides.
    private func ranked(_ version: ScanVersion, _ suites: [CipherSuite]) async throws -> [[CipherSuite]] {
        var ranks: [[CipherSuite]] = []
        for suite in suites {
            if let last = ranks.last?.last, try await choice(version, among: [suite, last]) == suite {
                ranks[ranks.count - 1].append(suite)
            } else {
                ranks.append([suite])
            }
        }
        return ranks
    }
}
