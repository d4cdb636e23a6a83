import JSON
import Kubernetes
import Mesh
import TestKubernetes
import Testing

@testable import ControlPlane

@Suite struct StatusWriterTests {
    private static let rule = ObjectReference("DestinationRule", ObjectKey(namespace: "full", name: "rule"))

    /// What the rule's status says once a writer has run that was given `verdicts` before, one after the other.
    private func reason(after verdicts: [Verdict], failures: [any Error] = [], expected: String) async throws -> String?
    {
        let api = InMemoryAPI()
        api.put(.destinationRules, ["metadata": ["namespace": "full", "name": "rule"]])
        for failure in failures { api.failNext(failure) }
        let writer = StatusWriter(api: api)
        for verdict in verdicts { writer.add([Self.rule: verdict]) }
        let work = Task { await writer.run() }
        defer { work.cancel() }
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let object = try await api.get(.destinationRules, namespace: "full", name: "rule")
            let reason = object["status", "conditions"]?.array?.first?["reason"]?.string
            if reason == expected || ContinuousClock.now > deadline { return reason }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func `of several verdicts on one object the last is written`() async throws {
        let verdicts: [Verdict] = [.refused("a"), .partly("b"), .accepted]
        #expect(try await reason(after: verdicts, expected: "Accepted") == "Accepted")
    }

    @Test(arguments: [409, 429, 500, 503])
    func `what could not be written is written later`(code: Int) async throws {
        let failure = StatusError(code: code, reason: "NotNow", message: "not now")
        #expect(try await reason(after: [.refused("a")], failures: [failure], expected: "Invalid") == "Invalid")
    }

    @Test func `what the server refuses does not keep others from being written`() async throws {
        let api = InMemoryAPI()
        api.put(.destinationRules, ["metadata": ["namespace": "full", "name": "rule"]])
        api.failNext(StatusError(code: 403, reason: "Forbidden", message: "not you"))
        let writer = StatusWriter(api: api)
        writer.add([Self.rule: .refused("a")])
        let work = Task { await writer.run() }
        defer { work.cancel() }
        let deadline = ContinuousClock.now + .seconds(30)
        // The first is given up: what is there then is of the second.
        var reason: String?
        while reason == nil, ContinuousClock.now < deadline {
            writer.add([Self.rule: .partly("b")])
            try await Task.sleep(for: .milliseconds(2))
            let object = try await api.get(.destinationRules, namespace: "full", name: "rule")
            reason = object["status", "conditions"]?.array?.first?["reason"]?.string
        }
        #expect(reason == "PartiallyInvalid")
    }
}
