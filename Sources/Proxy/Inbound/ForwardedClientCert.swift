/// The `x-forwarded-client-cert` header as an Istio sidecar writes it: who called, told to the application.
///
/// Element format: `By=…;Hash=…;Subject="…";URI=…;DNS=…` (Envoy's `x-forwarded-client-cert`, APPEND_FORWARD with
/// Subject, URI and DNS).
enum ForwardedClientCert {
    static let name = "x-forwarded-client-cert"

    /// The caller's certificate, as much of it as the header tells.
    struct Caller: Hashable, Sendable {
        /// SHA-256 of the DER form, lower-case hexadecimal.
        var hash: String
        /// The certificate as URL-encoded PEM; empty where it is not to be told.
        var certificate = ""
        /// RFC 2253 form; empty for workload certificates.
        var subject = ""
        var uris: [String] = []
        var dnsNames: [String] = []
    }

    /// The element for one caller; it stays the same for every request of a connection.
    ///
    /// - Parameter receiver: The URI of the receiving proxy's own certificate; empty when it has none.
    static func element(receiver: String, caller: Caller) -> String {
        var parts: [String] = []
        if !receiver.isEmpty { parts.append("By=\(quotedIfNeeded(receiver))") }
        parts.append("Hash=\(caller.hash)")
        if !caller.certificate.isEmpty { parts.append("Cert=\(quoted(caller.certificate))") }
        parts.append("Subject=\(quoted(caller.subject))")
        // Envoy writes an empty URI for a certificate without one.
        parts.append("URI=\(quotedIfNeeded(caller.uris.first ?? ""))")
        for uri in caller.uris.dropFirst() { parts.append("URI=\(quotedIfNeeded(uri))") }
        for name in caller.dnsNames { parts.append("DNS=\(quotedIfNeeded(name))") }
        return parts.joined(separator: ";")
    }

    /// The header's value for the application; nil means the header must not be there.
    ///
    /// On a connection without a client certificate whatever the client wrote is dropped: it would be a forgery.
    static func value(received: String?, element: String?) -> String? {
        guard let element else { return nil }
        guard let received, !received.isEmpty else { return element }
        return "\(received),\(element)"
    }

    private static func quotedIfNeeded(_ value: String) -> String {
        value.utf8.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "=") }
            ? quoted(value) : value
    }

    private static func quoted(_ value: String) -> String {
        var text = "\""
        for character in value.unicodeScalars {
            if character == "\"" || character == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(character)
        }
        return text + "\""
    }
}
