internal import Base
internal import HTTP
internal import JSON

/// Takes a watch's body apart: one JSON object a line.
struct WatchReader {
    /// Octets of one event at most: an object has 1.5 MiB at most in etcd, and some more in JSON.
    private static let eventLimit = 16 << 20

    private var rest: [UInt8] = []

    /// The events that `bytes` complete.
    ///
    /// - Throws: ``StatusError`` for an event of type `ERROR`, ``MeshError`` for what is no event.
    mutating func read(_ bytes: [UInt8]) throws -> [WatchEvent] {
        var events: [WatchEvent] = []
        var line = rest
        for byte in bytes {
            if byte != UInt8(ascii: "\n") {
                line.append(byte)
                continue
            }
            if !line.isEmpty, let event = try Self.event(line) { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        guard line.count <= Self.eventLimit else {
            throw MeshError(.protocolViolation, "a watch event has more than \(Self.eventLimit) octets")
        }
        rest = line
        return events
    }

    private static func event(_ line: [UInt8]) throws -> WatchEvent? {
        let json: JSON
        do {
            json = try JSON(parsing: line)
        } catch {
            throw MeshError(.protocolViolation, "a watch event is not JSON", cause: error)
        }
        let object = json["object"] ?? .null
        switch json["type"]?.string {
        case "ADDED": return .added(object)
        case "MODIFIED": return .modified(object)
        case "DELETED": return .deleted(object)
        case "BOOKMARK": return .bookmark(resourceVersion: object.metadata.resourceVersion)
        case "ERROR":
            throw StatusError(object) ?? StatusError(code: 500, reason: "InternalError", message: "the watch failed")
        default: return nil  // A kind of event that is not known yet.
        }
    }

    /// The events of `response`, until its body ends, `patience` is over or nobody listens any more.
    static func events(
        of response: HTTPClientResponse,
        patience: Duration
    ) -> AsyncThrowingStream<WatchEvent, any Error> {
        AsyncThrowingStream { continuation in
            let timer = Task {
                try await Task.sleep(for: patience)
                response.close()
            }
            let reading = Task {
                defer { timer.cancel() }
                var reader = WatchReader()
                do {
                    while let chunk = try await response.nextBodyChunk() {
                        for event in try reader.read(chunk) { continuation.yield(event) }
                    }
                    continuation.finish()
                } catch {
                    response.close()
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in
                reading.cancel()
                response.close()
            }
        }
    }
}
