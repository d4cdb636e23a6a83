// The key schedule of TLS 1.3 (RFC 8446 section 7.1) as a provider of OpenSSL's.
//
// OpenSSL 3.0 derives some twenty secrets in each handshake, and for each it looks up the function and the hash by their
// names, copies every parameter to the heap and sets up a MAC, where all that is to be done is to hash a few blocks. This
// hashes them. It also keeps the secrets that the application's octets are protected with, of which OpenSSL has no
// other way to tell than as text in a log, so that a connection can go on without its handshake (TLS/Records).
#define OPENSSL_SUPPRESS_DEPRECATED  // The hashes themselves, without a search for who implements them.
#include "COpenSSLKeySchedule.h"
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/sha.h>
#include <string.h>

enum { LONGEST = COpenSSLKeySchedule_LONGEST };

struct octets {
    const unsigned char *start;
    size_t count;
};

// HMAC (RFC 2104) with SHA-256, or with SHA-384 where `length` is that of its digests.
struct mac {
    size_t length;
    union {
        SHA256_CTX sha256;
        SHA512_CTX sha384;
    } inner, outer;
};

static void mac_begin(struct mac *mac, size_t length, struct octets key) {
    unsigned char pad[SHA512_CBLOCK];
    size_t block = length == SHA256_DIGEST_LENGTH ? SHA256_CBLOCK : SHA512_CBLOCK;
    mac->length = length;
    memset(pad, 0x36, block);
    for (size_t i = 0; i < key.count; i++) pad[i] ^= key.start[i];
    if (block == SHA256_CBLOCK) {
        SHA256_Init(&mac->inner.sha256), SHA256_Update(&mac->inner.sha256, pad, block);
    } else {
        SHA384_Init(&mac->inner.sha384), SHA384_Update(&mac->inner.sha384, pad, block);
    }
    for (size_t i = 0; i < block; i++) pad[i] ^= 0x36 ^ 0x5c;
    if (block == SHA256_CBLOCK) {
        SHA256_Init(&mac->outer.sha256), SHA256_Update(&mac->outer.sha256, pad, block);
    } else {
        SHA384_Init(&mac->outer.sha384), SHA384_Update(&mac->outer.sha384, pad, block);
    }
    OPENSSL_cleanse(pad, sizeof pad);
}

static void mac_add(struct mac *mac, struct octets part) {
    if (!part.count) return;
    if (mac->length == SHA256_DIGEST_LENGTH)
        SHA256_Update(&mac->inner.sha256, part.start, part.count);
    else
        SHA384_Update(&mac->inner.sha384, part.start, part.count);
}

static void mac_end(struct mac *mac, unsigned char out[LONGEST]) {
    if (mac->length == SHA256_DIGEST_LENGTH) {
        SHA256_Final(out, &mac->inner.sha256);
        SHA256_Update(&mac->outer.sha256, out, mac->length);
        SHA256_Final(out, &mac->outer.sha256);
    } else {
        SHA384_Final(out, &mac->inner.sha384);
        SHA384_Update(&mac->outer.sha384, out, mac->length);
        SHA384_Final(out, &mac->outer.sha384);
    }
    OPENSSL_cleanse(mac, sizeof *mac);
}

// HKDF-Expand-Label for no more than one digest of output, which is all that TLS asks for.
static int expand(
    size_t length, struct octets secret, struct octets prefix, struct octets label, struct octets context,
    unsigned char *out, size_t count) {
    if (secret.count != length || count > length || prefix.count + label.count > 255 || context.count > 255) return 0;
    unsigned char head[] = {(unsigned char)(count >> 8), (unsigned char)count, (unsigned char)(prefix.count + label.count)};
    unsigned char size = (unsigned char)context.count, number = 1, digest[LONGEST];
    struct mac mac;
    mac_begin(&mac, length, secret);
    mac_add(&mac, (struct octets){head, sizeof head});
    mac_add(&mac, prefix);
    mac_add(&mac, label);
    mac_add(&mac, (struct octets){&size, 1});
    mac_add(&mac, context);
    mac_add(&mac, (struct octets){&number, 1});
    mac_end(&mac, digest);
    memcpy(out, digest, count);
    OPENSSL_cleanse(digest, sizeof digest);
    return 1;
}

// The next secret of the schedule: extracted from `input` with what `label` makes of the secret before it.
static int extract(
    size_t length, struct octets previous, struct octets prefix, struct octets label, struct octets input,
    unsigned char *out, size_t count) {
    static const unsigned char zeros[LONGEST];
    unsigned char nothing[LONGEST], salt[LONGEST];
    if (count != length) return 0;
    if (previous.start) {
        if (length == SHA256_DIGEST_LENGTH)
            SHA256((const unsigned char *)"", 0, nothing);
        else
            SHA384((const unsigned char *)"", 0, nothing);
        if (!expand(length, previous, prefix, label, (struct octets){nothing, length}, salt, length)) return 0;
    }
    struct mac mac;
    mac_begin(&mac, length, previous.start ? (struct octets){salt, length} : (struct octets){0, 0});
    mac_add(&mac, input.start ? input : (struct octets){zeros, length});
    mac_end(&mac, out);
    OPENSSL_cleanse(salt, sizeof salt);
    return 1;
}

// Secrets of the handshake that this thread is in: client's, server's.
static _Thread_local struct {
    unsigned char octets[LONGEST];
    size_t length;
} derived[2];

static _Thread_local int updates;

static void keep(struct octets label, const unsigned char *secret, size_t length) {
    if (label.count == 11 && memcmp(label.start, "traffic upd", 11) == 0) updates = 1;
    if (label.count != 12 || memcmp(label.start + 1, " ap traffic", 11) != 0) return;
    int server = label.start[0] == 's';
    memcpy(derived[server].octets, secret, length);
    derived[server].length = length;
}

size_t COpenSSLKeySchedule_take(int server, unsigned char secret[LONGEST]) {
    size_t length = derived[server].length;
    memcpy(secret, derived[server].octets, length);
    OPENSSL_cleanse(&derived[server], sizeof derived[server]);
    return length;
}

int COpenSSLKeySchedule_has(int server) { return derived[server].length != 0; }

int COpenSSLKeySchedule_take_updates(void) {
    int result = updates;
    updates = 0;
    return result;
}

int COpenSSLKeySchedule_expand(
    const unsigned char *secret, size_t length, const char *label, unsigned char *out, size_t count) {
    static const unsigned char prefix[] = "tls13 ";
    if (length != SHA256_DIGEST_LENGTH && length != SHA384_DIGEST_LENGTH) return 0;
    return expand(
        length, (struct octets){secret, length}, (struct octets){prefix, 6},
        (struct octets){(const unsigned char *)label, strlen(label)}, (struct octets){0, 0}, out, count);
}

// The provider. Everything comes with the call to derive, so that there is nothing to remember between calls.

static int derive(void *context, unsigned char *out, size_t count, const OSSL_PARAM parameters[]) {
    struct octets key = {0, 0}, salt = {0, 0}, prefix = {0, 0}, label = {0, 0}, data = {0, 0};
    int mode = -1;
    size_t length = 0;
    (void)context;
    for (const OSSL_PARAM *p = parameters; p && p->key; p++) {
        struct octets value = {p->data, p->data_size};
        if (!strcmp(p->key, OSSL_KDF_PARAM_KEY)) key = value;
        else if (!strcmp(p->key, OSSL_KDF_PARAM_SALT)) salt = value;
        else if (!strcmp(p->key, OSSL_KDF_PARAM_PREFIX)) prefix = value;
        else if (!strcmp(p->key, OSSL_KDF_PARAM_LABEL)) label = value;
        else if (!strcmp(p->key, OSSL_KDF_PARAM_DATA)) data = value;
        else if (!strcmp(p->key, OSSL_KDF_PARAM_MODE)) {
            if (!OSSL_PARAM_get_int(p, &mode)) return 0;
        } else if (!strcmp(p->key, OSSL_KDF_PARAM_DIGEST)) {
            if (!strcmp(p->data, "SHA2-256") || !strcmp(p->data, "SHA256")) length = SHA256_DIGEST_LENGTH;
            if (!strcmp(p->data, "SHA2-384") || !strcmp(p->data, "SHA384")) length = SHA384_DIGEST_LENGTH;
        }
    }
    if (!length || !out) return 0;
    if (mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY) return extract(length, salt, prefix, label, key, out, count);
    if (mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || !expand(length, key, prefix, label, data, out, count)) return 0;
    keep(label, out, count);
    return 1;
}

static void *new_context(void *provider) { return provider; }
static void free_context(void *context) { (void)context; }

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))new_context},
    {OSSL_FUNC_KDF_FREECTX, (void (*)(void))free_context},
    {OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
    {0, 0},
};
static const OSSL_ALGORITHM algorithms[] = {
    {OSSL_KDF_NAME_TLS1_3_KDF, "provider=apus", functions, "key schedule of TLS 1.3"},
    {0, 0, 0, 0},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *forget) {
    (void)provider;
    *forget = 0;
    return operation == OSSL_OP_KDF ? algorithms : 0;
}
static const OSSL_DISPATCH provided[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {0, 0},
};

static int begin(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *offered, const OSSL_DISPATCH **out, void **provider) {
    (void)core, (void)offered;
    static char there;  // Something that is not null.
    *out = provided;
    *provider = &there;
    return 1;
}

int COpenSSLKeySchedule_install(void) {
    // The first provider that has a function gives it; the others are the default one's, which is no longer loaded by itself.
    if (!OSSL_PROVIDER_add_builtin(0, "apus", begin) || !OSSL_PROVIDER_load(0, "apus") ||
        !OSSL_PROVIDER_load(0, "default"))
        return 0;
    EVP_KDF *found = EVP_KDF_fetch(0, OSSL_KDF_NAME_TLS1_3_KDF, 0);
    int result = found && !strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(found)), "apus");
    EVP_KDF_free(found);
    return result;
}
