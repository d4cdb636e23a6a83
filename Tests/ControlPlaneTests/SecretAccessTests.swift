import Testing

@testable import ControlPlane

@Suite struct SecretAccessTests {
    private let account = SecretAccess.Account(namespace: "edge", name: "gateway")
    private let now = ContinuousClock.now

    @Test(arguments: [(true, 300), (false, 60)])
    func `an answer counts for five minutes, and a refusal for one`(isAllowed: Bool, seconds: Int) {
        var access = SecretAccess()
        #expect(access.isAllowed(account, now: now) == nil)
        _ = access.answered(account, isAllowed: isAllowed, now: now)
        #expect(access.isAllowed(account, now: now + .seconds(seconds - 1)) == isAllowed)
        #expect(access.isAllowed(account, now: now + .seconds(seconds + 1)) == nil)
    }

    @Test func `an answer is of one account, and news only when it is another one`() {
        var access = SecretAccess()
        let news = [true, true, false].map { access.answered(account, isAllowed: $0, now: now) }
        #expect(news == [true, false, true])
        #expect(access.isAllowed(.init(namespace: "edge", name: "other"), now: now) == nil)
        access.keepOnly([])
        #expect(access.isAllowed(account, now: now) == nil)
    }
}
