import Base
import JSON
import Testing

@testable import LabNode

@Suite struct VariableExpansionTests {
    @Test(arguments: [
        ("plain", "plain"), ("$(A)", "1"), ("x$(A)$(B)y", "x12y"), ("$(NONE)", "$(NONE)"), ("$$(A)", "$(A)"),
        ("$", "$"), ("$(A", "$(A"), ("$A", "$A"), ("$$$(A)", "$1"), ("", ""),
    ])
    func `replaces what is set and leaves the rest`(text: String, result: String) {
        #expect(expandVariables(text) { ["A": "1", "B": "2"][$0] } == result)
    }
}

@Suite struct QuantityTests {
    @Test(arguments: [
        ("1", 1000), ("100m", 100), ("1.5", 1500), ("64Mi", 64 * 1024 * 1024 * 1000), ("2k", 2_000_000),
        ("1G", 1_000_000_000_000),
    ])
    func `reads Kubernetes' suffixes`(text: String, thousandths: Int64) {
        #expect(Quantity(text)?.thousandths == thousandths)
    }

    @Test(arguments: ["", "x", "1x", "1 Mi", "Mi", "--1", "1e999"])
    func `refuses anything else`(text: String) { #expect(Quantity(text) == nil) }
}

@Suite struct ImageTableTests {
    private let table = ImageTable()

    private func container(_ image: String, _ more: JSON = [:]) -> ContainerSpecification {
        var json = more
        json["name"] = "c"
        json["image"] = .string(image)
        return ContainerSpecification(json, isInit: false)
    }

    @Test(arguments: [
        ("docker.io/kennethreitz/httpbin", "kennethreitz/httpbin"), ("busybox", "busybox"),
        ("docker.io/library/busybox:1.36", "busybox"), ("localhost:5000/a/b@sha256:00", "a/b"),
        ("docker.io/istio/proxyv2:1.20", "istio/proxyv2"), ("", ""),
    ])
    func `knows an image by its repository`(image: String, repository: String) {
        #expect(ImageTable.repository(of: image) == repository)
    }

    @Test func `runs httpbin on the port that the container declares`() throws {
        let command = try table.command(of: container("kennethreitz/httpbin", ["ports": [["containerPort": 8080]]]))
        #expect(command.first == "gunicorn")
        #expect(command.contains("0.0.0.0:8080"))
    }

    @Test func `a command replaces the image's program, arguments alone follow it`() throws {
        #expect(try table.command(of: container("anything", ["command": ["a"], "args": ["b"]])) == ["a", "b"])
        #expect(try table.command(of: container("istio/proxyv2", ["args": ["proxy"]])) == ["apus-proxy", "proxy"])
        #expect(try table.command(of: container("busybox", ["args": ["id"]])) == ["id"])
    }

    @Test func `an unknown image without a command says what to do`() {
        let error = #expect(throws: MeshError.self) { try table.command(of: container("nginx", ["args": ["x"]])) }
        #expect(error?.message.contains("command: [") == true)
    }
}

@Suite struct CapabilitiesTests {
    @Test func `adds, drops, and gives a privileged container all`() {
        #expect(Capabilities(["add": ["NET_ADMIN"], "drop": ["ALL"]], isPrivileged: false).names == ["CAP_NET_ADMIN"])
        #expect(Capabilities(nil, isPrivileged: false).names.contains("CAP_NET_BIND_SERVICE"))
        #expect(!Capabilities(["drop": ["net_raw"]], isPrivileged: false).names.contains("CAP_NET_RAW"))
        #expect(!Capabilities(nil, isPrivileged: false).names.contains("CAP_SYS_ADMIN"))
        #expect(Capabilities(nil, isPrivileged: true).names.contains("CAP_SYS_ADMIN"))
    }
}

@Suite struct MachineMountsTests {
    @Test func `shows disks below the root and hides kernel and state directories`() {
        let text = """
            22 1 8:1 / / rw - ext4 /dev/sda1 rw
            23 22 8:2 / /home rw shared:1 - ext4 /dev/sda2 rw
            24 22 0:5 / /proc rw - proc proc rw
            25 22 8:3 / /var/lib/apus-lab rw - ext4 /dev/sda3 rw
            26 22 0:6 / /srv rw - tmpfs tmpfs rw
            27 22 0:7 / /data rw - nfs4 server:/data rw
            garbage
            """
        #expect(RootFileSystem.machineMounts(text, hidden: ["/var/lib/apus-lab"]) == ["/home", "/data"])
    }
}
