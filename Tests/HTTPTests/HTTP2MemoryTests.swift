import Base
import CNghttp2
import Testing

@testable import HTTP

/// One block as nghttp2 would hold it, filled with a mark of its own.
@safe private struct Block {
    let address: UnsafeMutableRawPointer
    let count: Int
    let mark: UInt8

    func fill() { unsafe address.initializeMemory(as: UInt8.self, repeating: mark, count: count) }

    func holds(_ octet: UInt8, first count: Int) -> Bool {
        unsafe UnsafeRawBufferPointer(start: address, count: count).allSatisfy { $0 == octet }
    }
}

@Suite struct HTTP2MemoryTests {
    private let memory = HTTP2Memory()

    private func allocate(_ count: Int, _ mark: UInt8, isCleared: Bool) -> Block? {
        let functions = unsafe memory.functions
        let address =
            isCleared
            ? unsafe functions.calloc(count, 1, functions.mem_user_data)
            : unsafe functions.malloc(count, functions.mem_user_data)
        return unsafe address.map { unsafe Block(address: $0, count: count, mark: mark) }
    }

    private func resize(_ block: Block, to count: Int) -> Block? {
        let functions = unsafe memory.functions
        let address = unsafe functions.realloc(block.address, count, functions.mem_user_data)
        return unsafe address.map { unsafe Block(address: $0, count: count, mark: block.mark) }
    }

    private func free(_ block: Block) {
        let functions = unsafe memory.functions
        unsafe functions.free(block.address, functions.mem_user_data)
    }

    @Test func `blocks keep what is in them, whatever happens to others`() throws {
        var generator = SplitMix64(seed: 7)
        var blocks: [Block] = []
        for round in 0..<10_000 {
            let count = Int.random(in: 1...6000, using: &generator)
            let isCleared = Bool.random(using: &generator)
            let block = try #require(allocate(count, UInt8(truncatingIfNeeded: round), isCleared: isCleared))
            if isCleared { #expect(block.holds(0, first: count)) }
            block.fill()
            blocks.append(block)
            let old = blocks.remove(at: Int.random(in: blocks.indices, using: &generator))
            #expect(old.holds(old.mark, first: old.count))
            if blocks.count > 40 || Bool.random(using: &generator) {
                free(old)
            } else {
                let other = try #require(resize(old, to: Int.random(in: 1...6000, using: &generator)))
                #expect(other.holds(old.mark, first: min(old.count, other.count)))
                other.fill()
                blocks.append(other)
            }
        }
        for block in blocks { free(block) }
    }

    @Test func `sizes that no machine has are refused`() {
        #expect(allocate(.max, 0, isCleared: false) == nil)
        #expect(allocate(.max, 0, isCleared: true) == nil)
    }
}
