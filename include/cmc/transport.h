/* SPDX-License-Identifier: Apache-2.0 */
/* How a request gets there and the answer back: over HTTP (RFC 10003 section 6), or your way. */
#ifndef CMC_TRANSPORT_H
#define CMC_TRANSPORT_H

#include <cmc/response.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The media type of a Full PKI Request. */
#define CMCL_TYPE_REQUEST "application/pkcs7-mime; smime-type=CMC-request"

struct cmcl_transport;

/*
 * HTTP or HTTPS, TLS 1.2 or newer; connections are kept for the next exchange.
 * timeout: seconds for one exchange; 0: 30.
 * Errors: CMCL_E_USAGE (no http: or https: URL), CMCL_E_LOCAL, CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_transport_new_http(struct cmcl_context *ctx, const char *url,
                                                 unsigned int timeout,
                                                 struct cmcl_transport **out) CMCL_MUST_USE;

/*
 * TLS of an https: URL. ca: file (PEM) of trust anchors, NULL: the system's. cert, key: URIs of a
 * client certificate and its key, NULL: none; key NULL: it stands with cert. passphrase: of both,
 * or NULL. What was there before stays when this fails.
 * Errors: CMCL_E_USAGE (among them: no HTTP transport), and those of cmcl_key_load().
 */
CMCL_PUBLIC enum cmcl_rc cmcl_transport_set1_tls(struct cmcl_transport *t, const char *ca,
                                                 const char *cert, const char *key,
                                                 const char *passphrase) CMCL_MUST_USE;

/* Where a transport of your own puts the answer. */
struct cmcl_reply;

/* The answer's octets; copied. Errors: CMCL_E_LIMIT, CMCL_E_MEM; return them. */
CMCL_PUBLIC enum cmcl_rc cmcl_reply_set1_body(struct cmcl_reply *reply, const void *body,
                                              size_t n) CMCL_MUST_USE;
/* What went wrong, for the error record; copied. Then return CMCL_E_LOCAL or CMCL_E_RETRY. */
CMCL_PUBLIC void cmcl_reply_set1_error(struct cmcl_reply *reply, const char *text);

/*
 * One exchange: bring body (n octets of this media type) to the server, call
 * cmcl_reply_set1_body() with what it answers, return CMCL_OK. Any other value ends the exchange.
 */
typedef enum cmcl_rc (*cmcl_exchange_fn)(void *self, const char *content_type, const void *body,
                                         size_t n, struct cmcl_reply *reply);

/* A transport of your own: exchange is called with self. Errors: CMCL_E_MEM. */
CMCL_PUBLIC enum cmcl_rc cmcl_transport_new_callback(struct cmcl_context *ctx,
                                                     cmcl_exchange_fn exchange, void *self,
                                                     struct cmcl_transport **out) CMCL_MUST_USE;
CMCL_PUBLIC void cmcl_transport_free(struct cmcl_transport *t);

/*
 * All in one: cmcl_request_build(), send, cmcl_response_open() with this request.
 * Errors: those of the three; CMCL_E_LOCAL (network, HTTP status), CMCL_E_RETRY (HTTP 429, 503).
 */
CMCL_PUBLIC enum cmcl_rc cmcl_exchange(struct cmcl_transport *t, struct cmcl_request *rq,
                                       const struct cmcl_certs *anchors, unsigned int flags,
                                       struct cmcl_response **out) CMCL_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
