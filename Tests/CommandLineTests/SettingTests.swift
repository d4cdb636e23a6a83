import Base
import JSON
import Testing

@testable import CommandLine

@Suite struct SettingTests {
    @Test(arguments: [
        ("profile=demo", #"{"profile":"demo"}"#), ("a.b=true", #"{"a":{"b":true}}"#), ("a=7", #"{"a":7}"#),
        ("a=07", #"{"a":"07"}"#), ("a=", #"{"a":""}"#), ("a=b=c", #"{"a":"b=c"}"#), ("a=null", #"{"a":null}"#),
        (#"a.b\.c=1"#, #"{"a":{"b.c":1}}"#), ("a[0].b=x", #"{"a":[{"b":"x"}]}"#), ("a={x,1}", #"{"a":["x",1]}"#),
    ])
    func `a path sets a value`(text: String, result: String) throws {
        var target: JSON = [:]
        try SettingPath(parsing: text).apply(to: &target)
        #expect(target.text() == result)
    }

    @Test(arguments: ["", "profile", "=x", "a..b=1", ".a=1", "a[x]=1", "a[-1]=1", "a[9999]=1", "a[1]=1"])
    func `a path that is none is refused`(text: String) {
        #expect(throws: MeshError.self) {
            var target: JSON = [:]
            try SettingPath(parsing: text).apply(to: &target)
        }
    }

    @Test(arguments: [
        ("values.global.mtsl.auto=true", "did you mean values.global.mtls?"),
        ("profil=demo", "did you mean profile?"),
        ("meshConfig.enableAutoMTLS=false", "did you mean meshConfig.enableAutoMtls?"),
        ("meshConfig.meshMTLS.minProtocol=TLSV1_3", "did you mean"),
        ("components.ingressGateways[0].enable=true", "did you mean components.ingressGateways[0].enabled?"),
        ("zzzzz=1", "there is"),
    ])
    func `an unknown setting names the nearest`(text: String, hint: String) {
        let error = #expect(throws: MeshError.self) { try Installation(files: [], sets: [text]) }
        #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    }

    @Test func `a mesh configuration that cannot be read is named`() {
        for text in ["a: [", "enableAutoMtls: maybe"] {
            let error = #expect(throws: MeshError.self) {
                try MeshSnapshot.config(text, of: "ConfigMap istio-system/istio")
            }
            #expect(error?.message.contains("ConfigMap istio-system/istio") == true)
        }
    }

    @Test func `files are checked as settings are`() {
        let text = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  meshConfg: {}\n"
        let error = #expect(throws: MeshError.self) { try Installation(files: [("f.yaml", text)], sets: []) }
        #expect(error?.message == "f.yaml: unknown setting meshConfg; did you mean meshConfig?")
    }

    @Test(arguments: ["kind: Pod\napiVersion: v1\n", "a: [", "[]", "7"])
    func `a file that is no IstioOperator is refused`(text: String) {
        #expect(throws: MeshError.self) { try Installation(files: [("f", text)], sets: []) }
    }

    @Test func `settings lie over files, files over the profile`() throws {
        let text = """
            apiVersion: install.istio.io/v1alpha1
            kind: IstioOperator
            spec: {profile: demo, tag: file, meshConfig: {accessLogFile: /tmp/log, trustDomain: a.example}}
            """
        let installation = try Installation(files: [("f", text)], sets: ["meshConfig.trustDomain=b.example"])
        #expect(installation.profile == .demo)
        #expect(installation.tag == "file")
        #expect(installation.meshConfig["accessLogFile"] == "/tmp/log")
        #expect(installation.meshConfig["trustDomain"] == "b.example")
    }

    @Test func `values that the mesh does not know are refused`() {
        #expect(throws: MeshError.self) {
            try Installation(files: [], sets: ["meshConfig.meshMTLS.minProtocolVersion=TLSV1_1"])
        }
        #expect(throws: MeshError.self) { try Installation(files: [], sets: ["profile=big"]) }
    }
}
