import Glibc

/// Feeds one of the parsers what libFuzzer makes up: `apus-fuzz <parser> [libFuzzer's arguments]`.
///
/// A parser may refuse anything; it must not crash, hang, or break a promise that its entry point checks.
/// `scripts/fuzz.sh` builds and runs it.
@main struct Main {
    static func main() {
        let name = CommandLine.arguments.dropFirst().first ?? ""
        guard let entry = Parsers.all[name] else {
            print("usage: apus-fuzz <parser> [arguments of libFuzzer]\nparsers: \(Parsers.all.keys.sorted())")
            exit(2)
        }
        // Safe: set once, before anything reads it.
        unsafe chosen = entry
        var count = CommandLine.argc - 1
        // Safe: the arguments live as long as the program; the parser's name stands where the program's was.
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = unsafe CommandLine.unsafeArgv + 1
        exit(
            unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
                // Safe: libFuzzer's octets are there during the call, and are copied.
                let input = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: count))
                unsafe chosen(input)
                return 0
            }
        )
    }
}

// Safe: written by main before the driver starts; libFuzzer calls from the same thread.
private nonisolated(unsafe) var chosen: @Sendable ([UInt8]) -> Void = { _ in }

/// libFuzzer's loop (compiler-rt, `FuzzerInterface.h` and `FuzzerDriver.cpp`).
@_silgen_name("LLVMFuzzerRunDriver")
private func LLVMFuzzerRunDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
