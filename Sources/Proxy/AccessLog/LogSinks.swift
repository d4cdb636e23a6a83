internal import Base
internal import Synchronization

/// The access log's files that are open, by path; shared by all workers.
final class LogSinks: Sendable {
    private let sinks = Mutex<[String: LogSink]>([:])

    /// The sink for `path`, made at first use; nil when it cannot be made.
    func sink(_ path: String) -> LogSink? {
        sinks.withLock { sinks in
            if let sink = sinks[path] { return sink }
            let sink = try? LogSink(path: path)
            if sink == nil { Log("proxy").error("cannot write the access log to \(path)") }
            sinks[path] = sink
            return sink
        }
    }

    /// Writes what waits everywhere.
    func close() {
        let open = sinks.withLock { Array($0.values) }
        for sink in open { sink.close() }
    }
}
