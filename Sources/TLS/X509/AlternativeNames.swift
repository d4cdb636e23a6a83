public import Base
internal import COpenSSL

/// The subject alternative names of a certificate or a request (RFC 5280 §4.2.1.6), those kinds that TLS peers go by.
///
/// A name with an octet that is not printable ASCII is left out: it could only be there to deceive.
public struct AlternativeNames: Hashable, Sendable {
    /// Such as `spiffe://cluster.local/ns/foo/sa/httpbin`.
    public var uris: [String]
    public var dnsNames: [String]
    public var addresses: [IPAddress]
    /// Read from certificates; those that are made here have none.
    public private(set) var emails: [String] = []

    public init(uris: [String] = [], dnsNames: [String] = [], addresses: [IPAddress] = []) {
        (self.uris, self.dnsNames, self.addresses) = (uris, dnsNames, addresses)
    }

    public var isEmpty: Bool { uris.isEmpty && dnsNames.isEmpty && addresses.isEmpty && emails.isEmpty }

    /// All names as text, for comparing with `subjectAltNames` and for people.
    public var all: [String] { uris + dnsNames + addresses.map(\.description) + emails }

    /// Reads and frees OpenSSL's form; null means no names.
    init(adopting names: OpaquePointer?) {
        self.init()
        guard let names = unsafe names else { return }
        defer { unsafe GENERAL_NAMES_free(names) }
        for index in 0..<(unsafe COpenSSL_names_count(names)) {
            var (type, count): (CInt, CInt) = (0, 0)
            guard let octets = unsafe COpenSSL_name(names, index, &type, &count) else { continue }
            // Safe: the stack owns `count` octets there until it is freed below.
            append(type: type, unsafe Array(UnsafeBufferPointer(start: octets, count: Int(count))))
        }
    }

    private mutating func append(type: CInt, _ octets: [UInt8]) {
        if type == GEN_IPADD {
            if octets.count == 4 { addresses.append(IPAddress(ipv4: UInt32(Self.number(octets[...])))) }
            if octets.count == 16 {
                addresses.append(IPAddress(high: Self.number(octets[..<8]), low: Self.number(octets[8...])))
            }
            return
        }
        guard octets.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
        let text = String(decoding: octets, as: UTF8.self)
        if type == GEN_URI { uris.append(text) }
        if type == GEN_DNS { dnsNames.append(text) }
        if type == GEN_EMAIL { emails.append(text) }
    }

    private static func number(_ octets: ArraySlice<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }

    /// OpenSSL's form, to be freed by the caller; nil without names.
    func makeRaw() -> OpaquePointer? {
        var raw = unsafe OpaquePointer?.none
        for uri in uris { unsafe raw = Self.add(raw, GEN_URI, Array(uri.utf8)) }
        for name in dnsNames { unsafe raw = Self.add(raw, GEN_DNS, Array(name.utf8)) }
        for address in addresses { unsafe raw = Self.add(raw, GEN_IPADD, address.octets) }
        return unsafe raw
    }

    private static func add(_ names: OpaquePointer?, _ type: CInt, _ octets: [UInt8]) -> OpaquePointer? {
        unsafe COpenSSL_add_name(names, type, octets, CInt(octets.count))
    }
}
