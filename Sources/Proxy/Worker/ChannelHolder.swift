/// An object of a worker's that owns a channel.
///
/// A class and no requirement of a protocol: reaching a channel through a protocol costs a heap block each time.
class ChannelHolder {
    final let worker: Worker
    /// nil before there is one, and once it is closed or handed on.
    final var channel: Channel?

    init(_ worker: Worker, _ channel: consuming Channel?) {
        self.worker = worker
        self.channel = channel
    }
}
