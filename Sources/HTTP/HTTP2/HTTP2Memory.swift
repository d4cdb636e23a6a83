internal import CNghttp2
internal import Glibc

/// Memory for the HTTP/2 engines of one thread: small blocks that were given back serve again.
///
/// nghttp2 asks for some ten blocks for each stream and gives them back in bursts, which is more than the C library keeps
/// at hand. Only for engines that live on the same thread as each other.
@safe public final class HTTP2Memory {
    /// Sizes are rounded up to multiples of this many octets.
    private static let step = 16
    /// Blocks of more octets come from the C library each time.
    private static let largest = 4096
    /// In front of each block stands its size, in steps; 0 for a large one.
    private static let prefix = 16
    /// Octets that are kept for later at most.
    private static let mostKept = 256 * 1024

    // Safe: made by init, freed by deinit, with a place for each size; each free block begins with the next one's address.
    private let lists: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private var kept = 0

    public init() {
        unsafe lists = .allocate(capacity: Self.largest / Self.step + 1)
        unsafe lists.initialize(repeating: nil, count: Self.largest / Self.step + 1)
    }

    deinit {
        for steps in 0...Self.largest / Self.step {
            while let block = unsafe pop(steps) { unsafe Glibc.free(block) }
        }
        unsafe lists.deallocate()
    }

    /// The functions that nghttp2 calls; good while this object lives.
    var functions: nghttp2_mem {
        unsafe nghttp2_mem(
            mem_user_data: Unmanaged.passUnretained(self).toOpaque(),
            malloc: { unsafe HTTP2Memory.owner($1).allocate($0) },
            free: { unsafe HTTP2Memory.owner($1).free($0) },
            calloc: { unsafe HTTP2Memory.owner($2).allocateCleared($0, $1) },
            realloc: { unsafe HTTP2Memory.owner($2).reallocate($0, $1) }
        )
    }

    private static func owner(_ userData: UnsafeMutableRawPointer?) -> HTTP2Memory {
        guard let userData = unsafe userData else { preconditionFailure("memory without an owner") }
        // Safe: functions set it, and the engine that calls them holds the owner.
        return unsafe Unmanaged<HTTP2Memory>.fromOpaque(userData).takeUnretainedValue()
    }

    private func pop(_ steps: Int) -> UnsafeMutableRawPointer? {
        guard let block = unsafe lists[steps] else { return nil }
        unsafe lists[steps] = unsafe block.load(as: UnsafeMutableRawPointer?.self)
        return unsafe block
    }

    private func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
        let steps = count <= Self.largest ? (count + Self.step - 1) / Self.step : 0
        if steps > 0, let block = unsafe pop(steps) {
            kept -= steps * Self.step
            unsafe block.storeBytes(of: steps, as: Int.self)
            return unsafe block + Self.prefix
        }
        let (size, overflows) = max(count, steps * Self.step).addingReportingOverflow(Self.prefix)
        guard !overflows, let block = unsafe malloc(size) else { return nil }
        unsafe block.storeBytes(of: steps, as: Int.self)
        return unsafe block + Self.prefix
    }

    private func allocateCleared(_ number: Int, _ size: Int) -> UnsafeMutableRawPointer? {
        let (count, overflows) = number.multipliedReportingOverflow(by: size)
        guard !overflows, let memory = unsafe allocate(count) else { return nil }
        unsafe memset(memory, 0, count)
        return unsafe memory
    }

    private func free(_ memory: UnsafeMutableRawPointer?) {
        guard let block = unsafe memory.map({ unsafe $0 - Self.prefix }) else { return }
        let steps = unsafe block.load(as: Int.self)
        guard steps > 0, kept < Self.mostKept else { return unsafe Glibc.free(block) }
        kept += steps * Self.step
        unsafe block.storeBytes(of: lists[steps], as: UnsafeMutableRawPointer?.self)
        unsafe lists[steps] = unsafe block
    }

    private func reallocate(_ memory: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
        guard let old = unsafe memory else { return unsafe allocate(count) }
        let steps = unsafe (old - Self.prefix).load(as: Int.self)
        if steps == 0, count > Self.largest {
            let (size, overflows) = count.addingReportingOverflow(Self.prefix)
            guard !overflows, let block = unsafe realloc(old - Self.prefix, size) else { return nil }
            return unsafe block + Self.prefix
        }
        if steps > 0, count <= steps * Self.step { return unsafe old }
        guard let new = unsafe allocate(count) else { return nil }
        // A large block shrinks here, a small one grows.
        unsafe memcpy(new, old, steps > 0 ? steps * Self.step : count)
        unsafe free(old)
        return unsafe new
    }
}
