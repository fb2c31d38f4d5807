/* SPDX-License-Identifier: Apache-2.0 */
/* The text forms of an encoding: PEM and bare base64. */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "asn1/item.h"
#include "asn1/tlv.h"
#include "key/key_int.h"

static const char pem_begin[] = "-----BEGIN ";

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* An encoding may well hold PEM text somewhere, but it is never text itself. */
bool cmc_is_pem(struct cmc_slice data)
{
    for (size_t i = 0; i < data.n; i++) {
        if (data.p[i] < 0x20 && !is_space(data.p[i]))
            return false;
    }
    return data.n > 0 && memmem(data.p, data.n, pem_begin, sizeof pem_begin - 1) != NULL;
}

static bool label_wanted(const char *const *labels, const char *name)
{
    if (labels == NULL)
        return true;
    for (; *labels != NULL; labels++) {
        if (strcmp(*labels, name) == 0)
            return true;
    }
    return false;
}

enum cmc_rc cmc_pem_next(struct cmc_slice *in, struct cmc_arena *arena, const char **label,
                         struct cmc_slice *der, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    char *name = NULL, *header = NULL;
    unsigned char *octets = NULL;
    long n = 0;
    BIO *bio = NULL;
    size_t left;

    if (in->n > INT_MAX)
        return cmc_fail(err, CMC_E_LIMIT, NULL, "is larger than %d octets", INT_MAX);
    bio = BIO_new_mem_buf(in->p, (int)in->n);
    if (bio == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to read PEM");
    if (PEM_read_bio(bio, &name, &header, &octets, &n) != 1) {
        bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

        rc = end ? cmc_fail(err, CMC_E_NOTFOUND, NULL, "no further PEM block")
                 : cmc_fail(err, CMC_E_INPUT, NULL,
                            "a PEM block is damaged (base64, or no matching -----END line)");
        goto out;
    }
    *label = cmc_arena_strdup(arena, name);
    *der = cmc_arena_slice(arena, cmc_slice(octets, (size_t)n));
    if (*label == NULL || der->p == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory to read PEM");
    left = BIO_pending(bio);
    *in = cmc_slice(in->p + (in->n - left), left);
out:
    ERR_clear_error();
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(octets, (size_t)n);
    BIO_free(bio);
    return rc;
}

static enum cmc_rc from_pem(struct cmc_slice data, const char *const *labels,
                            struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_slice der = CMC_SLICE_NONE;
    const char *label = NULL;
    enum cmc_rc rc;

    do
        rc = cmc_pem_next(&data, arena, &label, &der, err);
    while (rc == CMC_OK && !label_wanted(labels, label));
    if (rc == CMC_OK)
        *out = der;
    if (rc == CMC_E_NOTFOUND)
        rc = cmc_fail(err, CMC_E_INPUT, NULL, "no PEM block '-----BEGIN %s-----'",
                      labels != NULL && labels[0] != NULL ? labels[0] : "...");
    return rc;
}

/* Base64 with white space and nothing else: the least DER has an octet outside of it. */
static bool is_base64(struct cmc_slice data)
{
    size_t digits = 0;

    for (size_t i = 0; i < data.n; i++) {
        uint8_t c = data.p[i];

        if (is_space(c))
            continue;
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/' || c == '='))
            return false;
        digits++;
    }
    return digits >= 4;
}

static enum cmc_rc from_base64(struct cmc_slice data, struct cmc_arena *arena,
                               struct cmc_slice *out, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    EVP_ENCODE_CTX *ctx = NULL;
    uint8_t *text = NULL, *p = NULL;
    size_t ntext = 0;
    int n = 0, last = 0;

    ctx = EVP_ENCODE_CTX_new();
    text = cmc_arena_alloc(arena, data.n);
    p = cmc_arena_alloc(arena, data.n);
    if (ctx == NULL || text == NULL || p == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory to read base64");
        goto out;
    }
    /* OpenSSL's decoder is particular about line lengths; without lines there are none. */
    for (size_t i = 0; i < data.n; i++) {
        if (!is_space(data.p[i]))
            text[ntext++] = data.p[i];
    }
    EVP_DecodeInit(ctx);
    if (EVP_DecodeUpdate(ctx, p, &n, text, (int)ntext) < 0 ||
        EVP_DecodeFinal(ctx, p + n, &last) < 0) {
        ERR_clear_error();
        rc = cmc_fail(err, CMC_E_INPUT, NULL, "looks like base64, but is damaged or cut short");
        goto out;
    }
    *out = cmc_slice(p, (size_t)(n + last));
out:
    EVP_ENCODE_CTX_free(ctx);
    return rc;
}

enum cmc_rc cmc_der_or_pem(struct cmc_slice data, const char *const *labels,
                           struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    *out = CMC_SLICE_NONE;
    if (data.n == 0)
        return cmc_fail(err, CMC_E_INPUT, NULL, "is empty; want DER, PEM or base64");
    if (data.n > INT_MAX)
        return cmc_fail(err, CMC_E_LIMIT, NULL, "is larger than %d octets", INT_MAX);
    if (is_base64(data))
        return from_base64(data, arena, out, err);
    if (cmc_is_pem(data))
        return from_pem(data, labels, arena, out, err);
    if (data.p[0] == (CMC_CONSTRUCTED | CMC_T_SEQUENCE)) {
        *out = data;
        return CMC_OK;
    }
    return cmc_fail(err, CMC_E_INPUT, NULL, "is neither DER, PEM nor base64");
}

enum cmc_rc cmc_pem_write(const char *label, struct cmc_slice der, struct cmc_buf *out,
                          struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    char *text = NULL;
    BIO *bio = NULL;
    long n;

    if (der.n > INT_MAX)
        return cmc_fail(err, CMC_E_LIMIT, NULL, "too large for PEM");
    bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio(bio, label, "", der.p, (long)der.n) <= 0) {
        rc = cmc_fail_openssl(err, CMC_E_MEM, "cannot write PEM");
        goto out;
    }
    n = BIO_get_mem_data(bio, &text);
    cmc_buf_add(out, text, (size_t)n);
    if (!cmc_buf_ok(out))
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory to write PEM");
out:
    BIO_free(bio);
    return rc;
}
