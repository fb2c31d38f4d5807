/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-signed certificates that an answer brought along. They are never trusted for that; here the
 * user gets them to look at, and may name them as trusted the next time.
 */
#include "asn1/codec.h"
#include "tool/exchange.h"
#include "tool/input.h"

static bool is_self_signed(struct tool *t, struct cmc_slice der, struct cmc_cert *cert)
{
    return cmc_decode(&cmc_it_cert, der, t->arena, cert, NULL) == CMC_OK &&
           cmc_name_eq(cert->tbs.subject, cert->tbs.issuer);
}

static enum cmc_rc say(struct tool *t, const struct cmc_cert *cert, struct cmc_slice der,
                       const char *path)
{
    uint8_t digest[CMC_DIGEST_MAX];
    size_t n = 0;
    struct cmc_buf b;
    const char *text;
    enum cmc_rc rc = cmc_digest(t->crypto, CMC_DIGEST_SHA256, der, digest, &n, &t->err);

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_name_print(cert->tbs.subject, &b);
    cmc_buf_str(&b, ", SHA-256 ");
    cmc_buf_hex(&b, cmc_slice(digest, n));
    text = cmc_buf_cstr(&b);
    if (rc == CMC_OK)
        tool_note(t,
                  "self-signed, not trusted: %s, saved in %s; compare the digest with what the CA "
                  "tells you elsewhere before --trust names it",
                  text != NULL ? text : "?", path);
    cmc_buf_free(&b);
    return rc;
}

/* [10002-4.1-g, 10002-4.2-g, 10002-4.1-f, 10002-4.2-f] */
enum cmc_rc tool_save_self_signed(struct tool *t, const struct cmc_answer_view *answer,
                                  const char *path)
{
    struct cmc_buf b;
    size_t n = 0;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; rc == CMC_OK && i < answer->ncerts; i++) {
        struct cmc_cert cert = {0};

        if (!is_self_signed(t, answer->certs[i], &cert))
            continue;
        n++;
        rc = cmc_pem_write(TOOL_LABEL_CERT, answer->certs[i], &b, &t->err);
        if (rc == CMC_OK)
            rc = say(t, &cert, answer->certs[i], path);
    }
    if (rc == CMC_OK && n == 0)
        tool_note(t, "the answer holds no self-signed certificate; %s is not written", path);
    else if (rc == CMC_OK)
        rc = tool_write(t, path, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}
