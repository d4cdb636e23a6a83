import JSON
import Kubernetes

extension InMemoryAPI {
    /// Reviews tokens of service accounts in namespace `full`: each account's token is its name, and its pod is `<name>-1`.
    ///
    /// - Parameter accounts: Those that there are; nil for all.
    public static func reviewingTokens(of accounts: Set<String>? = nil) -> InMemoryAPI {
        InMemoryAPI { type, object in
            guard type == .tokenReviews else { return nil }
            var answer = object
            let account = object["spec", "token"]?.string ?? ""
            guard accounts?.contains(account) ?? true else {
                answer["status"] = ["authenticated": false]
                return answer
            }
            answer["status"] = [
                "authenticated": true, "audiences": ["istio-ca"],
                "user": [
                    "username": .string("system:serviceaccount:full:\(account)"),
                    "extra": ["authentication.kubernetes.io/pod-name": [.string("\(account)-1")]],
                ],
            ]
            return answer
        }
    }
}
