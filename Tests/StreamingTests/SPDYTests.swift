import CZlib
import Testing

@testable import Streaming

@Suite struct SPDYTests {
    @Test func `the dictionary is the published one`() {
        let bytes = SPDYDictionary.bytes
        #expect(bytes.count == 1423)
        #expect(unsafe adler32(1, bytes, UInt32(bytes.count)) == SPDYDictionary.adler32)
    }

    @Test func `header blocks build on each other`() throws {
        let (encoder, decoder) = (SPDYHeaderEncoder(), SPDYHeaderDecoder())
        for round in 0..<20 {
            let headers: SPDYHeaders = [("streamtype", "data"), ("port", "8080"), ("requestid", "\(round)")]
            let read = try decoder.decode(encoder.encode(headers))
            #expect(read.map(\.name) == headers.map(\.name) && read.map(\.value) == headers.map(\.value))
        }
    }

    @Test func `a block that unpacks to too much is refused`() throws {
        let encoder = SPDYHeaderEncoder()
        let block = encoder.encode([("a", String(repeating: "x", count: 70_000))])
        #expect(block.count < 1000)
        #expect(throws: SPDYError.self) { _ = try SPDYHeaderDecoder().decode(block) }
        #expect(throws: SPDYError.self) { _ = try SPDYHeaderDecoder().decode([1, 2, 3]) }
        #expect(throws: SPDYError.self) { _ = try SPDYHeaderDecoder().decode([]) }
    }

    @Test(
        arguments: [
            [0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1, 0, 0, 0, 1, 65], [0, 0, 0, 1, 255, 255, 255, 255, 65],
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 9], [255, 255, 255, 255],
        ] as [[UInt8]]
    )
    func `a broken block is refused`(bytes: [UInt8]) {
        #expect(throws: SPDYError.self) { _ = try SPDYHeaderDecoder.parse(bytes) }
    }

    @Test func `frames are found however the bytes come`() throws {
        let bytes: [UInt8] =
            [0x80, 3, 0, 1, 1, 0, 0, 12, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 7, 8]
            + SPDYFrame.data(stream: 5, isLast: true, [1, 2, 3]) + SPDYFrame.ping(9) + SPDYFrame.goAway(lastStream: 5)
            + SPDYFrame.data(stream: 7, isLast: true, [])
        for size in 1...bytes.count {
            var decoder = SPDYDecoder()
            var (frames, data): ([SPDYFrame], [UInt8]) = ([], [])
            for start in stride(from: 0, to: bytes.count, by: size) {
                decoder.append(Array(bytes[start..<min(start + size, bytes.count)]))
                while let frame = try decoder.next() {
                    if case .data(stream: 5, isLast: _, bytes: let piece) = frame { data += piece }
                    frames.append(frame)
                }
            }
            #expect(frames.first == .synStream(stream: 5, isLast: true, block: [7, 8]))
            #expect(frames.suffix(3) == [.ping(9), .goAway, .data(stream: 7, isLast: true, bytes: [])])
            #expect(data == [1, 2, 3])
        }
    }

    @Test(
        arguments: [
            [0x80, 2, 0, 1, 0, 0, 0, 10], [0x80, 3, 0, 1, 0, 0, 0, 2, 1, 1], [0x80, 3, 0, 6, 0, 0, 0, 0],
            [0x80, 3, 0, 8, 0, 0, 0, 3, 0, 0, 0], [0x80, 3, 0, 4, 255, 255, 255, 255], [0, 0, 0, 0, 0, 0, 0, 0],
        ] as [[UInt8]]
    )
    func `what is no frame is refused`(bytes: [UInt8]) {
        var decoder = SPDYDecoder()
        decoder.append(bytes)
        #expect(throws: SPDYError.self) { _ = try decoder.next() }
    }

    @Test func `random bytes never crash`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var decoder = SPDYDecoder()
            let headers = SPDYHeaderDecoder()
            var bytes = (0..<Int.random(in: 0..<80, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random() { bytes = [0x80, 3, 0, UInt8.random(in: 0..<10, using: &random), 0, 0, 0, 12] + bytes }
            decoder.append(bytes)
            while let frame = try? decoder.next() {
                if case .synStream(_, _, let block) = frame { _ = try? headers.decode(block) }
            }
            _ = try? SPDYHeaderDecoder.parse(bytes)
        }
    }
}
