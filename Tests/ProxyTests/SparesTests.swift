import Testing

@testable import Proxy

@Suite struct SparesTests {
    @Test func `the last that came goes first, and no more are kept than may be`() {
        var spares = Spares<Int>(limit: 3)
        #expect(spares.take() == nil)
        for number in 1...4 { spares.give(number) }
        #expect(spares.count == 3)
        #expect(spares.take() == 3)
        spares.give(5)
        #expect(spares.take() == 5)
    }

    @Test func `those that nobody has needed for a while go`() {
        var spares = Spares<Int>(limit: 10)
        for number in 1...10 { spares.give(number) }
        spares.shrink()
        #expect(spares.count == 10)
        let needed = (0..<4).compactMap { _ in spares.take() }
        for number in needed { spares.give(number) }
        spares.shrink()
        #expect(spares.count == 4)
        spares.shrink()
        #expect(spares.count == 0)
    }

    @Test func `none goes that came meanwhile`() {
        var spares = Spares<Int>(limit: 10)
        spares.give(1)
        spares.shrink()
        spares.give(2)
        spares.shrink()
        #expect(spares.take() == 2)
        #expect(spares.take() == nil)
    }
}
