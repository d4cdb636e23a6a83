/// An amount as Kubernetes writes it, such as `100m`, `1.5`, `64Mi` (`api/resource.Quantity`).
struct Quantity: Sendable, Hashable {
    /// The amount in thousandths.
    let thousandths: Int64

    /// Rounded up, as limits are.
    var whole: Int64 { (thousandths + 999) / 1000 }

    init?(_ text: String) {
        let digits = text.prefix { $0.isNumber || ".+-".contains($0) }
        guard let number = Double(digits), let factor = Self.factor(String(text.dropFirst(digits.count))) else {
            return nil
        }
        let value = (number * factor).rounded(.up)
        guard value.isFinite, abs(value) < 9e18 else { return nil }
        thousandths = Int64(value)
    }

    /// How many thousandths one of the unit is.
    private static func factor(_ suffix: String) -> Double? {
        switch suffix {
        case "m": return 1
        case "": return 1000
        case "k": return 1e6
        case "M": return 1e9
        case "G": return 1e12
        case "T": return 1e15
        case "Ki": return 1000 * 1024
        case "Mi": return 1000 * 1024 * 1024
        case "Gi": return 1000 * 1024 * 1024 * 1024
        case "Ti": return 1000.0 * 1024 * 1024 * 1024 * 1024
        default: return nil
        }
    }
}
