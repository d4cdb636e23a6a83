import JSON
import Kubernetes
import Mesh
import TestMesh
import Testing
import YAML

/// VirtualServices that name a gateway which is not there.
@Suite struct MissingGatewayTests {
    private static func gateway(_ name: String) -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {namespace: foo, name: \(name)}
        spec: {servers: [{hosts: [a.com], port: {number: 80, name: http, protocol: HTTP}}]}

        """
    }
    private static func routes(_ gateways: String) -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {namespace: foo, name: vs}
        spec: {hosts: [a.com], gateways: [\(gateways)], http: [{route: [{destination: {host: web}}]}]}

        """
    }
    private let virtualService = ObjectReference("VirtualService", ObjectKey(namespace: "foo", name: "vs"))

    private func shortcoming(_ text: String) throws -> String? {
        var fixture = MeshFixture()
        try fixture.add(text)
        return fixture.model.shortcomings[virtualService]
    }

    @Test func `it is told, with the gateway that was probably meant`() throws {
        #expect(
            try shortcoming(Self.gateway("web") + Self.routes("web-of-last-week"))
                == "gateways: there is no Gateway foo/web-of-last-week, so that none has its routes; did you mean foo/web?"
        )
        #expect(
            try shortcoming(Self.routes("mesh, bar/web"))
                == "gateways: there is no Gateway bar/web, so that none has its routes"
        )
    }

    @Test func `mesh, and gateways that are there, are no shortcoming, in whatever order they come`() throws {
        #expect(try shortcoming(Self.routes("mesh")) == nil)
        #expect(try shortcoming(Self.gateway("web") + Self.routes("web, mesh")) == nil)
        #expect(try shortcoming(Self.routes("foo/web") + Self.gateway("web")) == nil)
    }

    @Test func `it is told again when the gateway goes`() throws {
        var fixture = MeshFixture()
        try fixture.add(Self.routes("web") + Self.gateway("web"))
        var model = fixture.model
        #expect(model.shortcomings.isEmpty)
        for object in try YAML.values(Self.gateway("web")) { _ = model.remove(object) }
        #expect(model.shortcomings.count == 1)
        for object in try YAML.values(Self.routes("web")) { _ = model.remove(object) }
        #expect(model.shortcomings.isEmpty)
    }
}
