/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS of a listener, as BCP 195 (RFC 9325) wants it. */
#ifndef CMC_SERVER_TLS_H
#define CMC_SERVER_TLS_H

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/slice.h"

struct cmc_crypto;

enum cmc_client_auth { CMC_CLIENT_NONE, CMC_CLIENT_OPTIONAL, CMC_CLIENT_REQUIRED };

/*
 * A server context in c's library context (c is borrowed and must outlive it): TLS 1.2 and 1.3,
 * AEAD with forward secrecy only, no compression, no renegotiation, no early data (RFC 10003
 * forbids it). With client authentication there is no session resumption either: each handshake
 * checks the client's certificate anew.
 *
 * chain_path: PEM, leaf first. key: its private key; *out keeps a reference of its own.
 * anchors: n whole certificates (DER) that client certificates must chain to. Each of them is
 * trusted as it stands, root or not. With optional client authentication a client may come
 * without a certificate, but not with one that does not verify.
 *
 * The caller frees *out with SSL_CTX_free().
 * Errors: CMC_E_USAGE (chain or anchor cannot be read, key does not fit, client authentication
 * without an anchor), CMC_E_LOCAL (OpenSSL refuses).
 */
enum cmc_rc cmc_tls_context_new(const struct cmc_crypto *c, const char *chain_path, EVP_PKEY *key,
                                enum cmc_client_auth auth, const struct cmc_slice *anchors,
                                size_t n, SSL_CTX **out, struct cmc_err *err) CMC_MUST_USE;

#endif
