/* SPDX-License-Identifier: Apache-2.0 */
/* The certification requests that go into a CMCRequest message. */
#include <errno.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "dogtag/request.h"
#include "dogtag/text.h"
#include "message/request_sign.h"

#define CLAUSE_IDS "RFC 10002 section 3.2.2"

/* -- reading ----------------------------------------------------------------------------- */

static enum cmc_rc read_pkcs10(struct dog_request *rq, struct dog_input *in)
{
    struct dog *d = rq->d;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_request_from_pkcs10(in->der, d->arena, &in->rq, &d->err);

    if (rc == CMC_OK)
        rc = cmc_spki_key(d->crypto, in->rq.spki, &key, &d->err);
    if (rc == CMC_OK)
        rc = cmc_request_check_pop(d->crypto, &in->rq, key, true, d->arena, &d->err);
    EVP_PKEY_free(key);
    return rc;
}

/* A POP that fails may be what a test is about: it travels, and is told. */
static void warn_crmf_pop(struct dog_request *rq, const struct dog_input *in)
{
    struct dog *d = rq->d;
    EVP_PKEY *key = NULL;
    struct cmc_slice canonical;
    bool changed = false;

    if (in->rq.pop != CMC_POP_BY_SIGNATURE)
        return;
    if (cmc_spki_key(d->crypto, in->rq.spki, &key, NULL) == CMC_OK &&
        cmc_request_check_pop(d->crypto, &in->rq, key, true, d->arena, NULL) != CMC_OK)
        dog_warn(d, "%s: the proof of possession in this request does not verify", in->path);
    else if (cmc_crmf_canonical(in->der, d->arena, &canonical, &changed, NULL) == CMC_OK && changed)
        dog_warn(d,
                 "%s: the signed part holds explicit DEFAULT values (CRMFPopClient 11.7 with -y); "
                 "it is sent as it stands, but Dogtag's CA will refuse its proof of possession",
                 in->path);
    EVP_PKEY_free(key);
}

static enum cmc_rc read_crmf(struct dog_request *rq, struct dog_input *in)
{
    struct dog *d = rq->d;
    struct cmc_list msgs = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert_req_messages, in->der, d->arena, &msgs, &d->err);

    if (rc != CMC_OK)
        return rc;
    if (msgs.n > 1)
        dog_warn(d, "%s: only the first of its %zu requests is used", in->path, msgs.n);
    rc = cmc_encode_arena(&cmc_it_cert_req_msg, CMC_AT(struct cmc_cert_req_msg, msgs, 0), d->arena,
                          &in->der, &d->err);
    if (rc == CMC_OK)
        rc = cmc_request_from_crmf(in->der, d->arena, &in->rq, &d->err);
    if (rc == CMC_OK)
        warn_crmf_pop(rq, in);
    return rc;
}

static enum cmc_rc read_one(struct dog_request *rq, struct dog_input *in)
{
    struct cmc_slice text;
    enum cmc_rc rc = dog_read(rq->d, in->path, &text);

    if (rc == CMC_OK)
        rc = dog_text_der(rq->d, in->path, text, &in->der);
    if (rc != CMC_OK)
        return rc;
    rc = rq->crmf ? read_crmf(rq, in) : read_pkcs10(rq, in);
    if (rc != CMC_OK)
        cmc_err_prefix(&rq->d->err, "%s: no usable %s request", in->path,
                       rq->crmf ? "CRMF" : "PKCS#10");
    return rc;
}

/* Split the input parameter at blanks. */
static enum cmc_rc split(struct dog_request *rq, const char *list, size_t want)
{
    struct dog *d = rq->d;
    size_t n = 0;

    rq->inputs = cmc_arena_array(d->arena, want, sizeof *rq->inputs);
    if (rq->inputs == NULL)
        return dog_no_memory(d);
    for (const char *p = list; *p != '\0';) {
        size_t len = strcspn(p, " \t");

        if (len > 0 && n++ < want) {
            rq->inputs[n - 1].path = cmc_arena_strndup(d->arena, p, len);
            if (rq->inputs[n - 1].path == NULL)
                return dog_no_memory(d);
        }
        p += len + strspn(p + len, " \t");
    }
    if (n < want)
        return dog_usage(d, "numRequests=%zu, but 'input' names %zu file%s", want, n,
                         n == 1 ? "" : "s");
    if (n > want)
        dog_warn(d, "numRequests=%zu: the other %zu files of 'input' are not used", want, n - want);
    rq->ninputs = want;
    return CMC_OK;
}

enum cmc_rc dog_request_read(struct dog_request *rq)
{
    const char *list = NULL;
    const char *count = dog_config_get(rq->cfg, "numRequests");
    unsigned long n = strtoul(count, NULL, 10); /* checked by the caller to be digits */
    enum cmc_rc rc = dog_config_want(rq->d, rq->cfg, "input", "the files with the requests", &list);

    if (rc == CMC_OK)
        rc = split(rq, list, n);
    for (size_t i = 0; i < rq->ninputs && rc == CMC_OK; i++)
        rc = read_one(rq, &rq->inputs[i]);
    return rc;
}

/* -- signing anew ------------------------------------------------------------------------ */

static void say_request(const struct dog_request *rq, const struct dog_input *in)
{
    struct cmc_buf b;
    const char *text;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    dog_pem(&b, "CERTIFICATE REQUEST", in->der);
    text = cmc_buf_cstr(&b);
    if (!rq->crmf && text != NULL)
        dog_say("\n%s", text);
    cmc_buf_free(&b);
}

enum cmc_rc dog_request_amend(struct dog_request *rq, struct cmc_slice type, struct cmc_slice value)
{
    struct dog *d = rq->d;
    const struct cmc_sig_alg *sha256;
    enum cmc_rc rc = dog_request_own_key(rq, "the key that signs the request anew");

    if (rc != CMC_OK)
        return rc;
    sha256 = cmc_sig_find(EVP_PKEY_is_a(rq->own, "EC") == 1 ? CMC_SIG_ECDSA : CMC_SIG_RSA_PKCS1,
                          CMC_DIGEST_SHA256);
    for (size_t i = 0; i < rq->ninputs && rc == CMC_OK; i++) {
        struct dog_input *in = &rq->inputs[i];

        if (rq->crmf)
            rc = cmc_crmf_add_control(d->crypto, in->der, type, value, rq->own, NULL, d->arena,
                                      &in->der, &d->err);
        else
            rc = cmc_pkcs10_add_attribute(d->crypto, in->der, type, value, rq->own,
                                          rq->rfc ? NULL : sha256, d->arena, &in->der, &d->err);
        if (rc == CMC_OK)
            rc = rq->crmf ? cmc_request_from_crmf(in->der, d->arena, &in->rq, &d->err)
                          : cmc_request_from_pkcs10(in->der, d->arena, &in->rq, &d->err);
        if (rc == CMC_OK)
            say_request(rq, in);
        else
            cmc_err_prefix(&d->err, "%s", in->path);
    }
    return rc;
}

/* -- ids --------------------------------------------------------------------------------- */

/* CRMF requests bring their id, and CRMFPopClient gives each the same. */
static enum cmc_rc check_crmf_ids(struct dog_request *rq)
{
    for (size_t i = 0; i < rq->ninputs; i++) {
        uint32_t id = rq->inputs[i].rq.body_part_id;
        bool twice = false;

        for (size_t k = 0; k < i && !twice; k++)
            twice = rq->inputs[k].rq.body_part_id == id;
        if ((twice || id == 0) && rq->rfc)
            return cmc_fail(&rq->d->err, CMC_E_USAGE, CLAUSE_IDS,
                            "%s: its certReqId %u %s; make the request again with another",
                            rq->inputs[i].path, id,
                            twice ? "is that of another request" : "names the message itself");
        if (twice)
            dog_warn(rq->d, "%s: its certReqId %u is that of another request of this message",
                     rq->inputs[i].path, id);
    }
    return CMC_OK;
}

enum cmc_rc dog_request_tag(struct dog_request *rq)
{
    struct dog *d = rq->d;
    enum cmc_rc rc = rq->crmf ? check_crmf_ids(rq) : CMC_OK;

    for (size_t i = 0; i < rq->ninputs && rc == CMC_OK; i++) {
        struct dog_input *in = &rq->inputs[i];

        if (rq->crmf) {
            rc = cmc_body_add_crmf(d->arena, &rq->body, in->der, &d->err);
        } else {
            in->rq.body_part_id = dog_request_id(rq);
            rc = cmc_body_add_pkcs10(d->arena, &rq->body, in->rq.body_part_id, in->der, &d->err);
        }
    }
    return rc;
}

/* -- the key identifier ------------------------------------------------------------------ */

enum cmc_rc dog_request_ski(struct dog_request *rq, const struct cmc_request *request,
                            struct cmc_slice *out)
{
    struct dog *d = rq->d;
    const struct cmc_extension *e =
        cmc_extension_find(&request->extensions, cmc_oid_id_ce_subjectKeyIdentifier);

    if (e == NULL)
        return cmc_fail(&d->err, CMC_E_USAGE, "RFC 10002 section 3.2",
                        "a request that signs for itself must ask for a subjectKeyIdentifier "
                        "extension (PKCS10Client -y true, CRMFPopClient -y)");
    /* Dogtag's CA compares the sid of a CRMF request with the undecoded value. */
    if ((request->form == CMC_FORM_CRMF && !rq->rfc) ||
        cmc_decode(&cmc_it_octet_string, e->value, d->arena, out, NULL) != CMC_OK)
        *out = e->value;
    return CMC_OK;
}
