extension Scanner {
    /// The groups of TLS 1.3, and of the highest version before it.
    func groups(_ suites: [ScanReport.Suites]) async throws -> [ScanReport.Groups] {
        var found: [ScanReport.Groups] = []
        if let earlier = suites.last(where: { $0.version < .tls13 && $0.version > .ssl3 }) {
            var groups = ScanReport.Groups(version: earlier.version, groups: [])
            groups.groups = try await namedGroups(earlier.version, earlier.all.filter(\.usesGroups))
            groups.primeBits = try await primeBits(earlier.version, earlier.all.filter(\.usesPrime))
            found.append(groups)
        }
        if let latest = suites.last, latest.version == .tls13 {
            found.append(ScanReport.Groups(version: .tls13, groups: try await namedGroups(.tls13, latest.all)))
        }
        return found
    }

    /// What the server chooses, what it chooses without that, and so on until it chooses none.
    private func namedGroups(_ version: ScanVersion, _ suites: [CipherSuite]) async throws -> [NamedGroup] {
        guard !suites.isEmpty else { return [] }
        var rest = NamedGroup.all
        var chosen: [NamedGroup] = []
        while !rest.isEmpty {
            var hello = prober.hello(version, suites)
            hello.groups = rest.map(\.number)
            if version == .tls13 {
                hello.versions = [version.wireNumber]
                hello.shares = []  // The server has to say which it wants.
            }
            let flight = try await prober.ask(hello, stopsAtHello: false)
            var number = flight.hello?.group
            if case .group(let named) = flight.keyExchange { number = named }
            guard let number, let place = rest.firstIndex(where: { $0.number == number }) else { break }
            chosen.append(rest.remove(at: place))
        }
        return chosen
    }

    private func primeBits(_ version: ScanVersion, _ suites: [CipherSuite]) async throws -> Int? {
        guard !suites.isEmpty else { return nil }
        let flight = try await prober.ask(version, suites, stopsAtHello: false)
        if case .prime(let bits) = flight.keyExchange { return bits }
        return nil
    }
}
