/* SPDX-License-Identifier: Apache-2.0 */
#include "server/checkpoint.h"

#include <jansson.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "base/json.h"

#define EVENT "checkpoint"
/* Tells this signature from any other that the responder's key makes. */
#define CONTEXT "Chancery audit checkpoint"

/* -- what is signed ---------------------------------------------------------------------- */

/* The context with its NUL, the number as 8 octets big-endian, the hash. */
static struct cmc_slice signed_octets(const struct cmc_checkpoint *p, struct cmc_arena *arena)
{
    const size_t n = sizeof CONTEXT + 8 + sizeof p->hash;
    uint8_t *octets = cmc_arena_alloc(arena, n);

    if (octets == NULL)
        return CMC_SLICE_NONE;
    memcpy(octets, CONTEXT, sizeof CONTEXT);
    for (unsigned int i = 0; i < 8; i++)
        octets[sizeof CONTEXT + i] = (uint8_t)((uint64_t)p->seq >> (56 - 8 * i));
    memcpy(octets + sizeof CONTEXT + 8, p->hash, sizeof p->hash);
    return cmc_slice(octets, n);
}

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a checkpoint");
}

/* -- making ------------------------------------------------------------------------------ */

static enum cmc_rc note(void *arg, int64_t seq, int64_t at, const char *json,
                        const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct cmc_checkpoint *p = arg;

    (void)at;
    (void)json;
    p->seq = seq;
    memcpy(p->hash, hash, sizeof p->hash);
    return CMC_OK;
}

enum cmc_rc cmc_checkpoint_make(const struct cmc_crypto *c, struct cmc_reader *reader,
                                struct cmc_slice responder_cert, EVP_PKEY *key,
                                struct cmc_arena *arena, struct cmc_checkpoint *out,
                                struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    struct cmc_slice data;
    int64_t last;
    enum cmc_rc rc;

    *out = (struct cmc_checkpoint){0};
    rc = cmc_reader_audit_last(reader, &last, err);
    if (rc == CMC_OK)
        rc = cmc_reader_audit(reader, last, note, out, err);
    if (rc == CMC_OK && out->seq == 0)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "there is no audit record yet");
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, responder_cert, arena, &cert, err);
    if (rc != CMC_OK)
        return rc;
    out->signer = cert.tbs.serial;
    data = signed_octets(out, arena);
    if (data.p == NULL)
        return no_memory(err);
    return cmc_sign(c, key, cmc_sig_default(key), data, arena, &out->signature, err);
}

const char *cmc_checkpoint_json(const struct cmc_checkpoint *p, struct cmc_arena *arena)
{
    struct cmc_buf b;
    const char *text;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT(EVENT));
    cmc_json_int(&b, "seq", p->seq);
    cmc_json_hex(&b, "hash", cmc_slice(p->hash, sizeof p->hash));
    cmc_json_hex(&b, "signer", p->signer);
    cmc_json_hex(&b, "signature", p->signature);
    cmc_json_end(&b);
    text = cmc_buf_cstr(&b);
    text = text != NULL ? cmc_arena_strdup(arena, text) : NULL;
    cmc_buf_free(&b);
    return text;
}

/* -- reading ----------------------------------------------------------------------------- */

static struct cmc_slice hex_member(const json_t *o, const char *name, struct cmc_arena *arena)
{
    const char *text = json_string_value(json_object_get(o, name));
    long n = 0;
    unsigned char *octets = text != NULL ? OPENSSL_hexstr2buf(text, &n) : NULL;
    struct cmc_slice out = CMC_SLICE_NONE;

    if (octets != NULL && n > 0)
        out = cmc_arena_slice(arena, cmc_slice(octets, (size_t)n));
    OPENSSL_free(octets);
    return out;
}

enum cmc_rc cmc_checkpoint_read(const char *json, struct cmc_arena *arena, bool *is_one,
                                struct cmc_checkpoint *out, struct cmc_err *err)
{
    struct cmc_slice hash;
    const char *event;
    json_t *o = NULL;
    enum cmc_rc rc = CMC_OK;

    *is_one = false;
    *out = (struct cmc_checkpoint){0};
    if (strstr(json, "\"" EVENT "\"") == NULL)
        return CMC_OK; /* nearly every record: it need not be parsed */
    o = json_loads(json, 0, NULL);
    event = json_string_value(json_object_get(o, "event"));
    if (event == NULL || strcmp(event, EVENT) != 0)
        goto out;
    *is_one = true;
    out->seq = json_integer_value(json_object_get(o, "seq"));
    hash = hex_member(o, "hash", arena);
    out->signer = hex_member(o, "signer", arena);
    out->signature = hex_member(o, "signature", arena);
    if (out->seq < 1 || hash.n != sizeof out->hash || out->signer.p == NULL ||
        out->signature.p == NULL)
        rc = cmc_fail(err, CMC_E_CRYPTO, NULL, "a checkpoint is damaged: %.80s", json);
    else
        memcpy(out->hash, hash.p, hash.n);
out:
    json_decref(o);
    return rc;
}

enum cmc_rc cmc_checkpoint_verify(const struct cmc_crypto *c, const struct cmc_checkpoint *p,
                                  struct cmc_slice cert, struct cmc_arena *arena,
                                  struct cmc_err *err)
{
    struct cmc_slice data = signed_octets(p, arena);
    struct cmc_cert decoded = {0};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    if (data.p == NULL)
        return no_memory(err);
    rc = cmc_decode(&cmc_it_cert, cert, arena, &decoded, err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(c, decoded.tbs.spki.raw, &key, err);
    if (rc == CMC_OK)
        rc = cmc_verify(c, key, cmc_sig_default(key), data, p->signature, err);
    if (rc != CMC_OK)
        cmc_err_prefix(err, "the checkpoint of audit record %lld", (long long)p->seq);
    EVP_PKEY_free(key);
    return rc;
}
