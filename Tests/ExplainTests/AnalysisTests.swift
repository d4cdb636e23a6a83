import Explain
import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

@Suite struct AnalysisTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let objects: String
        /// The lines of the code in question; none when there is nothing to find.
        let code: String
        var lines: [String] = []
        var testDescription: String { rule }
    }

    private static func analyze(_ objects: String, _ options: Analysis.Options = Analysis.Options()) throws -> Analysis
    {
        var mesh = try Manifest.migration()
        try mesh.add(objects)
        return Analysis(mesh.allObjects.map { Analysis.Resource($0) }, config: mesh.config, options: options)
    }

    @Test(arguments: cases) func `finds exactly what is wrong`(rule: Case) throws {
        let lines = try Self.analyze(rule.objects).messages.filter { $0.code == rule.code }.map(\.line)
        #expect(lines == rule.lines)
    }

    @Test func `a healthy mesh has no findings`() throws { #expect(try Self.analyze("").messages.isEmpty) }

    @Test func `what the control plane wrote into a status is told unless another finding explains it`() throws {
        func codes(_ host: String, _ reason: String) throws -> [String] {
            let status = "status: {conditions: [{type: Accepted, status: 'False', reason: \(reason), message: M}]}\n"
            return try Self.analyze(Manifest.rule("full", "r", "host: \(host)") + status).messages.map(\.code)
        }
        #expect(try codes("httpbin", "PartiallyInvalid") == ["IST0171"])
        let explained = try codes("nowhere.full.svc.cluster.local", "PartiallyInvalid")
        #expect(!explained.isEmpty && !explained.contains("IST0171"))
        for reason in ["PartiallyFailing", "SomebodyElses"] {
            #expect(try codes("nowhere.full.svc.cluster.local", reason).contains("IST0171"))
        }
    }

    @Test func `findings name file and line, and are sorted by level`() throws {
        let rule = try YAML.documents(Manifest.rule("full", "r", "host: nope, trafficPolicy: {tls: {mode: MUTUAL}}"))[0]
        let namespace = try YAML.value(Self.namespace("shop"))
        let analysis = Analysis([
            Analysis.Resource(namespace), Analysis.Resource(rule.value, file: "a.yaml", line: rule.line),
        ])
        #expect(analysis.messages.map(\.level) == [.error, .error, .warning, .warning, .info])
        #expect(
            analysis.messages[0].line.hasPrefix(
                "Error [IST0106] (DestinationRule full/r a.yaml:2) Schema validation error: "
            )
        )
        #expect(analysis.messages[0].json["reference"] == "a.yaml:2")
        #expect(analysis.messages[0].json["documentationUrl"]?.string?.hasSuffix("/ist0106/") == true)
        #expect(analysis.messages[0].colouredLine.hasPrefix("\u{1b}[1;31mError\u{1b}[0m [IST0106]"))
    }

    @Test(arguments: [
        ("IST0102=Namespace shop", true), ("IST0102=Namespace *", true), ("IST0102=*o*", true),
        ("IST0102=Namespace sho", false),
        ("IST0103=Namespace shop", false), ("IST0102", false), ("=", false),
    ])
    func `a suppression is for a code and objects by pattern`(suppression: String, isSuppressed: Bool) throws {
        var options = Analysis.Options()
        options.suppressions = [suppression]
        #expect(try Self.analyze(Self.namespace("shop"), options).messages.isEmpty == isSuppressed)
    }

    @Test(arguments: [("IST0102", true), ("'*'", true), ("IST0101,IST0102", true), ("IST0103", false)])
    func `an object can suppress findings about itself`(codes: String, isSuppressed: Bool) throws {
        let text =
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {galley.istio.io/analyze-suppress: \"\(codes.replacing("'", with: ""))\"}}\n"
        #expect(try Self.analyze(text).messages.isEmpty == isSuppressed)
    }

    @Test func `a namespace or an analyzer can be chosen`() throws {
        let objects = Self.namespace("shop") + Manifest.policy("full", "p", "selector: {}")
        var options = Analysis.Options()
        options.namespace = "full"
        #expect(try Self.analyze(objects, options).messages.map(\.code) == ["IST0133"])
        options = Analysis.Options()
        options.analyzers = ["injection.Analyzer"]
        #expect(try Self.analyze(objects, options).messages.map(\.code) == ["IST0102"])
        options.analyzers = ["nope"]
        #expect(try Self.analyze(objects, options).messages.count == 2)
    }
}
