/* SPDX-License-Identifier: Apache-2.0 */
/* CMC over HTTP and HTTPS (RFC 10003 section 6) by libcurl. */
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/client.h"
#include "key/key.h"

#define DEFAULT_TIMEOUT_SECONDS 30u
#define FIRST_LINE_MAX          160u
#define DER_SEQUENCE            0x30 /* how a CMC message begins, and no text does */

struct cmc_http_transport {
    CURL *curl;
    char *url;
    struct cmc_buf body; /* of the answer under way */
    struct cmc_buf cert; /* client certificate and chain, PEM */
    struct cmc_buf key;  /* its key, PEM; zeroised when freed */
    SSL_CTX *tls;        /* carries the key, certificates and anchors given in memory, or NULL */
    struct cmc_crypto *crypto; /* of a key that tls_key names in a token */
    bool anchors;              /* those in tls are all that are trusted */
    bool too_large, get, read_refusals;
    char why[CURL_ERROR_SIZE];
};

/* -- setting up -------------------------------------------------------------------------- */

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
    struct cmc_http_transport *t = arg;

    cmc_buf_add(&t->body, p, size * n);
    if (!cmc_buf_ok(&t->body)) {
        t->too_large = true;
        return 0;
    }
    return size * n;
}

static bool is_https(const char *url)
{
    return strncasecmp(url, "https:", strlen("https:")) == 0;
}

static enum cmc_rc check_url(const char *url, struct cmc_err *err)
{
    if (url == NULL || *url == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "no URL; want http://HOST/PATH or https://..");
    if (is_https(url) || strncasecmp(url, "http:", strlen("http:")) == 0)
        return CMC_OK;
    return cmc_fail(err, CMC_E_USAGE, NULL, "%s: not an http: or https: URL", url);
}

static bool add_certs(SSL_CTX *ctx, const struct cmc_slice *certs, size_t n, bool trusted);

/* A key that cannot be written down is used from where it is. */
static enum cmc_rc use_identity(struct cmc_http_transport *t, EVP_PKEY *key,
                                const struct cmc_slice *certs, size_t n, struct cmc_err *err)
{
    if (t->tls == NULL)
        t->tls = SSL_CTX_new(TLS_client_method());
    if (t->tls == NULL)
        return cmc_fail_openssl(err, CMC_E_MEM, "no memory for TLS");
    if (!add_certs(t->tls, certs, n, false) || SSL_CTX_use_PrivateKey(t->tls, key) != 1)
        return cmc_fail_openssl(err, CMC_E_USAGE, "the TLS client certificate and its key");
    return CMC_OK;
}

/* The client certificate with its chain and the key go to libcurl in memory, so that each form
 * that we can read will do. */
static enum cmc_rc load_identity(struct cmc_http_transport *t, const struct cmc_http_options *o,
                                 struct cmc_err *err)
{
    enum cmc_rc rc;
    struct cmc_arena *arena = NULL;
    EVP_PKEY *key = NULL;
    struct cmc_slice *certs = NULL;
    size_t n = 0;

    arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (arena == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a client certificate");
        goto out;
    }
    rc = cmc_crypto_new(&t->crypto, err);
    if (rc == CMC_OK)
        rc = cmc_certs_load(t->crypto, o->tls_cert, o->tls_pass, arena, &certs, &n, err);
    if (rc == CMC_OK)
        rc = cmc_key_load(t->crypto, o->tls_key != NULL ? o->tls_key : o->tls_cert, o->tls_pass,
                          &key, err);
    if (rc == CMC_OK && cmc_key_in_token(key)) {
        rc = use_identity(t, key, certs, n, err);
        goto out;
    }
    for (size_t i = 0; rc == CMC_OK && i < n; i++)
        rc = cmc_pem_write("CERTIFICATE", certs[i], &t->cert, err);
    if (rc == CMC_OK)
        rc = cmc_key_pem(key, NULL, &t->key, err);
out:
    EVP_PKEY_free(key);
    cmc_arena_free(arena);
    return rc;
}

static X509 *parse_cert(struct cmc_slice der)
{
    const unsigned char *p = der.p;

    return d2i_X509(NULL, &p, (long)der.n);
}

/* Add each certificate to the chain that is sent, or to those that are trusted. */
static bool add_certs(SSL_CTX *ctx, const struct cmc_slice *certs, size_t n, bool trusted)
{
    bool ok = true;

    for (size_t i = 0; i < n && ok; i++) {
        X509 *x = parse_cert(certs[i]);

        if (x == NULL)
            ok = false;
        else if (trusted)
            ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) == 1;
        else if (i == 0)
            ok = SSL_CTX_use_certificate(ctx, x) == 1;
        else
            ok = SSL_CTX_add1_chain_cert(ctx, x) == 1;
        X509_free(x);
    }
    return ok;
}

/*
 * What came in memory is tried here, where its mistakes can be told, and given to libcurl's own
 * context for each connection.
 */
static enum cmc_rc use_memory(struct cmc_http_transport *t, const struct cmc_http_options *o,
                              struct cmc_err *err)
{
    if (t->tls == NULL)
        t->tls = SSL_CTX_new(TLS_client_method());
    if (t->tls == NULL)
        return cmc_fail_openssl(err, CMC_E_MEM, "no memory for TLS");
    if (o->key != NULL) {
        enum cmc_rc rc = use_identity(t, o->key, o->certs, o->ncerts, err);

        if (rc != CMC_OK)
            return rc;
    }
    t->anchors = o->anchors != NULL;
    if (o->anchors != NULL && !add_certs(t->tls, o->anchors, o->nanchors, true))
        return cmc_fail_openssl(err, CMC_E_USAGE, "a trusted certificate");
    return CMC_OK;
}

static CURLcode take_memory(CURL *curl, void *ctx, void *arg)
{
    struct cmc_http_transport *t = arg;
    STACK_OF(X509) *chain = NULL;
    EVP_PKEY *key = SSL_CTX_get0_privatekey(t->tls);
    X509 *cert = SSL_CTX_get0_certificate(t->tls);
    X509_STORE *store = SSL_CTX_get_cert_store(t->tls);

    (void)curl;
    if (key != NULL &&
        (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
         (SSL_CTX_get0_chain_certs(t->tls, &chain) == 1 && chain != NULL &&
          SSL_CTX_set1_chain(ctx, chain) != 1)))
        return CURLE_SSL_CERTPROBLEM;
    if (t->anchors)
        SSL_CTX_set1_cert_store(ctx, store);
    return CURLE_OK;
}

/* Anchors given in memory are all that are trusted. */
static CURLcode set_memory(struct cmc_http_transport *t)
{
    CURLcode cc = CURLE_OK;

    if (t->anchors)
        cc = curl_easy_setopt(t->curl, CURLOPT_CAINFO, NULL);
    if (cc == CURLE_OK && t->anchors)
        cc = curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL);
    if (cc == CURLE_OK)
        cc = curl_easy_setopt(t->curl, CURLOPT_SSL_CTX_FUNCTION, take_memory);
    if (cc == CURLE_OK)
        cc = curl_easy_setopt(t->curl, CURLOPT_SSL_CTX_DATA, t);
    return cc;
}

/* [10003-6-c, 10003-6-d, 10003-6-b] */
static CURLcode set_tls(struct cmc_http_transport *t, const struct cmc_http_options *o)
{
    struct curl_blob cert = {t->cert.p, t->cert.n, CURL_BLOB_NOCOPY};
    struct curl_blob key = {t->key.p, t->key.n, CURL_BLOB_NOCOPY};
    CURLcode cc = curl_easy_setopt(t->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

    if (cc == CURLE_OK && o->tls_ca != NULL)
        cc = curl_easy_setopt(t->curl, CURLOPT_CAINFO, o->tls_ca);
    if (cc == CURLE_OK && o->tls_ca != NULL)
        cc = curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL);
    if (cc == CURLE_OK && t->tls != NULL)
        cc = set_memory(t);
    if (cc == CURLE_OK && t->cert.n > 0)
        cc = curl_easy_setopt(t->curl, CURLOPT_SSLCERT_BLOB, &cert);
    if (cc == CURLE_OK && t->key.n > 0)
        cc = curl_easy_setopt(t->curl, CURLOPT_SSLKEY_BLOB, &key);
    return cc;
}

/* [10003-6-u1, 10003-6-u2] */
static CURLcode set_options(struct cmc_http_transport *t, const struct cmc_http_options *o)
{
    long seconds = (long)(o->timeout_seconds > 0 ? o->timeout_seconds : DEFAULT_TIMEOUT_SECONDS);
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},       {CURLOPT_NOPROGRESS, 1},
        {CURLOPT_FOLLOWLOCATION, 0}, {o->get ? CURLOPT_HTTPGET : CURLOPT_POST, 1},
        {CURLOPT_TIMEOUT, seconds},
    };
    const struct {
        CURLoption option;
        const void *value;
    } pointers[] = {
        {CURLOPT_URL, t->url},         {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_ERRORBUFFER, t->why}, {CURLOPT_WRITEDATA, t},
        {CURLOPT_USERAGENT, "cmc"},
    };
    CURLcode cc = CURLE_OK;

    for (size_t i = 0; cc == CURLE_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        cc = curl_easy_setopt(t->curl, numbers[i].option, numbers[i].value);
    for (size_t i = 0; cc == CURLE_OK && i < sizeof pointers / sizeof pointers[0]; i++)
        cc = curl_easy_setopt(t->curl, pointers[i].option, pointers[i].value);
    if (cc == CURLE_OK)
        cc = curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, take_body);
    if (cc == CURLE_OK && is_https(t->url))
        cc = set_tls(t, o);
    return cc;
}

enum cmc_rc cmc_http_transport_new(const struct cmc_http_options *o,
                                   struct cmc_http_transport **out, struct cmc_err *err)
{
    enum cmc_rc rc;
    struct cmc_http_transport *t = NULL;
    CURLcode cc;

    *out = NULL;
    rc = check_url(o->url, err);
    if (rc != CMC_OK)
        goto out;
    t = calloc(1, sizeof *t);
    /* Without TLS there is nothing global to set up, and that saves time at each start. */
    if (t == NULL || (t->url = strdup(o->url)) == NULL ||
        curl_global_init(is_https(o->url) ? CURL_GLOBAL_DEFAULT : CURL_GLOBAL_NOTHING) != 0 ||
        (t->curl = curl_easy_init()) == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for an HTTP client");
        goto out;
    }
    t->get = o->get;
    t->read_refusals = o->read_refusals;
    cmc_buf_init(&t->body, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_init(&t->cert, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_init(&t->key, CMC_LIMIT_FILE_OCTETS);
    if (o->tls_cert != NULL && !is_https(o->url)) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "%s: a TLS client certificate needs an https: URL",
                      o->url);
        goto out;
    }
    if (o->tls_cert != NULL)
        rc = load_identity(t, o, err);
    if (rc == CMC_OK && is_https(o->url) && (o->key != NULL || o->anchors != NULL))
        rc = use_memory(t, o, err);
    if (rc != CMC_OK)
        goto out;
    cc = set_options(t, o);
    if (cc != CURLE_OK) {
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "%s: %s", o->url, curl_easy_strerror(cc));
        goto out;
    }
    /* libcurl has its copy; messages do without what a GET sends in its query. */
    if (t->get)
        t->url[strcspn(t->url, "?")] = '\0';
    *out = t;
    t = NULL;
out:
    cmc_http_transport_free(t);
    return rc;
}

void cmc_http_transport_free(struct cmc_http_transport *t)
{
    if (t == NULL)
        return;
    curl_easy_cleanup(t->curl);
    SSL_CTX_free(t->tls);
    cmc_crypto_free(t->crypto);
    cmc_buf_free(&t->body);
    cmc_buf_free(&t->cert);
    cmc_buf_free(&t->key);
    free(t->url);
    free(t);
}

/* -- one exchange ------------------------------------------------------------------------ */

static enum cmc_rc transfer_failed(const struct cmc_http_transport *t, CURLcode cc,
                                   struct cmc_err *err)
{
    if (t->too_large)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "%s: the answer is above CMC_LIMIT_MESSAGE_OCTETS (%u)", t->url,
                        CMC_LIMIT_MESSAGE_OCTETS);
    return cmc_fail(err, CMC_E_LOCAL, NULL, "%s: %s", t->url,
                    t->why[0] != '\0' ? t->why : curl_easy_strerror(cc));
}

/* What the server wrote, when it is text: its first line, without what a terminal obeys. */
static const char *first_line(struct cmc_slice body, char *buf)
{
    size_t n = 0;

    for (size_t i = 0; i < body.n && n < FIRST_LINE_MAX; i++) {
        uint8_t c = body.p[i];

        if (c == '\r' || c == '\n')
            break;
        if (c == 0)
            return "";
        buf[n++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    buf[n] = '\0';
    return buf;
}

/* [10002-3.1-a] */
static enum cmc_rc check_status(const struct cmc_http_transport *t, long status,
                                struct cmc_err *err)
{
    char buf[FIRST_LINE_MAX + 1] = "";
    const char *line = first_line(cmc_buf_get0(&t->body), buf);

    if (status >= 200 && status <= 299)
        return CMC_OK;
    /* A server that cannot sign says so with a message that says nothing [10002-3.2.1.3.4-c]. */
    if (status >= 500 && t->body.n > 0 && t->body.p[0] == DER_SEQUENCE)
        return cmc_fail_info(err, CMC_E_LOCAL, CMC_FAIL_INTERNAL_CA_ERROR,
                             "RFC 10002 section 3.2.1.3.4",
                             "%s: the server answered HTTP %ld: it cannot sign an answer "
                             "(internalCAError)",
                             t->url, status);
    return cmc_fail(err, status == 503 || status == 429 ? CMC_E_RETRY : CMC_E_LOCAL,
                    "RFC 10003 section 6", "%s: the server answered HTTP %ld%s%s", t->url, status,
                    *line != '\0' ? ": " : "", line);
}

/* [10003-6-u4] Only 2xx is a success; with another status a CMC message can only refuse. */
static bool brings_refusal(const struct cmc_http_transport *t, const char *type)
{
    static const char cms[] = "application/pkcs7-mime";

    return t->read_refusals && t->body.n > 0 && type != NULL &&
           strncasecmp(type, cms, sizeof cms - 1) == 0;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[512];
    struct curl_slist *more;
    int n = snprintf(line, sizeof line, "%s: %s", name, value);

    if (n < 0 || (size_t)n >= sizeof line)
        return false;
    more = curl_slist_append(*list, line);
    if (more == NULL)
        return false;
    *list = more;
    return true;
}

/* [10003-6.1-u1, 10003-6-u4, 10004-5-j] */
static enum cmc_rc exchange(void *self, const char *content_type, const char *accept,
                            struct cmc_slice body, struct cmc_arena *arena,
                            struct cmc_transport_reply *out, struct cmc_err *err)
{
    struct cmc_http_transport *t = self;
    enum cmc_rc rc = CMC_OK;
    struct curl_slist *headers = NULL;
    struct curl_slist *more;
    char *type = NULL;
    long status = 0;
    CURLcode cc;

    *out = (struct cmc_transport_reply){0};
    cmc_buf_reset(&t->body);
    t->too_large = false;
    t->why[0] = '\0';
    if ((content_type != NULL && !add_header(&headers, "Content-Type", content_type)) ||
        (accept != NULL && !add_header(&headers, "Accept", accept)) ||
        /* No "Expect: 100-continue": it costs a round trip, and some servers stall on it. */
        (more = curl_slist_append(headers, "Expect:")) == NULL) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the media types are too long for HTTP headers");
        goto out;
    }
    headers = more;
    if (curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        (!t->get &&
         (curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) != CURLE_OK ||
          curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, body.p) != CURLE_OK))) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for an HTTP request");
        goto out;
    }
    cc = curl_easy_perform(t->curl);
    if (cc != CURLE_OK) {
        rc = transfer_failed(t, cc, err);
        goto out;
    }
    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
    out->http_status = (unsigned int)status;
    (void)snprintf(out->content_type, sizeof out->content_type, "%s", type != NULL ? type : "");
    rc = check_status(t, status, err);
    if (rc != CMC_OK && brings_refusal(t, type))
        rc = CMC_OK;
    if (rc != CMC_OK)
        goto out;
    if (t->body.n == 0) {
        rc = cmc_fail(err, CMC_E_INPUT, "RFC 10003 section 6",
                      "%s: the server's answer (HTTP %ld) is empty", t->url, status);
        goto out;
    }
    out->body = cmc_arena_slice(arena, cmc_buf_get0(&t->body));
    if (out->body.p == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for the answer");
out:
    (void)curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return rc;
}

struct cmc_transport cmc_http_transport_get(struct cmc_http_transport *t)
{
    return (struct cmc_transport){.exchange = exchange, .self = t};
}
