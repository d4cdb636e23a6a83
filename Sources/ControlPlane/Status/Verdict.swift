/// Whether the mesh can use an object.
enum Verdict: Hashable, Sendable {
    case accepted
    /// It is in force but for a part.
    case partly(String)
    /// It is in force, but a proxy cannot serve a part of it: only the proxy knows, not whoever reads the object.
    case failing(String)
    /// It is not used; a version that was used before still is.
    case refused(String)
}
