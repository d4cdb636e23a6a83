import JSON
import Kubernetes
import Mesh
import MeshAPI
import TestMesh
import Testing
import YAML

/// VirtualServices that delegate routes to others.
@Suite struct DelegateTests {
    /// A root in foo with `http`, and a delegate in bar with `leaf`.
    private static func objects(root http: String, leaf: String, more: String = "") -> [String] {
        [
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: root, namespace: foo}
            spec: {hosts: [reviews], http: \(http)}

            """,
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: leaf, namespace: bar}
            spec: {\(more) http: \(leaf)}

            """,
        ]
    }

    private static func model(_ objects: [String]) throws -> MeshModel {
        try SidecarRouteTests.mesh(objects.map { "---\n\($0)" }.joined())
    }

    private static func routes(root: String, leaf: String, more: String = "") throws -> [HTTPRouteDecision] {
        let model = try model(objects(root: root, leaf: leaf, more: more))
        return SidecarRouteTests.decision(model).routes ?? []
    }

    private static let delegate = "delegate: {name: leaf, namespace: bar}"
    private static let route = "route: [{destination: {host: ratings}}]"

    @Test func `the delegate's routes stand in the place of the one that delegates`() throws {
        let routes = try Self.routes(
            root:
                "[{name: a, match: [{uri: {exact: /x}}], \(Self.route)}, {name: r, match: [{uri: {prefix: /a}}], \(Self.delegate)}, {name: z, \(Self.route)}]",
            leaf: "[{name: l, match: [{uri: {prefix: /a/b}}], \(Self.route)}, {\(Self.route)}]"
        )
        #expect(routes.map(\.name) == ["a", "r-l", "r", "z"])
        #expect(routes.map { $0.matches.map(\.uri) } == [[.exact("/x")], [.prefix("/a/b")], [.prefix("/a")], []])
        #expect(
            routes.map(\.origin.description) == [
                "VirtualService foo/root", "VirtualService bar/leaf", "VirtualService bar/leaf",
                "VirtualService foo/root",
            ]
        )
        // Short names are of the namespace that they were written in.
        #expect(SidecarRouteTests.destinations(routes[1]) == ["outbound|9080||ratings.bar.svc.cluster.local"])
    }

    struct Pair: CustomTestStringConvertible, Sendable {
        let root: String
        let leaf: String
        /// The merged match; nil when no request can meet both.
        let merged: String?
        var testDescription: String { "\(root) with \(leaf)" }
    }

    @Test(arguments: [
        Pair(root: "uri: {prefix: /a}", leaf: "uri: {prefix: /a/b}", merged: "uri: {prefix: /a/b}"),
        Pair(root: "uri: {prefix: /a}", leaf: "uri: {exact: /ab}", merged: "uri: {exact: /ab}"),
        Pair(root: "uri: {prefix: /a/b}", leaf: "uri: {prefix: /a}", merged: nil),
        Pair(root: "uri: {exact: /a}", leaf: "uri: {exact: /a}", merged: "uri: {exact: /a}"),
        Pair(root: "uri: {exact: /a}", leaf: "uri: {exact: /b}", merged: nil),
        Pair(root: "uri: {exact: /a}", leaf: "uri: {prefix: /a}", merged: nil),
        Pair(root: "uri: {prefix: /a}", leaf: "uri: {regex: /a.*}", merged: nil),
        Pair(root: "uri: {prefix: /a}", leaf: "uri: {prefix: /a}, ignoreUriCase: true", merged: nil),
        Pair(
            root: "method: {exact: GET}",
            leaf: "uri: {prefix: /a}",
            merged: "method: {exact: GET}, uri: {prefix: /a}"
        ),
        Pair(
            root: "headers: {a: {exact: x}}",
            leaf: "headers: {b: {exact: w}}",
            merged: "headers: {a: {exact: x}, b: {exact: w}}"
        ),
        Pair(root: "headers: {a: {exact: x}}", leaf: "headers: {a: {exact: w}}", merged: nil),
        Pair(root: "headers: {a: {}}", leaf: "headers: {a: {exact: w}}", merged: "headers: {a: {exact: w}}"),
        Pair(root: "queryParams: {a: {exact: x}}", leaf: "queryParams: {a: {exact: w}}", merged: nil),
        Pair(root: "withoutHeaders: {a: {exact: x}}", leaf: "withoutHeaders: {a: {exact: w}}", merged: nil),
        Pair(root: "port: 9080", leaf: "port: 9080", merged: "port: 9080"),
        Pair(root: "port: 9080", leaf: "port: 81", merged: nil),
        Pair(root: "sourceNamespace: bar", leaf: "sourceNamespace: foo", merged: nil),
        Pair(root: "sourceNamespace: bar", leaf: "port: 9080", merged: "sourceNamespace: bar, port: 9080"),
        Pair(root: "sourceLabels: {a: b}", leaf: "sourceLabels: {a: c}", merged: nil),
        Pair(root: "gateways: [mesh]", leaf: "gateways: [other]", merged: nil),
        Pair(root: "gateways: [mesh]", leaf: "gateways: [mesh]", merged: "gateways: [mesh]"),
    ])
    func `a match holds within the root's, and not at all where the two cannot both hold`(pair: Pair) throws {
        let http = "[{match: [{\(pair.root)}], \(Self.delegate)}]"
        let leaf = "[{match: [{\(pair.leaf)}], \(Self.route)}]"
        let model = try Self.model(Self.objects(root: http, leaf: leaf))
        let object = try #require(model.virtualServices(boundTo: "mesh", visibleIn: "bar").first)
        var expected: [VirtualService.HTTPMatch] = []
        if let merged = pair.merged {
            let text = Self.objects(root: "[{match: [{\(merged)}], \(Self.route)}]", leaf: "[]")[0]
            expected = try VirtualService(YAML.value(text)).http[0].match
        }
        #expect(object.http.flatMap(\.match) == expected)
        #expect(object.problems.isEmpty == (pair.merged != nil))
    }

    @Test func `what the delegate's route leaves open is the root's`() throws {
        let routes = try Self.routes(
            root:
                "[{timeout: 3s, retries: {attempts: 7}, headers: {request: {set: {a: b}}}, fault: {abort: {httpStatus: 400}}, \(Self.delegate)}]",
            leaf: "[{timeout: 1s, \(Self.route)}]"
        )
        guard case .forward(let forwarding)? = routes.first?.action else { throw HTTPRouteDecisionTests.NoRoute() }
        #expect(forwarding.timeout == .seconds(1) && forwarding.retries.attempts == 7)
        #expect(routes[0].headers.request.set == ["a": "b"] && routes[0].fault?.abort?.httpStatus == 400)
    }

    @Test(
        arguments: [
            ("delegate: {name: leaf}", "", "not there"), ("delegate: {name: x, namespace: bar}", "", "not there"),
            (delegate, "exportTo: ['.'],", "not exported"), (delegate, "hosts: [x],", "has hosts"),
            (delegate, "exportTo: [foo],", nil), (delegate, "exportTo: ['*'],", nil),
        ] as [(String, String, String?)]
    )
    func `a delegate must be there, without hosts, and exported to the root`(
        reference: String,
        more: String,
        problem: String?
    ) throws {
        let model = try Self.model(
            Self.objects(
                root: "[{\(reference)}, {name: z, \(Self.route)}]",
                leaf: "[{name: l, \(Self.route)}]",
                more: more
            )
        )
        let object = try #require(
            model.virtualServices(boundTo: "mesh", visibleIn: "x").first { $0.key.name == "root" }
        )
        #expect(object.http.map(\.name) == (problem == nil ? ["l", "z"] : ["z"]))
        #expect(problem.map { object.problems.first?.contains($0) ?? false } ?? object.problems.isEmpty)
    }

    @Test func `a delegate takes no requests by itself`() throws {
        let model = try Self.model([Self.objects(root: "[]", leaf: "[{\(Self.route)}]")[1]])
        #expect(model.virtualServices(boundTo: "mesh", visibleIn: "bar").isEmpty)
    }

    @Test func `delegates that delegate again, or to each other, end`() throws {
        let model = try Self.model(
            Self.objects(
                root: "[{\(Self.delegate)}]",
                leaf: "[{delegate: {name: leaf}}, {delegate: {name: root, namespace: foo}}]"
            )
        )
        let object = try #require(model.virtualServices(boundTo: "mesh", visibleIn: "bar").first)
        // An object that delegates again is refused, and so is not there.
        #expect(object.http.isEmpty && object.problems.count == 1)
        let leaf = ObjectReference("VirtualService", ObjectKey(namespace: "bar", name: "leaf"))
        #expect(model.problems[leaf]?.contains("delegate HTTP route cannot contain delegate") ?? false)
    }

    @Test func `the order in which the two arrive, and changes of either, make no difference`() throws {
        let objects = Self.objects(root: "[{\(Self.delegate)}]", leaf: "[{name: l, \(Self.route)}]")
        var model = try SidecarRouteTests.mesh("")
        let root = try YAML.value(objects[0])
        let leaf = try YAML.value(objects[1])
        #expect(model.update(root).routedHosts == ["reviews.foo.svc.cluster.local"])
        #expect(SidecarRouteTests.decision(model).routes == nil)
        #expect(model.update(leaf).affectsRoute(authority: "reviews.foo"))
        #expect(SidecarRouteTests.decision(model).routes?.map(\.name) == ["l"])
        #expect(model.remove(leaf).affectsRoute(authority: "reviews.foo"))
        #expect(SidecarRouteTests.decision(model).routes == nil)
        _ = model.update(leaf)
        #expect(SidecarRouteTests.decision(model).routes?.map(\.name) == ["l"])
        _ = model.remove(root)
        #expect(SidecarRouteTests.decision(model).routes == nil)
    }

    @Test func `matches that multiply each other are limited, and it is said`() throws {
        let many = (0..<1000).map { "{uri: {prefix: /\($0)}}" }.joined(separator: ", ")
        let model = try Self.model(
            Self.objects(root: "[{match: [\(many)], \(Self.delegate)}]", leaf: "[{match: [\(many)], \(Self.route)}]")
        )
        let object = try #require(model.virtualServices(boundTo: "mesh", visibleIn: "bar").first)
        #expect(object.http.isEmpty && object.problems.first?.contains("more than 100000 matches") ?? false)
    }
}
