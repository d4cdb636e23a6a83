import Testing

/// What people type, against the real kubectl.
@Suite struct KubectlTests {
    private static let deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1", ports: [{containerPort: 80}]}]}
        """

    @Test(arguments: ServingServer.programs) func `apply, get, patch, label, delete`(program: String) async throws {
        try await ServingServer.run { server in
            func run(_ arguments: String..., input: String = "") async throws -> String {
                let answer = try await server.kubectl(arguments, input: input, program: program)
                #expect(answer.succeeded, "\(arguments): \(answer.error)")
                return answer.output
            }
            #expect(try await run("apply", "-f", "-", input: Self.deployment) == "deployment.apps/web created")
            #expect(try await run("apply", "-f", "-", input: Self.deployment) == "deployment.apps/web unchanged")
            #expect(try await run("scale", "deploy/web", "--replicas=3") == "deployment.apps/web scaled")
            #expect(try await run("set", "image", "deploy/web", "web=web:2") == "deployment.apps/web image updated")
            #expect(try await run("label", "deploy", "web", "tier=front") == "deployment.apps/web labeled")
            #expect(try await run("apply", "-f", "-", input: Self.deployment) == "deployment.apps/web configured")
            let path = "jsonpath={.spec.replicas} {.metadata.labels.tier} {.spec.template.spec.containers[0].image}"
            #expect(try await run("get", "deploy", "web", "-o", path) == "2 front web:1")
            #expect(
                try await run("get", "deploy").hasPrefix(
                    "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    0/2     0            0"
                )
            )
            let description = try await run("describe", "deploy", "web")
            #expect(description.contains("RollingUpdateStrategy:  25% max unavailable"))
            let field = try await run("explain", "deployment.spec.replicas")
            #expect(field.contains("How many pods there should be"))
            #expect(try await run("expose", "deploy", "web", "--port=80") == "service/web exposed")
            #expect(try await run("create", "configmap", "c", "--from-literal=a=b") == "configmap/c created")
            #expect(try await run("get", "cm", "c", "-o", "jsonpath={.data.a}") == "b")
            let deleted = try await run("delete", "deploy/web", "svc/web")
            #expect(deleted.contains("deployment.apps \"web\" deleted"))
        }
    }

    @Test(arguments: ServingServer.programs)
    func `a deployment without a selector is accepted in extensions v1beta1`(program: String) async throws {
        let old = """
            apiVersion: extensions/v1beta1
            kind: Deployment
            metadata: {name: old}
            spec:
              replicas: 1
              template:
                metadata: {labels: {app: old}}
                spec: {containers: [{name: a, image: a}]}
            """
        try await ServingServer.run { server in
            let said = try await server.output("apply", "-f", "-", input: old, program: program)
            #expect(said == "deployment.extensions/old created")
            #expect(
                try await server.output("get", "deploy", "old", "-o", "jsonpath={.spec.selector.matchLabels.app}")
                    == "old"
            )
        }
    }

    @Test func `mistakes are answered in the words users know`() async throws {
        try await ServingServer.run { server in
            #expect(try await server.failure("get", "pod", "x") == "Error from server (NotFound): pods \"x\" not found")
            #expect(
                try await server.failure("create", "ns", "default")
                    == "Error from server (AlreadyExists): namespaces \"default\" already exists"
            )
            let unknown = Self.deployment.replacing("replicas:", with: "replcas:")
            let strict = try await server.failure("apply", "-f", "-", input: unknown)
            #expect(
                strict.hasSuffix(
                    "cannot be handled as a Deployment: strict decoding error: unknown field \"spec.replcas\""
                )
            )
            let mistyped = Self.deployment.replacing("replicas: 2", with: "replicas: two")
            let wrong = try await server.failure("apply", "-f", "-", input: mistyped)
            #expect(
                wrong.hasSuffix(
                    "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
                )
            )
            let unnamed = Self.deployment.replacing("image: \"web:1\", ", with: "")
            #expect(
                try await server.failure("apply", "-f", "-", input: unnamed)
                    == "The Deployment \"web\" is invalid: spec.template.spec.containers[0].image: Required value"
            )
            let data = String(repeating: "x", count: 1 << 21)
            let large = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata: {a: \(data)}"
            let tooLarge = try await server.failure("create", "-f", "-", input: large)
            #expect(tooLarge.contains("\"big\" is invalid: data: Too long: may not be more than 1048576 bytes"))
        }
    }

    @Test func `server-side apply, dry run and diff change what they should`() async throws {
        try await ServingServer.run { server in
            let applied = try await server.output("apply", "--server-side", "-f", "-", input: Self.deployment)
            #expect(applied == "deployment.apps/web serverside-applied")
            let other = Self.deployment.replacing("replicas: 2", with: "replicas: 5")
            let refused = try await server.kubectl(
                ["apply", "--server-side", "--field-manager=other", "-f", "-"],
                input: other
            )
            #expect(refused.error.contains("Apply failed with 1 conflict: conflict with \"kubectl\": .spec.replicas"))
            _ = try await server.output(
                "apply",
                "--server-side",
                "--dry-run=server",
                "--force-conflicts",
                "--field-manager=other",
                "-f",
                "-",
                input: other
            )
            #expect(try await server.output("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "2")
        }
    }

    @Test func `a custom resource definition is served at once`() async throws {
        let crd = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: widgets.example.com}
            spec:
              group: example.com
              scope: Namespaced
              names: {plural: widgets, kind: Widget, shortNames: [wd]}
              versions:
              - name: v1
                served: true
                storage: true
                additionalPrinterColumns: [{name: Mode, type: string, jsonPath: .spec.mode}]
                schema:
                  openAPIV3Schema:
                    type: object
                    properties:
                      spec: {type: object, properties: {mode: {type: string, enum: [A, B], description: Which way.}}}
            """
        func widget(_ mode: String) -> String {
            "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {mode: \(mode)}"
        }
        try await ServingServer.run { server in
            _ = try await server.output("apply", "-f", "-", input: crd)
            _ = try await server.output("wait", "--for=condition=established", "crd/widgets.example.com")
            #expect(try await server.output("apply", "-f", "-", input: widget("A")) == "widget.example.com/w created")
            #expect(try await server.output("get", "wd") == "NAME   MODE\nw      A")
            #expect(
                try await server.failure("apply", "-f", "-", input: widget("C"))
                    == "The Widget \"w\" is invalid: spec.mode: Unsupported value: \"C\": supported values: \"A\", \"B\""
            )
            let field = try await server.output("explain", "widget.spec.mode")
            #expect(field.contains("Which way."))
            _ = try await server.output("delete", "crd", "widgets.example.com")
            let gone = try await server.failure("get", "widgets.v1.example.com")
            #expect(gone.contains("the server"))
        }
    }

    @Test func `a service account can do what it is granted, and nothing else`() async throws {
        try await ServingServer.run { server in
            _ = try await server.output("create", "sa", "robot")
            _ = try await server.output("create", "role", "reader", "--verb=get,list", "--resource=configmaps")
            _ = try await server.output("create", "rolebinding", "r", "--role=reader", "--serviceaccount=default:robot")
            let token = try await server.output("create", "token", "robot")
            let kubeconfig = "/dev/null"
            func asRobot(_ arguments: String...) async throws -> ServingServer.Answer {
                try await server.kubectl(
                    [
                        "--kubeconfig", kubeconfig, "--server", "https://\(server.address)", "--token", token,
                        "--insecure-skip-tls-verify",
                    ] + arguments
                )
            }
            #expect(try await asRobot("get", "cm").succeeded)
            #expect(
                try await asRobot("get", "secrets").error
                    == "Error from server (Forbidden): secrets is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\""
            )
            #expect(try await asRobot("auth", "can-i", "get", "configmaps").output == "yes")
            #expect(try await asRobot("auth", "can-i", "delete", "configmaps").output == "no")
            _ = try await server.output("delete", "sa", "robot")
            let refused = try await asRobot("get", "cm")
            #expect(refused.error.contains("Unauthorized"))
        }
    }

    @Test func `wait and watch see changes`() async throws {
        try await ServingServer.run { server in
            _ = try await server.output("create", "configmap", "c", "--from-literal=a=b")
            async let waited = server.kubectl(["wait", "--for=jsonpath={.data.a}=c", "cm/c", "--timeout=20s"])
            _ = try await server.output("patch", "cm", "c", "-p", "{\"data\":{\"a\":\"c\"}}")
            #expect(try await waited.output == "configmap/c condition met")
            async let deleted = server.kubectl(["wait", "--for=delete", "cm/c", "--timeout=20s"])
            _ = try await server.output("delete", "cm", "c")
            #expect(try await deleted.succeeded)
        }
    }
}
