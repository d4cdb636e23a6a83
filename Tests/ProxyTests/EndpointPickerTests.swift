import Base
import Discovery
import Testing

@testable import Proxy

@Suite struct EndpointPickerTests {
    func counts(_ picker: EndpointPicker, endpoints: Int, rounds: Int, load: (Int) -> Int = { _ in 0 }) -> [Int] {
        var picker = picker
        var random = SplitMix64(seed: 7)
        var counts = Array(repeating: 0, count: endpoints)
        for _ in 0..<rounds {
            if let index = picker.pick(using: &random, load: load) { counts[index] += 1 }
        }
        return counts
    }

    @Test func `nothing to pick from`() {
        #expect(counts(EndpointPicker(.leastRequest, weights: []), endpoints: 0, rounds: 1) == [])
    }

    @Test func `round robin goes round, by weight`() {
        #expect(counts(EndpointPicker(.roundRobin, weights: [1, 1, 1]), endpoints: 3, rounds: 9) == [3, 3, 3])
        #expect(counts(EndpointPicker(.roundRobin, weights: [5, 1]), endpoints: 2, rounds: 12) == [10, 2])
    }

    @Test(arguments: [Destination.LoadBalancing.random, .leastRequest])
    func `random choice follows the weights`(policy: Destination.LoadBalancing) {
        let counts = counts(EndpointPicker(policy, weights: [3, 1]), endpoints: 2, rounds: 4000)
        #expect((2800...3200).contains(counts[0]))
    }

    @Test func `least request prefers the idle one`() {
        let counts = counts(EndpointPicker(.leastRequest, weights: [1, 1]), endpoints: 2, rounds: 4000) {
            $0 == 0 ? 9 : 0
        }
        #expect(counts[1] > 2800, "one of two random choices is the idle one three times out of four")
    }

    @Test func `an endpoint that just failed is avoided when there is another`() {
        var random = SplitMix64(seed: 1)
        var two = EndpointPicker(.roundRobin, weights: [1, 1])
        for _ in 0..<20 {
            let index = two.pick(excluding: 0, using: &random) { _ in 0 }
            #expect(index == 1)
        }
        var one = EndpointPicker(.roundRobin, weights: [1])
        let only = one.pick(excluding: 0, using: &random) { _ in 0 }
        #expect(only == 0)
    }
}
