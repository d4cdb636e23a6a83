internal import Discovery
internal import EventLoop

/// Whether an endpoint is left out for a while because of what it answered (DestinationRule `outlierDetection`).
///
/// Each worker judges by what it has seen itself.
struct EndpointHealth: Sendable {
    enum Outcome: Hashable, Sendable {
        case success
        /// A status from 500 on that is none of ``gatewayError``.
        case serverError
        /// 502, 503 or 504, or no response at all.
        case gatewayError

        init(status: Int) {
            self = (502...504).contains(status) ? .gatewayError : status >= 500 ? .serverError : .success
        }
    }

    private var serverErrors = 0
    private var gatewayErrors = 0
    /// How often it was left out, less the calm intervals since: each time takes longer than the one before.
    private var ejections = 0
    private var until: MonotonicTime?

    /// When the last time that it was left out ends or ended; nil when it never was.
    var end: MonotonicTime? { until }

    /// The longest time that an endpoint is left out, unless the base is longer (Envoy's `max_ejection_time`).
    private static let longest: Duration = .seconds(300)

    /// Notes how a request to it ended.
    ///
    /// - Returns: Whether it has failed too often in a row.
    mutating func record(_ outcome: Outcome, _ rules: OutlierDetection) -> Bool {
        serverErrors = outcome == .success ? 0 : serverErrors + 1
        gatewayErrors = outcome == .gatewayError ? gatewayErrors + 1 : 0
        return (rules.consecutive5xxErrors > 0 && serverErrors >= rules.consecutive5xxErrors)
            || (rules.consecutiveGatewayErrors > 0 && gatewayErrors >= rules.consecutiveGatewayErrors)
    }

    /// Leaves it out from now on.
    ///
    /// - Returns: For how long.
    mutating func eject(at now: MonotonicTime, _ rules: OutlierDetection) -> Duration {
        if let until, rules.interval > .zero {
            ejections = max(0, ejections - Int((now - until) / rules.interval))
        }
        ejections += 1
        let time = min(rules.baseEjectionTime * ejections, max(Self.longest, rules.baseEjectionTime))
        until = now + time
        (serverErrors, gatewayErrors) = (0, 0)
        return time
    }

    func isEjected(at now: MonotonicTime) -> Bool { until.map { now < $0 } ?? false }
}

extension OutlierDetection {
    /// Whether one more of so many endpoints may be left out.
    func allowsEjection(ejected: Int, of count: Int) -> Bool { (ejected + 1) * 100 <= maxEjectionPercent * count }
}
