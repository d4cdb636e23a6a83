// OpenSSL as Swift sees it: the headers, plus functions for the macros and stacks we use.
#ifndef C_OPENSSL_SHIM_H
#define C_OPENSSL_SHIM_H

#define OPENSSL_SUPPRESS_DEPRECATED  // Engines, see COpenSSL_use_direct_key_methods.
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

// Key methods

static inline int COpenSSL_direct_EC_methods(ENGINE *engine, EVP_PKEY_METHOD **method, const int **ids, int id) {
    static const int known[] = {NID_X9_62_id_ecPublicKey};
    (void)engine;
    if (!method) {
        *ids = known;
        return 1;
    }
    *method = id == known[0] ? (EVP_PKEY_METHOD *)EVP_PKEY_meth_find(id) : 0;
    return *method != 0;
}
static inline int COpenSSL_direct_key_methods(ENGINE *engine, EVP_PKEY_METHOD **method, const int **ids, int id) {
    static const int known[] = {NID_X9_62_id_ecPublicKey, NID_rsaEncryption};
    (void)engine;
    if (!method) {
        *ids = known;
        return sizeof known / sizeof *known;
    }
    *method = id == known[0] || id == known[1] ? (EVP_PKEY_METHOD *)EVP_PKEY_meth_find(id) : 0;
    return *method != 0;
}
/// Makes an engine the default for EC and RSA keys whose methods are those of OpenSSL itself; 0 when it cannot be made.
static inline int COpenSSL_use_direct_key_methods(void) {
    ENGINE *engine = ENGINE_new();
    int result = engine && ENGINE_set_id(engine, "direct") && ENGINE_set_name(engine, "built-in key methods") &&
                 ENGINE_set_pkey_meths(engine, COpenSSL_direct_key_methods) && ENGINE_add(engine) &&
                 ENGINE_set_default_pkey_meths(engine);
    ENGINE_free(engine);
    return result;
}
/// Leaves RSA keys to the providers again; nothing happens where there is no such engine.
static inline void COpenSSL_use_no_direct_RSA_methods(void) {
    ENGINE *engine = ENGINE_by_id("direct");
    if (!engine) return;
    ENGINE_unregister_pkey_meths(engine);
    if (ENGINE_set_pkey_meths(engine, COpenSSL_direct_EC_methods)) ENGINE_set_default_pkey_meths(engine);
    ENGINE_free(engine);
}

// Contexts

static inline int COpenSSL_CTX_set_versions(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) && SSL_CTX_set_max_proto_version(context, highest);
}
static inline int COpenSSL_CTX_set_groups(SSL_CTX *context, const char *names) {
    return (int)SSL_CTX_set1_groups_list(context, names);
}
static inline int COpenSSL_CTX_set_signature_algorithms(SSL_CTX *context, const char *names) {
    return (int)SSL_CTX_set1_sigalgs_list(context, names);
}
static inline void COpenSSL_CTX_set_modes(SSL_CTX *context) {
    SSL_CTX_set_mode(
        context,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
            SSL_MODE_NO_AUTO_CHAIN);
}
static inline void COpenSSL_CTX_set_session_cache(SSL_CTX *context, int client) {
    SSL_CTX_set_session_cache_mode(
        context, client ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
}
static inline void COpenSSL_CTX_set_server_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
}
static inline int COpenSSL_CTX_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
static inline int COpenSSL_CTX_set_chain_store(SSL_CTX *context, X509_STORE *store) {
    return (int)SSL_CTX_set1_verify_cert_store(context, store);
}
static inline void COpenSSL_CTX_set_status_callback(SSL_CTX *context, int (*callback)(SSL *, void *)) {
    SSL_CTX_set_tlsext_status_cb(context, callback);
}
/// Whether some suite has the client encrypt a secret with the server's RSA key (RFC 5246 §7.4.7.1).
static inline int COpenSSL_exchanges_keys_by_RSA(const SSL *ssl) {
    STACK_OF(SSL_CIPHER) *suites = SSL_get_ciphers(ssl);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++)
        if (SSL_CIPHER_get_kx_nid(sk_SSL_CIPHER_value(suites, i)) == NID_kx_rsa) return 1;
    return 0;
}
/// Whether this OpenSSL has the key exchange group, by any of its names.
static inline int COpenSSL_knows_group(const char *name) {
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    int result = context && SSL_CTX_set1_groups_list(context, name) == 1;
    SSL_CTX_free(context);
    ERR_clear_error();
    return result;
}

static const uint64_t COpenSSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t COpenSSL_OP_NO_TICKET = SSL_OP_NO_TICKET;
static const uint64_t COpenSSL_OP_LEGACY_SERVER_CONNECT = SSL_OP_LEGACY_SERVER_CONNECT;
static const uint64_t COpenSSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;

// Connections

static inline int COpenSSL_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline int COpenSSL_set_groups(SSL *ssl, const char *names) { return (int)SSL_set1_groups_list(ssl, names); }
static inline int COpenSSL_add_chain(SSL *ssl, X509 *certificate) { return (int)SSL_add1_chain_cert(ssl, certificate); }
/// Answers the client's wish for an OCSP response with a copy of `octets`.
static inline int COpenSSL_set_status(SSL *ssl, const void *octets, size_t count) {
    void *copy = OPENSSL_memdup(octets, count);
    return copy && SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)count) == 1;
}
/// Asks the server for an OCSP response.
static inline int COpenSSL_request_status(SSL *ssl) {
    return (int)SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
}
/// The OCSP response that the server sent; null without one.
static inline const unsigned char *COpenSSL_received_status(SSL *ssl, long *count) {
    const unsigned char *octets = 0;
    *count = SSL_get_tlsext_status_ocsp_resp(ssl, &octets);
    return *count > 0 ? octets : 0;
}
/// Keys the code that protects a ticket: HMAC with SHA-256.
static inline int COpenSSL_set_ticket_mac(EVP_MAC_CTX *mac, const void *key, size_t count) {
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count),
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 6),
        OSSL_PARAM_END,
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}
/// The group that the keys were exchanged in; null when that was none.
static inline const char *COpenSSL_group_name(SSL *ssl) {
    int group = (int)SSL_get_negotiated_group(ssl);
    return group ? SSL_group_to_name(ssl, group) : 0;
}
static inline void COpenSSL_set_owner(SSL *ssl, void *owner) { SSL_set_app_data(ssl, owner); }
static inline void *COpenSSL_owner(const SSL *ssl) { return SSL_get_app_data(ssl); }
static inline SSL *COpenSSL_store_ctx_ssl(X509_STORE_CTX *verification) {
    return X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
}
static inline int COpenSSL_library(unsigned long error) { return ERR_GET_LIB(error); }
static inline int COpenSSL_reason(unsigned long error) { return ERR_GET_REASON(error); }
static const int COpenSSL_BIO_FLAGS_RETRY = BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY;
static inline void COpenSSL_retry_read(BIO *bio) {
    BIO_clear_retry_flags(bio);
    BIO_set_retry_read(bio);
}

// Certificates

static const unsigned long COpenSSL_XN_FLAG_RFC2253 = XN_FLAG_RFC2253;

static inline int COpenSSL_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
/// The octets of one subject alternative name; `type` is GEN_URI, GEN_DNS, GEN_IPADD or another, which has no octets.
static inline const unsigned char *COpenSSL_name(const GENERAL_NAMES *names, int index, int *type, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    const ASN1_STRING *value = 0;
    *type = name->type;
    if (name->type == GEN_URI || name->type == GEN_DNS || name->type == GEN_EMAIL) value = name->d.ia5;
    if (name->type == GEN_IPADD) value = name->d.iPAddress;
    *count = value ? ASN1_STRING_length(value) : 0;
    return value ? ASN1_STRING_get0_data(value) : 0;
}
/// Adds one name to `names`, making it when it is null; null when out of memory.
static inline GENERAL_NAMES *COpenSSL_add_name(GENERAL_NAMES *names, int type, const void *octets, int count) {
    if (!names) names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (!names || !name || !value || !ASN1_STRING_set(value, octets, count)) return 0;
    GENERAL_NAME_set0_value(name, type, value);
    return sk_GENERAL_NAME_push(names, name) ? names : 0;
}
/// Adds a subject alternative name extension with `names` to a request.
static inline int COpenSSL_request_add_names(X509_REQ *request, GENERAL_NAMES *names) {
    STACK_OF(X509_EXTENSION) *extensions = 0;
    int result = X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 &&
                 X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return result;
}
/// The subject alternative names of a request, to be freed; null when there are none.
static inline GENERAL_NAMES *COpenSSL_request_names(X509_REQ *request) {
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, 0, 0);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return names;
}
/// Adds an extension given as in OpenSSL's configuration language.
static inline int COpenSSL_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, 0, 0, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(0, &context, nid, value);
    int result = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return result;
}
/// Seconds since 1970; INT64_MIN when the time cannot be read.
static inline int64_t COpenSSL_seconds(const ASN1_TIME *time) {
    struct tm fields;
    return ASN1_TIME_to_tm(time, &fields) == 1 ? (int64_t)timegm(&fields) : INT64_MIN;
}
/// What an OCSP response says of a certificate: its status, and when it ends (INT64_MAX when it does not); 0 for nothing.
static inline int COpenSSL_ocsp_find(OCSP_BASICRESP *response, X509 *certificate, int *status, int64_t *end) {
    for (int index = 0; index < OCSP_resp_count(response); index++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(response, index);
        OCSP_CERTID *identifier = OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(single));
        ASN1_INTEGER *serial = 0;
        ASN1_GENERALIZEDTIME *next = 0;
        int found = identifier && OCSP_id_get0_info(0, 0, 0, &serial, identifier) == 1 &&
                    ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) == 0;
        OCSP_CERTID_free(identifier);
        if (!found) continue;
        *status = OCSP_single_get0_status(single, 0, 0, 0, &next);
        *end = next ? COpenSSL_seconds(next) : INT64_MAX;
        return 1;
    }
    return 0;
}
static inline STACK_OF(X509) *COpenSSL_stack(void) { return sk_X509_new_null(); }
/// Adds a certificate to a stack, which takes a reference of its own.
static inline int COpenSSL_push(STACK_OF(X509) *stack, X509 *certificate) {
    return X509_add_cert(stack, certificate, X509_ADD_FLAG_UP_REF);
}
static inline void COpenSSL_free_stack(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }
static inline int COpenSSL_stack_count(const STACK_OF(X509) *stack) { return sk_X509_num(stack); }
static inline X509 *COpenSSL_stack_get(const STACK_OF(X509) *stack, int index) { return sk_X509_value(stack, index); }
static inline void *COpenSSL_allocate(size_t count) { return OPENSSL_malloc(count); }
static inline void COpenSSL_free(void *memory) { OPENSSL_free(memory); }
/// Overwrites memory, and frees it.
static inline void COpenSSL_clear_free(void *memory, size_t count) { OPENSSL_clear_free(memory, count); }
/// The octets written to a memory BIO so far, still its own.
static inline const char *COpenSSL_contents(BIO *bio, long *count) {
    char *octets = 0;
    *count = BIO_get_mem_data(bio, &octets);
    return octets;
}
/// Makes an elliptic-curve key (prime256v1, secp384r1: not the NIST names, which engines do not know) or, when `curve` is null, an RSA key of `bits`.
static inline EVP_PKEY *COpenSSL_generate(const char *curve, size_t bits) {
    return curve ? EVP_PKEY_Q_keygen(0, 0, "EC", curve) : EVP_PKEY_Q_keygen(0, 0, "RSA", bits);
}

#endif
