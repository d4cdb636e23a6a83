/// Whether the text is a DNS-1123 label: up to 63 of `a`–`z`, `0`–`9` and, inside, `-`.
func isDNSLabel(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
        return false
    }
    return bytes.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (0x30...0x39).contains(byte)
            || byte == UInt8(ascii: "-")
    }
}

/// What is wrong with a domain name, in Istio's words; nil when nothing is.
///
/// A dot at the end is fine; with `allowsWildcard` the first label may be `*` or begin with it.
func domainNameProblem(_ domain: String, allowsWildcard: Bool = false) -> String? {
    if domain.isEmpty { return "empty domain name not allowed" }
    if domain.utf8.count > 255 { return "domain name \(goQuoted(domain)) too long (max 255)" }
    if allowsWildcard, domain == "*" { return nil }
    var labels = domain.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
    for (index, label) in labels.enumerated() {
        var text = label
        if index == 0, allowsWildcard, text.hasPrefix("*") {
            if text == "*" { continue }
            text = String(text.dropFirst().drop { $0 == "-" })
        }
        // Upper case is accepted in hosts: they are compared without regard to it.
        if !isDNSLabel(text.lowercased()) {
            return "domain name \(goQuoted(domain)) invalid (label \(goQuoted(label)) invalid)"
        }
    }
    return nil
}

/// The text in double quotes as Go's `%q` prints it.
func goQuoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case "\n": quoted += "\\n"
        case "\t": quoted += "\\t"
        case "\r": quoted += "\\r"
        default:
            if scalar.value < 0x20 || scalar.value == 0x7f {
                let digits = String(scalar.value, radix: 16)
                quoted += "\\x" + (digits.count < 2 ? "0" : "") + digits
            } else {
                quoted.unicodeScalars.append(scalar)
            }
        }
    }
    return quoted + "\""
}

/// The number with six digits after the point, as Go's `%f` prints it.
func goFixed(_ number: Double) -> String {
    let millionths = (number.magnitude * 1_000_000).rounded()
    guard millionths < 9e18 else { return "\(number)" }
    let value = Int64(millionths)
    let fraction = String(value % 1_000_000)
    let zeros = String(repeating: "0", count: 6 - fraction.count)
    return "\(number < 0 ? "-" : "")\(value / 1_000_000).\(zeros)\(fraction)"
}
