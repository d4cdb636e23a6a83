import Testing

/// Waits until `condition` holds, for as long as a busy machine may need.
func eventually(
    _ what: Comment,
    location: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(45)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("it did not come about that \(what)", sourceLocation: location)
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
