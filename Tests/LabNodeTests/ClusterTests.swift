import Base
import Glibc
import JSON
import Kubernetes
import Subprocess
import Testing

@testable import LabNode

/// Parts of one cluster's life, one after the other, because there is one bridge; needs root.
@Suite(.serialized, .enabled(if: getuid() == 0, "pods are network namespaces, which takes root"))
struct ClusterTests {
    @Test func `a pod runs, prints, is executed in, and goes`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.createPod("one", podSpecification("echo hello; echo oops >&2; exec sleep infinity"))
            let pod = try await cluster.wait(.pods, "one") { PodTemplate.isReady($0) }
            #expect(pod["status", "phase"] == "Running")
            #expect(pod["status", "podIP"]?.string?.hasPrefix("10.245.0.") == true)
            let (code, text) = try await cluster.exec("one", ["sh", "-c", "hostname; cat /etc/resolv.conf; exit 3"])
            #expect(code == 3)
            #expect(text.hasPrefix("one\nsearch default.svc.cluster.local svc.cluster.local cluster.local\n"))
            try await cluster.eventually {
                try await cluster.logs("one").split(separator: "\n").sorted() == ["hello", "oops"]
            }
            #expect(try await cluster.logs("one") { $0.tailLines = 1 }.split(separator: "\n").count == 1)
            let error = await #expect(throws: StatusError.self) {
                try await cluster.exec("one", ["no-such-program"])
            }
            #expect(error?.message.contains("\"no-such-program\": executable file not found in $PATH") ?? false)
            // sleep ignores SIGTERM as first process; nobody should wait ten minutes for that.
            try await cluster.api.delete(.pods, namespace: "default", name: "one", gracePeriodSeconds: 600)
            try await cluster.waitUntilGone(.pods, "one")
            #expect(!FilePath.entries(of: PodNetwork.namespaceDirectory).contains { $0.contains(pod.metadata.uid) })
        }
    }

    @Test func `environment, volumes and their changes reach the containers`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.create(.configMaps, ["metadata": ["name": "settings"], "data": ["color": "blue"]])
            try await cluster.create(
                .secrets,
                ["metadata": ["name": "keys"], "data": ["password": .string(Base64.encode(Array("pw".utf8)))]]
            )
            var spec = podSpecification("exec sleep infinity")
            spec["volumes"] = [
                ["name": "settings", "configMap": ["name": "settings"]],
                [
                    "name": "all",
                    "projected": [
                        "sources": [
                            ["secret": ["name": "keys", "items": [["key": "password", "path": "deep/password"]]]],
                            [
                                "downwardAPI": [
                                    "items": [["path": "labels", "fieldRef": ["fieldPath": "metadata.labels"]]]
                                ]
                            ],
                        ]
                    ],
                ],
                ["name": "scratch", "emptyDir": ["medium": "Memory"]],
            ]
            var container = spec["containers"]?.array?[0] ?? [:]
            container["env"] = [
                ["name": "NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
                ["name": "IP", "valueFrom": ["fieldRef": ["fieldPath": "status.podIP"]]],
                ["name": "GREETING", "value": "hello $(NAME) $(NOBODY) $$(NAME)"],
                ["name": "COLOR", "valueFrom": ["configMapKeyRef": ["name": "settings", "key": "color"]]],
                ["name": "CORES", "valueFrom": ["resourceFieldRef": ["resource": "limits.cpu"]]],
            ]
            container["envFrom"] = [["prefix": "P_", "secretRef": ["name": "keys"]]]
            container["resources"] = ["limits": ["cpu": "500m", "memory": "64Mi"]]
            container["volumeMounts"] = [
                ["name": "settings", "mountPath": "/settings"], ["name": "all", "mountPath": "/all"],
                ["name": "scratch", "mountPath": "/scratch"],
                ["name": "settings", "mountPath": "/single/color", "subPath": "color"],
            ]
            spec["containers"] = [container]
            try await cluster.createPod("two", spec, labels: ["app": "two"])
            let pod = try await cluster.wait(.pods, "two") { PodTemplate.isReady($0) }
            let script = """
                echo "$NAME/$GREETING/$COLOR/$CORES/$P_password"; cat /settings/color /single/color /all/deep/password
                cat /all/labels; touch /scratch/x && echo; echo "$IP"
                cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true
                touch /settings/y 2>/dev/null || echo read-only; touch /made-here && ls /root/.apus 2>&1 | head -1
                """
            let (_, text) = try await cluster.exec("two", ["sh", "-c", script])
            #expect(text.contains("two/hello two $(NOBODY) $(NAME)/blue/1/pw\n"), "\(text)")
            #expect(text.contains("bluebluepwapp=\"two\"\n"), "\(text)")
            #expect(text.contains(pod["status", "podIP"]?.string ?? "?"))
            #expect(text.contains("67108864"), "the memory limit is a cgroup's: \(text)")
            #expect(text.contains("read-only"))
            #expect(!Files.exists("/made-here"))
            _ = try await cluster.api.patch(
                .configMaps,
                namespace: "default",
                name: "settings",
                subresource: nil,
                .merge,
                ["data": ["color": "red"]]
            )
            try await cluster.eventually { try await cluster.exec("two", ["cat", "/settings/color"]).1 == "red" }
        }
    }

    @Test func `init containers, sidecars and a Job come to their end in order`() async throws {
        try await TestCluster.run { cluster in
            let spec: JSON = [
                "restartPolicy": "Never", "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 5,
                "volumes": [["name": "log", "emptyDir": [:]]],
                "initContainers": [
                    step("first", "echo first >> /log/steps"),
                    [
                        "name": "sidecar", "image": "busybox", "restartPolicy": "Always",
                        "command": [
                            "sh", "-c",
                            "trap 'exit 0' TERM; echo sidecar >> /log/steps; touch /tmp/up; while :; do sleep 0.1; done",
                        ],
                        "startupProbe": ["exec": ["command": ["test", "-e", "/tmp/up"]], "periodSeconds": 1],
                        "volumeMounts": [["name": "log", "mountPath": "/log"]],
                    ],
                    step("second", "echo second >> /log/steps"),
                ],
                "containers": [step("app", "echo app >> /log/steps; sleep 0.3; cat /log/steps")],
            ]
            try await cluster.waitForNamespace()
            try await cluster.create(.jobs, ["metadata": ["name": "job"], "spec": ["template": ["spec": spec]]])
            let job = try await cluster.wait(.jobs, "job") { PodTemplate.condition("Complete", of: $0) != nil }
            #expect(job["status", "succeeded"] == 1)
            let pods = try await cluster.api.list(.pods, namespace: "default", labelSelector: nil, fieldSelector: nil)
            let pod = try #require(pods.items.first)
            #expect(pod["status", "phase"] == "Succeeded")
            #expect(try await cluster.logs(pod.metadata.name) == "first\nsidecar\nsecond\napp\n")
        }
    }

    private func step(_ name: String, _ script: String) -> JSON {
        [
            "name": .string(name), "image": "busybox", "command": ["sh", "-c", .string(script)],
            "volumeMounts": [["name": "log", "mountPath": "/log"]],
        ]
    }

    @Test func `a Deployment behind a Service is reached by name, rolled out, scaled and deleted`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.waitForNamespace()
            try await ClusterServices(cluster.api, addresses: cluster.configuration.addresses).ensure(serverPort: 6443)
            try await cluster.create(.namespaces, ["metadata": ["name": "foo"]], namespace: nil)
            try await cluster.waitForNamespace("foo")
            try await cluster.create(.deployments, httpbin(version: "v1"), namespace: "foo")
            try await cluster.create(
                .services,
                [
                    "metadata": ["name": "httpbin"],
                    "spec": [
                        "selector": ["app": "httpbin"], "ports": [["name": "http", "port": 8000, "targetPort": "web"]],
                    ],
                ],
                namespace: "foo"
            )
            try await cluster.createPod("client", podSpecification("exec sleep infinity"))
            try await cluster.wait(.pods, "client") { PodTemplate.isReady($0) }
            try await cluster.wait(.deployments, "httpbin", namespace: "foo") { $0["status", "availableReplicas"] == 2 }
            let curl = ["curl", "-sS", "--max-time", "3", "http://httpbin.foo:8000/headers"]
            try await cluster.eventually { try await cluster.exec("client", curl).1.contains("Host") }
            let service = try await cluster.api.get(.services, namespace: "foo", name: "httpbin")
            let address = try #require(service["spec", "clusterIP"]?.string)
            let fromHost = try await Subprocess("curl", ["-sS", "--max-time", "3", "http://\(address):8000/ip"]).run()
            #expect(fromHost.text.contains("origin"), "\(fromHost.errorText)")
            // Nobody listens there: an error at once, no wait.
            let (code, words) = try await cluster.exec(
                "client",
                ["curl", "-sS", "--max-time", "3", "http://\(address):81/"]
            )
            #expect(code == 7, "\(words)")
            let first = try await cluster.api.get(.deployments, namespace: "foo", name: "httpbin")
            #expect(first.metadata.annotations[DeploymentPlan.revisionKey] == "1")
            _ = try await cluster.api.patch(
                .deployments,
                namespace: "foo",
                name: "httpbin",
                subresource: nil,
                .strategicMerge,
                ["spec": ["replicas": 1, "template": ["metadata": ["labels": ["version": "v2"]]]]]
            )
            try await cluster.wait(.deployments, "httpbin", namespace: "foo") {
                $0.metadata.annotations[DeploymentPlan.revisionKey] == "2" && $0["status", "replicas"] == 1
                    && $0["status", "updatedReplicas"] == 1 && $0["status", "availableReplicas"] == 1
            }
            try await cluster.eventually { try await cluster.exec("client", curl).1.contains("Host") }
            try await cluster.api.delete(.namespaces, namespace: nil, name: "foo", gracePeriodSeconds: nil)
            try await cluster.waitUntilGone(.namespaces, "foo", namespace: nil)
            let gone = ["curl", "-sS", "--max-time", "1", "http://\(address):8000/"]
            try await cluster.eventually { try await cluster.exec("client", gone).0 == 7 }
        }
    }

    private func httpbin(version: String) -> JSON {
        [
            "metadata": ["name": "httpbin"],
            "spec": [
                "replicas": 2, "selector": ["matchLabels": ["app": "httpbin"]],
                "template": [
                    "metadata": ["labels": ["app": "httpbin", "version": .string(version)]],
                    "spec": [
                        "automountServiceAccountToken": false,
                        "containers": [
                            [
                                "name": "httpbin", "image": "docker.io/kennethreitz/httpbin",
                                "ports": [["name": "web", "containerPort": 80]],
                                "readinessProbe": ["httpGet": ["path": "/ip", "port": "web"], "periodSeconds": 1],
                            ]
                        ],
                    ],
                ],
            ],
        ]
    }

    @Test func `a container that fails is started again, later each time`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.createPod("crash", podSpecification("echo life; exit 3"))
            let pod = try await cluster.wait(.pods, "crash") {
                $0["status", "containerStatuses"]?.array?.first?["state", "waiting", "reason"] == "CrashLoopBackOff"
            }
            let status = try #require(pod["status", "containerStatuses"]?.array?.first)
            #expect(status["lastState", "terminated", "exitCode"] == 3)
            #expect(status["restartCount"] == 1)
            #expect(try await cluster.logs("crash") { $0.previous = true } == "life\n")
            try await cluster.createPod("unknown", ["containers": [["name": "app", "image": "example.com/thing:1"]]])
            try await cluster.wait(.pods, "unknown") {
                let state = $0["status", "containerStatuses"]?.array?.first?["state", "waiting"]
                return state?["reason"] == "ErrImageNeverPull" && state?["message"]?.string?.contains("command") == true
            }
        }
    }
}
