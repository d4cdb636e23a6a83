/// Replaces `$(NAME)` by the variable's value, as Kubernetes does in `command`, `args` and `env`.
///
/// A name that is not set stays as it is written; `$$` stands for one `$`.
func expandVariables(_ text: String, _ value: (String) -> String?) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
        result += rest[..<dollar]
        rest = rest[rest.index(after: dollar)...]
        if rest.first == "$" {
            result += "$"
            rest = rest.dropFirst()
        } else if rest.first == "(", let close = rest.firstIndex(of: ")") {
            let name = String(rest[rest.index(after: rest.startIndex)..<close])
            result += value(name) ?? "$(\(name))"
            rest = rest[rest.index(after: close)...]
        } else {
            result += "$"
        }
    }
    return result + rest
}
