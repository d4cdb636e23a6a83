internal import CZlib

/// Names (in lower case) and values of one block of SPDY headers, in order.
typealias SPDYHeaders = [(name: String, value: String)]

/// A breach of SPDY by the client.
struct SPDYError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Reads header blocks, each of which goes on from the one before (SPDY/3 §2.6.10).
@safe final class SPDYHeaderDecoder {
    /// The most octets of one block, uncompressed.
    static let limit = 65_536
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let result = unsafe inflateInit_(stream, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "out of memory")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func decode(_ block: [UInt8]) throws(SPDYError) -> SPDYHeaders { try Self.parse(try inflate(block)) }

    private func inflate(_ block: [UInt8]) throws(SPDYError) -> [UInt8] {
        var (input, output) = (block, [UInt8](repeating: 0, count: Self.limit))
        var isValid = true
        // Safe: zlib stays within the counts it is given, and keeps neither pointer beyond the call.
        let count = unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output -> Int in
                unsafe stream.pointee.next_in = input.baseAddress
                unsafe stream.pointee.avail_in = CUnsignedInt(input.count)
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = CUnsignedInt(output.count)
                var result = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
                if result == Z_NEED_DICT {
                    let dictionary = SPDYDictionary.bytes
                    result = unsafe inflateSetDictionary(stream, dictionary, CUnsignedInt(dictionary.count))
                    if result == Z_OK { result = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH) }
                }
                isValid = unsafe result == Z_OK && stream.pointee.avail_in == 0
                return unsafe output.count - Int(stream.pointee.avail_out)
            }
        }
        guard isValid, count < Self.limit else { throw SPDYError("headers that cannot be uncompressed") }
        return Array(output[..<count])
    }

    static func parse(_ bytes: [UInt8]) throws(SPDYError) -> SPDYHeaders {
        var rest = bytes[...]
        guard let count = number(&rest), count <= 256 else { throw SPDYError("a broken header block") }
        var headers: SPDYHeaders = []
        for _ in 0..<count {
            guard let name = text(&rest), let value = text(&rest), !name.isEmpty else {
                throw SPDYError("a broken header block")
            }
            headers.append((name.lowercased(), value))
        }
        guard rest.isEmpty else { throw SPDYError("a broken header block") }
        return headers
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.count >= 4 else { return nil }
        defer { rest.removeFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let count = number(&rest), count <= rest.count else { return nil }
        defer { rest.removeFirst(count) }
        return String(decoding: rest.prefix(count), as: UTF8.self)
    }
}

/// Writes header blocks, each of which goes on from the one before.
@safe final class SPDYHeaderEncoder {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe CInt(MemoryLayout<z_stream>.size)
        let dictionary = SPDYDictionary.bytes
        let result = unsafe deflateInit_(stream, Z_BEST_SPEED, ZLIB_VERSION, size)
        precondition(result == Z_OK, "out of memory")
        unsafe deflateSetDictionary(stream, dictionary, CUnsignedInt(dictionary.count))
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    func encode(_ headers: SPDYHeaders) -> [UInt8] {
        var plain = Self.number(headers.count)
        for (name, value) in headers {
            plain += Self.number(name.utf8.count) + Array(name.utf8)
            plain += Self.number(value.utf8.count) + Array(value.utf8)
        }
        var output = [UInt8](repeating: 0, count: plain.count + plain.count / 100 + 64)
        // Safe: as in SPDYHeaderDecoder.inflate; the room is more than deflate can need.
        let count = unsafe plain.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output -> Int in
                unsafe stream.pointee.next_in = input.baseAddress
                unsafe stream.pointee.avail_in = CUnsignedInt(input.count)
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = CUnsignedInt(output.count)
                let result = unsafe deflate(stream, Z_SYNC_FLUSH)
                precondition(result == Z_OK, "header compression failed")
                return unsafe output.count - Int(stream.pointee.avail_out)
            }
        }
        return Array(output[..<count])
    }

    private static func number(_ value: Int) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(value >> $0 & 255) }
    }
}
