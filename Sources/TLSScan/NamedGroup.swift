internal import Base

/// A group that keys are exchanged in (`supported_groups`, RFC 8446 §4.2.7).
public struct NamedGroup: Hashable, Sendable, CustomStringConvertible {
    /// IANA's number.
    public let number: UInt16

    public init(number: UInt16) { self.number = number }

    private struct Fact {
        let name: String
        let bits: Int
    }

    /// Known groups, the better ones first.
    static let all = order.map(NamedGroup.init(number:))

    private static let order: [UInt16] = [
        0x11EC, 0x11EB, 0x11ED, 0x6399, 29, 23, 30, 24, 25, 31, 32, 33, 26, 27, 28, 21, 22, 19, 20, 256, 257, 258, 259,
        260,
    ]

    private static let facts: [UInt16: Fact] = [
        0x11EC: Fact(name: "X25519MLKEM768", bits: 768), 0x11EB: Fact(name: "SecP256r1MLKEM768", bits: 768),
        0x11ED: Fact(name: "SecP384r1MLKEM1024", bits: 1024), 0x6399: Fact(name: "X25519Kyber768Draft00", bits: 768),
        29: Fact(name: "X25519", bits: 253), 30: Fact(name: "X448", bits: 448), 23: Fact(name: "P-256", bits: 256),
        24: Fact(name: "P-384", bits: 384), 25: Fact(name: "P-521", bits: 521), 21: Fact(name: "P-224", bits: 224),
        19: Fact(name: "P-192", bits: 192), 20: Fact(name: "secp224k1", bits: 224),
        22: Fact(name: "secp256k1", bits: 256),
        26: Fact(name: "brainpoolP256r1", bits: 256), 27: Fact(name: "brainpoolP384r1", bits: 384),
        28: Fact(name: "brainpoolP512r1", bits: 512), 31: Fact(name: "brainpoolP256r1tls13", bits: 256),
        32: Fact(name: "brainpoolP384r1tls13", bits: 384), 33: Fact(name: "brainpoolP512r1tls13", bits: 512),
        256: Fact(name: "ffdhe2048", bits: 2048), 257: Fact(name: "ffdhe3072", bits: 3072),
        258: Fact(name: "ffdhe4096", bits: 4096), 259: Fact(name: "ffdhe6144", bits: 6144),
        260: Fact(name: "ffdhe8192", bits: 8192),
    ]

    public var description: String { Self.facts[number]?.name ?? "group \(number)" }

    /// As testssl.sh writes it, such as `253 bit ECDH (X25519)`.
    public var forwardSecrecy: String {
        guard let fact = Self.facts[number] else { return description }
        let kind = (256...260).contains(number) ? "DH" : fact.name.contains("M") ? "hybrid" : "ECDH"
        return "\(fact.bits) bit \(kind) (\(fact.name))"
    }

    /// A public key of the group, enough to be answered: the secret is known to all, so it protects nothing.
    var publicKey: [UInt8]? {
        switch number {
        case 29: [9] + [UInt8](repeating: 0, count: 31)
        case 30: [5] + [UInt8](repeating: 0, count: 55)
        case 23: Hex.decode(Self.p256)
        case 24: Hex.decode(Self.p384)
        // A key of zeros is a valid one of ML-KEM.
        case 0x11EC: [UInt8](repeating: 0, count: 1184) + [9] + [UInt8](repeating: 0, count: 31)
        case 0x0A0A: [0]
        default: nil
        }
    }

    // The base points of the curves (FIPS 186-4 §D.1.2).
    private static let p256 =
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b31"
        + "5ececbb6406837bf51f5"
    private static let p384 =
        "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a9626"
        + "2c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
}
