// swift-tools-version: 6.3
import PackageDescription

let release = BuildSettingCondition.when(configuration: .release)

/// What every Swift target is built with; a target adds to it only with a comment that says why.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),  // Lets our own types return spans and be ~Escapable.
    // Inlines and specializes across targets without @inlinable; the linker leaves out what nothing calls.
    .unsafeFlags(["-cross-module-optimization", "-Xfrontend", "-function-sections"], release),
]

/// Every pod has a sidecar, so its program is linked to touch few pages: packed relocations, nothing that is not called,
/// and what each sidecar runs side by side (scripts/order.py writes the list).
let linking = "\(Context.packageDirectory)/Sources/apus-proxy/Linking"
let smallInMemory =
    ["-use-ld=lld", "-L\(linking)"]
    + [
        "-z", "pack-relative-relocs", "--no-export-dynamic", "--symbol-ordering-file=\(linking)/order.txt",
        "--no-warn-symbol-ordering",
    ].flatMap { ["-Xlinker", $0] }

func system(_ name: String, _ pkgConfig: String, apt package: String) -> Target {
    .systemLibrary(name: name, path: "Sources/C/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}
func library(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: house)
}
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: house)
}
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: house)
}

// In the order of the layers: a target imports only from layers above its own, or from an earlier line of its own.
let package = Package(
    name: "apus",
    products: [
        // Preloaded into programs whose heap blocks are counted.
        .library(name: "CHeapCount", type: .dynamic, targets: ["CHeapCount"])
    ],
    targets: [
        // C: what Swift cannot see by itself; shims of a line or two, no logic.
        .target(name: "CLinux", path: "Sources/C/CLinux"),
        system("COpenSSL", "openssl", apt: "libssl-dev"),
        .target(name: "COpenSSLMemory", dependencies: ["COpenSSL"], path: "Sources/C/COpenSSLMemory"),
        .target(name: "COpenSSLKeySchedule", dependencies: ["COpenSSL"], path: "Sources/C/COpenSSLKeySchedule"),
        system("CNghttp2", "libnghttp2", apt: "libnghttp2-dev"),
        system("CYAML", "yaml-0.1", apt: "libyaml-dev"),
        system("CSQLite", "sqlite3", apt: "libsqlite3-dev"),
        system("CZlib", "zlib", apt: "zlib1g-dev"),
        .target(name: "CRE2", path: "Sources/C/CRE2", linkerSettings: [.linkedLibrary(":libre2.a")]),

        // Values: bytes to values and back; no I/O but for Base's log and files, no clock but for its timestamps.
        library("Base"),
        library("JSON"),
        library("YAML", ["CYAML", "JSON"]),
        library("Protobuf"),
        library("RegularExpressions", ["CRE2"]),

        // The machine: one thread, one epoll; TLS; HTTP; gRPC. Nothing here knows of a mesh.
        library("EventLoop", ["Base", "CLinux"]),
        library("TLS", ["Base", "COpenSSL", "COpenSSLKeySchedule", "COpenSSLMemory"]),
        library("Network", ["Base", "CLinux", "EventLoop", "TLS"]),
        library("TLSScan", ["Base", "JSON", "Network", "TLS"]),
        library("Subprocess", ["Base", "CLinux", "Network"]),
        library("HTTP", ["Base", "CNghttp2", "EventLoop", "Network", "TLS"]),
        library("Streaming", ["Base", "CZlib", "HTTP", "JSON", "Network", "TLS"]),
        library("GRPC", ["Base", "HTTP", "Network", "Protobuf", "TLS"]),

        // The mesh: what is true of it, and what follows. Mesh and MeshAPI are pure.
        library("Kubernetes", ["Base", "HTTP", "JSON", "Network", "TLS", "YAML"]),
        library("Identity", ["Base", "GRPC", "HTTP", "Network", "Protobuf", "TLS"]),
        library("Discovery", ["Base", "GRPC", "HTTP", "Network", "Protobuf", "TLS"]),
        library("MeshAPI", ["Base", "JSON", "Kubernetes", "RegularExpressions", "YAML"]),
        library("Mesh", ["Base", "JSON", "Kubernetes", "MeshAPI"]),
        library("Injection", ["Base", "JSON", "Kubernetes", "MeshAPI", "YAML"]),
        library("Explain", ["Base", "Injection", "JSON", "Kubernetes", "Mesh", "MeshAPI", "TLS", "YAML"]),

        // The roles: none imports another.
        library(
            "Proxy",
            [
                "Base", "CLinux", "Discovery", "EventLoop", "GRPC", "HTTP", "Identity", "JSON", "Network",
                "RegularExpressions", "Subprocess", "TLS",
            ]
        ),
        library(
            "ControlPlane",
            [
                "Base", "Discovery", "Explain", "GRPC", "HTTP", "Identity", "Injection", "JSON", "Kubernetes", "Mesh",
                "MeshAPI", "Network", "TLS", "YAML",
            ]
        ),
        library(
            "LabServer",
            [
                "Base", "CSQLite", "CZlib", "HTTP", "JSON", "Kubernetes", "Network", "Protobuf", "RegularExpressions",
                "Streaming", "TLS", "YAML",
            ]
        ),
        library(
            "LabNode",
            [
                "Base", "CLinux", "EventLoop", "GRPC", "HTTP", "JSON", "Kubernetes", "Network", "Protobuf",
                "Subprocess", "TLS", "YAML",
            ]
        ),
        library(
            "CommandLine",
            [
                "Base", "Explain", "HTTP", "Injection", "JSON", "Kubernetes", "Mesh", "MeshAPI", "Network", "TLS",
                "TLSScan", "YAML",
            ]
        ),

        // The programs: Main.swift reads arguments and calls one function.
        program("apus", ["CommandLine"]),
        program("apusd", ["ControlPlane"]),
        .executableTarget(
            name: "apus-proxy",
            dependencies: ["Proxy"],
            exclude: ["Linking"],
            swiftSettings: house,
            linkerSettings: [.unsafeFlags(smallInMemory, release)]
        ),
        program(
            "apus-lab",
            ["Base", "JSON", "Kubernetes", "LabNode", "LabServer", "Network", "Subprocess"]
        ),

        // Hot paths, with the heap blocks they ask for.
        .target(name: "CHeapCount", path: "Benchmarks/HeapCount"),
        .executableTarget(
            name: "bench-load",
            dependencies: ["COpenSSL"],
            path: "Benchmarks/load",
            linkerSettings: [.linkedLibrary("pthread")]
        ),
        .executableTarget(
            name: "bench-codec",
            dependencies: ["CHeapCount", "HTTP"],
            path: "Benchmarks/codec",
            swiftSettings: house
        ),
        .executableTarget(
            name: "bench-mesh",
            dependencies: ["JSON", "Kubernetes", "Mesh"],
            path: "Benchmarks/mesh",
            swiftSettings: house
        ),

        tests("Base"), tests("JSON"),
        tests("EventLoop", ["Base"]), tests("TLS", ["Base", "CLinux", "COpenSSL", "TestKeySchedule", "TestTLS"]),
        tests("TLSScan", ["Base", "JSON", "Network", "TLS", "TestTLS"]),
        tests("Network", ["Base", "TLS", "TestTLS"]), tests("Subprocess", ["Base", "Network"]),
        tests("Streaming", ["Base", "CZlib", "HTTP", "JSON", "Network", "Subprocess", "TestStreams"]),
        .target(
            name: "TestStreams",
            dependencies: ["Base", "HTTP"],
            path: "Tests/Support/TestStreams",
            swiftSettings: house
        ),
        tests("HTTP", ["Base", "CNghttp2", "Network", "Subprocess", "TLS", "TestStreams", "TestTLS"]),
        tests("GRPC", ["Base", "HTTP", "Network", "Subprocess", "TLS", "TestStreams", "TestTLS"]),
        tests("Injection", ["JSON", "YAML"]),
        tests("CommandLine", ["Base", "JSON", "Kubernetes", "MeshAPI", "TestKubernetes", "YAML"]),
        tests("YAML", ["Base", "JSON"]),
        tests("MeshAPI", ["Base", "JSON", "YAML"]),
        .target(
            name: "TestMesh",
            dependencies: ["JSON", "Kubernetes", "Mesh", "MeshAPI", "YAML"],
            path: "Tests/Support/TestMesh",
            swiftSettings: house
        ),
        tests("Mesh", ["Base", "JSON", "Kubernetes", "MeshAPI", "TestMesh", "YAML"]),
        tests("Explain", ["Base", "JSON", "Kubernetes", "Mesh", "MeshAPI", "TLS", "TestMesh", "TestTLS", "YAML"]),

        // What tests of several targets share.
        .target(
            name: "TestTLS",
            dependencies: ["Base", "TLS"],
            path: "Tests/Support/TestTLS",
            swiftSettings: house
        ),
        .target(
            name: "TestKeySchedule",
            dependencies: ["COpenSSLKeySchedule"],
            path: "Tests/Support/TestKeySchedule"
        ),
        // A server of TLS and nothing else, for programs that look at servers.
        .executableTarget(
            name: "test-tls-server",
            dependencies: ["Base", "Network", "TLS"],
            path: "Tests/Support/TestTLSServer",
            swiftSettings: house
        ),
        .target(
            name: "TestKubernetes",
            dependencies: ["JSON", "Kubernetes"],
            path: "Tests/Support/TestKubernetes",
            swiftSettings: house
        ),
        tests(
            "ControlPlane",
            [
                "Base", "Discovery", "GRPC", "HTTP", "Identity", "Injection", "JSON", "Kubernetes", "Mesh", "MeshAPI",
                "Network", "TLS", "TestKubernetes",
            ]
        ),
        tests("Protobuf"),
        tests("Identity", ["Base", "Protobuf", "TLS"]),
        tests("Discovery", ["Protobuf", "TLS"]),
        tests("Kubernetes", ["Base", "HTTP", "JSON", "LabServer", "Network", "TestKubernetes", "YAML"]),
        tests("LabServer", ["Base", "HTTP", "JSON", "Kubernetes", "Network", "Protobuf", "Subprocess", "TLS"]),
        tests("RegularExpressions"),
        tests("Proxy", ["Base", "Discovery", "HTTP", "JSON", "TLS", "TestTLS"]),
        .target(
            name: "TestPrograms",
            dependencies: ["Base"],
            path: "Tests/Support/TestPrograms",
            swiftSettings: house
        ),
        // Lets openssl, testssl.sh and Envoy look at a server of TLS.
        .testTarget(
            name: "TLSProgramTests",
            dependencies: ["Base", "Network", "Subprocess", "TestPrograms", "apus", "test-tls-server"],
            exclude: ["Scripts"],
            swiftSettings: house
        ),
        // Starts the program in namespaces of its own.
        .testTarget(
            name: "LabProgramTests",
            dependencies: ["Base", "Subprocess", "TestPrograms", "apus-lab"],
            swiftSettings: house
        ),
        // Starts the program in network namespaces.
        .testTarget(
            name: "ProxyIntegrationTests",
            dependencies: ["Base", "Subprocess", "TestPrograms", "apus-proxy"],
            exclude: ["Scripts"],
            swiftSettings: house
        ),
        // Starts the program in namespaces of its own.
        .testTarget(
            name: "LabIntegrationTests",
            dependencies: ["Base", "Subprocess", "TestPrograms", "apus", "apus-lab", "apus-proxy", "apusd"],
            exclude: ["Scripts"],
            swiftSettings: house
        ),
        // Roles do not import each other; their tests may: the node is tried with the real API server.
        tests("LabNode", ["Base", "GRPC", "JSON", "Kubernetes", "LabServer", "Network", "Protobuf", "Subprocess"]),
        // And what proxies get from the control plane, with both ends real.
        .testTarget(
            name: "DeliveryTests",
            dependencies: [
                "Base", "ControlPlane", "Discovery", "GRPC", "HTTP", "Identity", "JSON", "Kubernetes", "Network",
                "Proxy", "TLS", "TestKubernetes", "TestTLS",
            ],
            swiftSettings: house
        ),
    ]
)

// Only the build of scripts/fuzz.sh, which links libFuzzer, has its entry points.
if Context.environment["APUS_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "apus-fuzz",
            dependencies: [
                "Base", "Discovery", "EventLoop", "HTTP", "JSON", "Kubernetes", "LabNode", "LabServer", "MeshAPI",
                "Protobuf", "Proxy", "RegularExpressions", "Streaming", "TLS", "YAML",
            ],
            path: "Tests/Fuzz",
            exclude: ["Seeds"],
            swiftSettings: house
        )
    )
}
