#ifndef C_OPENSSL_KEY_SCHEDULE_H
#define C_OPENSSL_KEY_SCHEDULE_H
#include <stddef.h>

/// The largest secret of TLS 1.3 that is known here, of SHA-384, in octets.
enum { COpenSSLKeySchedule_LONGEST = 48 };

/// Lets handshakes of TLS 1.3 derive their secrets by the functions of this file; 0 when OpenSSL would not have it.
///
/// Must come before the first handshake, and before programs load providers by themselves.
int COpenSSLKeySchedule_install(void);

/// Moves the last application traffic secret that a handshake on this thread derived to `secret`, and forgets it here.
///
/// @param server Whether the server's is wanted: what the server encrypts with and the client decrypts with.
/// @return Its length in octets, which tells the hash: 32 or 48; 0 when there is none.
size_t COpenSSLKeySchedule_take(int server, unsigned char secret[COpenSSLKeySchedule_LONGEST]);

/// Whether ``COpenSSLKeySchedule_take`` would have a secret.
int COpenSSLKeySchedule_has(int server);

/// Whether OpenSSL has changed a key of any connection on this thread since it was last asked.
int COpenSSLKeySchedule_take_updates(void);

/// HKDF-Expand-Label (RFC 8446 section 7.1) with an empty context.
///
/// @param length Of the secret, and of the hash that it is used with: 32 or 48 octets.
/// @param count Octets wanted: at most as many as the hash has.
int COpenSSLKeySchedule_expand(
    const unsigned char *secret, size_t length, const char *label, unsigned char *out, size_t count);
#endif
