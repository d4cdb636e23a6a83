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
        let tables = try first.tables()
        let plane = try DataPlane(workers: workers, addresses: first.addresses, tables: tables)
        let loop = try EventLoop()
        let reader = ConfigurationReader(path: path, plane: plane, loop: loop, configuration: first, tables: tables)
        reader.watch()
        let signals = try SignalSource([SIGTERM, SIGINT, SIGHUP], on: loop, reader)
        let role = first.addresses.map { "outbound \($0.outbound), inbound \($0.inbound)" } ?? "gateway"
        Log("proxy").info("serving \(path) with \(workers) workers: \(role)")
        try loop.run()
        withExtendedLifetime(signals) {}
        plane.stop()
        return 0
    }

    static func load(_ path: String) throws -> StaticConfiguration {
        try StaticConfiguration(JSON(parsing: Files.read(path)))
    }
}

/// Follows signals, and a gateway's files, on the main thread.
private final class ConfigurationReader: SignalHandler, TimerHandler {
    private let path: String
    private let plane: DataPlane
    private let loop: EventLoop
    private var configuration: StaticConfiguration
    private var tables: ProxyTables

    init(
        path: String,
        plane: DataPlane,
        loop: EventLoop,
        configuration: StaticConfiguration,
        tables: ProxyTables
    ) {
        (self.path, self.plane, self.loop) = (path, plane, loop)
        (self.configuration, self.tables) = (configuration, tables)
    }

    func signalReceived(_ signal: CInt) {
        guard signal == SIGHUP else { return loop.handle.stop() }
        do {
            try use(try StaticCommand.load(path))
            plane.whenDone { [path] in Log("proxy").info("configuration read again from \(path)") }
        } catch {
            Log("proxy").error("configuration of \(path) not used, the last good one stays: \(error)")
        }
    }

    private func use(_ configuration: StaticConfiguration) throws {
        tables = try configuration.tables(predecessor: tables.gateway)
        self.configuration = configuration
        plane.replace(tables)
    }

    /// Looks after what no event tells of: certificate files, and ports that were taken.
    func watch() {
        if tables.gateway != nil { _ = loop.schedule(after: GatewayTables.watchInterval, self) }
    }

    func timerFired(_ timer: TimerID) {
        watch()
        plane.retryListening()
        guard tables.gateway?.isStale == true else { return }
        do {
            try use(configuration)
        } catch {
            Log("proxy").error("certificates of \(path) not used, the last good ones stay: \(error)")
        }
    }
}

extension DataPlane {
    /// One for each core, two at most: a sidecar shares its machine with its application.
    static var defaultWorkers: Int { min(2, max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))) }
}
