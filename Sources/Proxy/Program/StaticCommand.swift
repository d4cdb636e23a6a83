internal import Base
internal import EventLoop
internal import Glibc
internal import JSON

/// `apus-proxy static`: serves a ``StaticConfiguration``; SIGHUP reads the file again, SIGTERM ends.
struct StaticCommand {
    private let path: String
    private let workers: Int

    init(_ arguments: [String]) throws(MeshError) {
        var path: String?
        var workers = DataPlane.defaultWorkers
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else {
                throw MeshError(.invalidConfiguration, "flag \(flag) needs a value")
            }
            switch flag {
            case "--config": path = value
            case "--concurrency":
                guard let count = Int(value), count > 0 else {
                    throw MeshError(.invalidConfiguration, "flag --concurrency: \(value) is not a number of threads")
                }
                workers = count
            default: throw MeshError(.invalidConfiguration, "unknown flag \(flag)")
            }
        }
        guard let path else { throw MeshError(.invalidConfiguration, "flag --config is missing: name the JSON file") }
        (self.path, self.workers) = (path, workers)
    }

    func run() throws -> Int32 {
        let first = try Self.load(path)
        let plane = try DataPlane(workers: workers, addresses: first.addresses, tables: try first.tables())
        let loop = try EventLoop()
        let reader = ConfigurationReader(path: path, plane: plane, loop: loop)
        let signals = try SignalSource([SIGTERM, SIGINT, SIGHUP], on: loop, reader)
        Log("proxy").info(
            "serving \(path) with \(workers) workers: outbound \(first.addresses.outbound), inbound \(first.addresses.inbound)"
        )
        try loop.run()
        withExtendedLifetime(signals) {}
        plane.stop()
        return 0
    }

    static func load(_ path: String) throws -> StaticConfiguration {
        try StaticConfiguration(JSON(parsing: Files.read(path)))
    }
}

/// Follows signals on the main thread.
private final class ConfigurationReader: SignalHandler {
    private let path: String
    private let plane: DataPlane
    private let loop: EventLoop

    init(path: String, plane: DataPlane, loop: EventLoop) {
        self.path = path
        self.plane = plane
        self.loop = loop
    }

    func signalReceived(_ signal: CInt) {
        guard signal == SIGHUP else { return loop.handle.stop() }
        do {
            plane.replace(try StaticCommand.load(path).tables())
            Log("proxy").info("configuration read again from \(path)")
        } catch {
            Log("proxy").error("configuration of \(path) not used, the last good one stays: \(error)")
        }
    }
}

extension DataPlane {
    /// One for each core, two at most: a sidecar shares its machine with its application.
    static var defaultWorkers: Int { min(2, max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))) }
}
