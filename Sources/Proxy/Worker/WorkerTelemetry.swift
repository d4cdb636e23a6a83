internal import Base
internal import Discovery
internal import EventLoop

/// What one worker writes down: the access log's lines, gathered before they go to the sink, and the counters.
final class WorkerTelemetry: TimerHandler {
    let log = Log("proxy")
    var metrics = Metrics()
    private let loop: EventLoop
    private let sinks: LogSinks
    private var path = ""
    private var sink: LogSink?
    private var isJSON = false
    private var format = AccessLogFormat.standard
    private var lines: [UInt8] = []
    private var isScheduled = false
    private var reportSecond: Int64 = 0
    private var reports = 0

    /// Lines of ``report(_:)`` in one second at most.
    private static let mostReports = 50

    /// Lines wait at most this long for others to be written with them.
    private static let gathering: Duration = .milliseconds(20)
    private static let mostGathered = 64 * 1024

    init(_ loop: EventLoop, sinks: LogSinks) {
        self.loop = loop
        self.sinks = sinks
    }

    /// Logs what any stranger can bring about, a bounded number of times each second.
    func report(_ message: @autoclosure () -> String) {
        let second = loop.now.nanoseconds / 1_000_000_000
        if second != reportSecond {
            let surplus = reports - Self.mostReports
            if surplus > 0 { log.warn("and \(surplus) more like these in one second") }
            (reportSecond, reports) = (second, 0)
        }
        reports += 1
        if reports <= Self.mostReports { log.warn(message()) }
    }

    /// Whether anybody wants the access log.
    var isLogging: Bool { sink != nil }

    /// Follows the mesh's settings.
    func configure(_ mesh: MeshSettings) {
        if mesh.accessLogFile != path {
            flush()
            path = mesh.accessLogFile
            sink = path.isEmpty ? nil : sinks.sink(path)
        }
        isJSON = mesh.accessLogIsJSON
        format = mesh.accessLogFormat.isEmpty ? .standard : AccessLogFormat(Self.endingInNewline(mesh.accessLogFormat))
    }

    private static func endingInNewline(_ format: String) -> String { format.hasSuffix("\n") ? format : format + "\n" }

    func write(_ entry: AccessLogEntry) {
        if isJSON { entry.writeJSON(to: &lines) } else { format.write(entry, to: &lines) }
        if lines.count > Self.mostGathered { return flush() }
        guard !isScheduled else { return }
        isScheduled = true
        _ = loop.schedule(after: Self.gathering, self)
    }

    func timerFired(_ timer: TimerID) {
        isScheduled = false
        flush()
    }

    func flush() {
        if lines.isEmpty { return }
        sink?.write(lines)
        lines.removeAll(keepingCapacity: true)
    }
}
