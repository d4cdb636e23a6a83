internal import Base
public import Kubernetes

/// Finds the Gateway that somebody meant who wrote another name.
public enum GatewayNames {
    /// The same name in another namespace, the most similar one, or the only one there is; nil when none is near.
    ///
    /// - Parameter known: In the order of preference.
    public static func nearest(to key: ObjectKey, among known: [ObjectKey]) -> ObjectKey? {
        let own = known.filter { $0.namespace == key.namespace }
        return known.first { $0.name == key.name }
            ?? Spelling.nearest(to: key.name, among: own.map(\.name)).map {
                ObjectKey(namespace: key.namespace, name: $0)
            }
            ?? Spelling.nearest(to: "\(key)", among: known.map { "\($0)" }).flatMap { text in
                known.first { "\($0)" == text }
            }
            ?? (own.count == 1 ? own[0] : known.count == 1 ? known[0] : nil)
    }
}
