internal import EventLoop

/// The one loop thread that watches the descriptors of all asynchronous connections of the process.
///
/// It only tells who can go on; reading, writing and encrypting happen on the tasks' own threads.
enum NetworkLoop {
    private static let thread: EventLoopThread<Void> = {
        do {
            return try EventLoopThread(name: "network") { _ in }
        } catch {
            // No thread or no epoll at the first connection: nothing could work, and nothing has begun.
            fatalError("the network loop cannot start: \(error)")
        }
    }()

    static var handle: EventLoopHandle { thread.handle }
}
