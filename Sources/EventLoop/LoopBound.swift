/// A value that only its loop's thread touches, carried by closures that other threads make.
///
/// Safe to be Sendable: it is made and cleared on the loop's thread, and read only by jobs, which run there too.
public final class LoopBound<Value>: @unchecked Sendable {
    private var value: Value?
    private let home: EventLoopHandle?

    init(_ value: Value) { (self.value, home) = (value, nil) }

    /// - Parameter loop: The one whose thread this is, and on which alone the value will be used.
    public init(_ value: Value, on loop: EventLoop) { (self.value, home) = (value, loop.handle) }

    func withValue(_ body: (Value) -> Void) {
        if let value { body(value) }
    }

    /// Uses the value in a job of its own loop, which only that loop's thread can have in its hands.
    public func withValue(on loop: EventLoop, _ body: (Value) -> Void) {
        precondition(loop.handle === home, "a value was taken to another loop than its own")
        withValue(body)
    }

    func clear() { value = nil }
}
