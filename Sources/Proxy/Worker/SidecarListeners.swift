internal import Base
internal import Discovery

/// The listeners of a sidecar that nothing is redirected to, on one worker (Sidecar listeners with `captureMode: NONE`).
struct SidecarListeners {
    private var open: [InboundPolicy.Listener: Listener] = [:]
    /// What could not be opened, and is not logged again.
    private var failed: Set<InboundPolicy.Listener> = []

    var all: [Listener] { Array(open.values) }

    /// Opens what is new and closes what is gone; what could not be opened is tried again.
    mutating func follow(_ wanted: [InboundPolicy.Listener], on worker: Worker) {
        if open.isEmpty, wanted.isEmpty { return }
        for (place, listener) in open where !wanted.contains(place) {
            listener.stop()
            open[place] = nil
        }
        failed.formIntersection(wanted)
        if worker.isDraining { return }
        for place in wanted where open[place] == nil { start(place, on: worker) }
    }

    private mutating func start(_ place: InboundPolicy.Listener, on worker: Worker) {
        guard let ip = IPAddress(place.address) else { return }
        let address = SocketAddress(ip, port: place.port)
        let listener = Listener(worker, place.isInbound ? .inbound : .outbound, address, isDirect: true)
        do {
            try listener.start()
            open[place] = listener
            failed.remove(place)
        } catch {
            guard failed.insert(place).inserted else { return }
            worker.telemetry.log.error("the Sidecar's listener \(address) cannot be opened: \(error)")
        }
    }
}
