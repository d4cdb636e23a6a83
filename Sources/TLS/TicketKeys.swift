internal import Base
internal import COpenSSL
internal import Synchronization

/// The keys that session tickets are sealed with (RFC 5077 §4); may be shared by contexts and threads.
///
/// A context has keys of its own unless it is given others. Share them between a context and the one that replaces it,
/// and sessions live on when a certificate is renewed; a session is resumed only under the same rules for clients, the
/// same versions and suites, and the same server name, whatever the keys are.
public final class TicketKeys: Sendable {
    /// A key seals for this long, and opens for as long again: who takes it finds no older secrets with it.
    static let period: Duration = .seconds(3600)

    struct Key: Sendable {
        let name = SecureRandom.bytes(16)
        let cipher = SecureRandom.bytes(32)
        let code = SecureRandom.bytes(32)
        let birth: Timestamp
    }

    private struct Pair {
        var current: Key
        var previous: Key?
    }

    private let keys: Mutex<Pair>

    public init() { keys = Mutex(Pair(current: Key(birth: .now))) }

    /// The key to seal with.
    func current(now: Timestamp = .now) -> Key {
        keys.withLock { keys in
            Self.rotate(&keys, now)
            return keys.current
        }
    }

    /// The key that `name` was sealed with, and whether it is about to go; nil for an unknown or a forgotten one.
    func key(named name: [UInt8], now: Timestamp = .now) -> (key: Key, isOld: Bool)? {
        keys.withLock { keys in
            Self.rotate(&keys, now)
            if keys.current.name == name { return (keys.current, false) }
            if let previous = keys.previous, previous.name == name { return (previous, true) }
            return nil
        }
    }

    private static func rotate(_ keys: inout Pair, _ now: Timestamp) {
        if now < keys.current.birth + period { return }
        // After a long rest the previous key is over as well.
        keys.previous = now < keys.current.birth + period + period ? keys.current : nil
        keys.current = Key(birth: now)
    }

    // Safe: a fetched algorithm never changes, and lives as long as the process.
    nonisolated(unsafe) fileprivate static let algorithm = unsafe EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
}

/// Gives OpenSSL the key for one ticket: 1 to use it, 2 to open it and give a new one, 0 when it is not ours.
func sealTicket(
    _ ssl: OpaquePointer?,
    _ name: UnsafeMutablePointer<UInt8>?,
    _ vector: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?,
    _ code: OpaquePointer?,
    _ isSealing: CInt
) -> CInt {
    guard let connection = unsafe TLSConnection.owner(of: ssl), let tickets = connection.context.server?.tickets,
        let name = unsafe name, let vector = unsafe vector
    else { return -1 }
    // Safe: OpenSSL has 16 octets for the name and for AES's vector each (EVP_MAX_IV_LENGTH).
    if isSealing == 1 {
        let key = tickets.current()
        let random = SecureRandom.bytes(16)
        for index in 0..<16 { unsafe (name[index], vector[index]) = (key.name[index], random[index]) }
        guard unsafe EVP_EncryptInit_ex2(cipher, TicketKeys.algorithm, key.cipher, random, nil) == 1,
            unsafe COpenSSL_set_ticket_mac(code, key.code, key.code.count) == 1
        else { return -1 }
        return 1
    }
    let wanted = unsafe Array(UnsafeBufferPointer(start: name, count: 16))
    guard let (key, isOld) = tickets.key(named: wanted) else { return 0 }
    guard unsafe EVP_DecryptInit_ex2(cipher, TicketKeys.algorithm, key.cipher, vector, nil) == 1,
        unsafe COpenSSL_set_ticket_mac(code, key.code, key.code.count) == 1
    else { return -1 }
    // A ticket of TLS 1.3 is for one connection, so each that uses one is given another.
    return unsafe isOld || SSL_version(ssl) >= TLS1_3_VERSION ? 2 : 1
}
