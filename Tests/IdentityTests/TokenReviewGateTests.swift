import Base
import Identity
import Synchronization
import Testing

/// Answers only when it is told to.
private final class SlowReviewer: TokenReviewer {
    private let state = Mutex<(asked: [String], waiting: [CheckedContinuation<Void, Never>], isOpen: Bool)>(
        ([], [], false)
    )

    var asked: [String] { state.withLock { $0.asked } }

    func review(token: String, audience: String) async throws -> (user: String, pod: String?)? {
        await withCheckedContinuation { turn in
            let isOpen = state.withLock { state in
                state.asked.append(token)
                if !state.isOpen { state.waiting.append(turn) }
                return state.isOpen
            }
            if isOpen { turn.resume() }
        }
        return token.hasPrefix("good") ? (token, nil) : nil
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for turn in waiting { turn.resume() }
    }
}

@Suite(.timeLimit(.minutes(1))) struct TokenReviewGateTests {
    @Test func `few tokens are reviewed at a time, some wait, and the rest is told to come again`() async throws {
        let reviewer = SlowReviewer()
        var limits = TokenReviewGate.Limits()
        (limits.atOnce, limits.waiting) = (2, 3)
        let gate = TokenReviewGate(reviewer, limits: limits)
        let answers = await withTaskGroup(of: String.self) { group in
            for number in 0..<8 {
                group.addTask {
                    do { return try await gate.review(token: "good \(number)", audience: "a")?.user ?? "refused" } catch
                    {
                        return "later"
                    }
                }
            }
            // Three of eight find neither a turn nor a place to wait; nobody else can be done before `open`.
            var answers: [String] = []
            for _ in 0..<3 { answers.append(await group.next() ?? "none") }
            #expect(answers == ["later", "later", "later"])
            #expect(reviewer.asked.count <= 2)
            reviewer.open()
            for await answer in group { answers.append(answer) }
            return answers
        }
        #expect(answers.count(where: { $0.hasPrefix("good") }) == 5)
        #expect(try await gate.review(token: "good again", audience: "a") != nil)
    }

    @Test func `a refused token is not asked for again, an accepted one is`() async throws {
        let reviewer = SlowReviewer()
        reviewer.open()
        let gate = TokenReviewGate(reviewer)
        for _ in 0..<3 {
            #expect(try await gate.review(token: "bad", audience: "a") == nil)
            #expect(try await gate.review(token: "good", audience: "a") != nil)
        }
        #expect(try await gate.review(token: "bad", audience: "b") == nil)
        #expect(reviewer.asked == ["bad", "good", "good", "good", "bad"])
    }

    @Test func `refusals are forgotten with time and in number`() async throws {
        let reviewer = SlowReviewer()
        reviewer.open()
        var limits = TokenReviewGate.Limits()
        limits.memory = .zero
        let forgetful = TokenReviewGate(reviewer, limits: limits)
        for _ in 0..<2 { _ = try await forgetful.review(token: "bad", audience: "a") }
        #expect(reviewer.asked.count == 2)
        limits = TokenReviewGate.Limits()
        limits.refusals = 1
        let small = TokenReviewGate(reviewer, limits: limits)
        for token in ["bad 1", "bad 2", "bad 1"] { _ = try await small.review(token: token, audience: "a") }
        #expect(reviewer.asked.count == 5)
    }
}
