/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/newkey.h"

#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "dogtag/dn.h"

enum cmc_rc dog_switch(struct dog *d, const char *option, const char *text, bool unsaid, bool *out)
{
    *out = unsaid;
    if (text == NULL)
        return CMC_OK;
    *out = strcasecmp(text, "true") == 0;
    if (*out || strcasecmp(text, "false") == 0)
        return CMC_OK;
    return dog_usage(d, "%s %s: want true or false", option, text);
}

/* "1", "0", or "-1": the token decides. */
static enum cmc_rc tristate(struct dog *d, const char *option, const char *text,
                            enum cmc_tristate *out)
{
    *out = CMC_UNSAID;
    if (text == NULL || strcmp(text, "-1") == 0)
        return CMC_OK;
    *out = strcmp(text, "1") == 0 ? CMC_YES : CMC_NO;
    if (*out == CMC_YES || strcmp(text, "0") == 0)
        return CMC_OK;
    return dog_usage(d, "%s %s: want 1, 0 or -1", option, text);
}

static enum cmc_rc key_spec(struct dog *d, const struct dog_newkey_options *o, const char **out)
{
    const char *alg = o->algorithm != NULL ? o->algorithm : "rsa";
    const char *length = o->length != NULL ? o->length : "2048";

    if (strcmp(alg, "rsa") == 0) {
        if (strspn(length, "0123456789") != strlen(length) || strlen(length) > 5)
            return dog_usage(d, "-l %s: want the length of the RSA key in bits", length);
        *out = cmc_arena_printf(d->arena, "rsa:%s", length);
    } else if (strcmp(alg, "ec") == 0) {
        *out = cmc_arena_printf(d->arena, "ec:%s", o->curve != NULL ? o->curve : "nistp256");
    } else if (strcmp(alg, "mldsa") == 0 || strcmp(alg, "mlkem") == 0) {
        return dog_usage(d, "-a %s: no token here makes such keys yet; want rsa or ec", alg);
    } else {
        return dog_usage(d, "-a %s: unknown kind of key; want rsa or ec", alg);
    }
    return *out != NULL ? CMC_OK : dog_no_memory(d);
}

static enum cmc_rc key_plan(struct dog *d, const struct dog_newkey_options *o, bool crmf,
                            struct cmc_token_keygen *plan)
{
    bool ec = o->algorithm != NULL && strcmp(o->algorithm, "ec") == 0, ecdh = false;
    enum cmc_rc rc = key_spec(d, o, &plan->spec);

    if (rc == CMC_OK)
        rc = dog_switch(d, "-t", o->temporary, crmf && ec, &plan->temporary);
    if (rc == CMC_OK)
        rc = dog_switch(d, "-x", o->ecdh, false, &ecdh);
    if (rc == CMC_OK)
        rc = tristate(d, "-s", o->sensitive, &plan->sensitive);
    if (rc == CMC_OK)
        rc = tristate(d, "-e", o->extractable, &plan->extractable);
    if (o->archive && plan->extractable == CMC_UNSAID)
        plan->extractable = CMC_YES;
    if (ec && !ecdh)
        plan->usage = CMC_KEY_SIGN;
    if (!ec && o->wrap)
        plan->usage = CMC_KEY_SIGN | CMC_KEY_WRAP;
    return rc;
}

/* RFC 5280 section 4.2.1.2, method 1. */
static enum cmc_rc make_ski(struct dog *d, struct dog_newkey *k)
{
    uint8_t id[CMC_SKI_OCTETS];
    struct cmc_slice spki, octets = {id, sizeof id};
    enum cmc_rc rc = cmc_key_spki(k->key, d->arena, &spki, &d->err);

    if (rc == CMC_OK)
        rc = cmc_spki_ski(d->crypto, spki, id, &d->err);
    k->ski.extn_id = cmc_oid_id_ce_subjectKeyIdentifier;
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_octet_string, &octets, d->arena, &k->ski.value, &d->err);
    return rc;
}

enum cmc_rc dog_newkey(struct dog *d, const struct dog_newkey_options *o, bool crmf,
                       struct dog_newkey *out)
{
    const struct dog_db_place place = {
        .dbdir = o->dbdir, .token = o->token, .password = o->password, .write = true};
    struct cmc_token_keygen plan = {0};
    struct cmc_slice id = CMC_SLICE_NONE;
    bool typed = false;
    enum cmc_rc rc;

    *out = (struct dog_newkey){0};
    if (o->subject == NULL)
        return dog_usage(d, "missing -n, the subject name");
    if (o->password == NULL)
        return dog_usage(d, "missing -p, the password of the token");
    rc = dog_switch(d, "-k", o->typed, false, &typed);
    if (rc == CMC_OK)
        rc = dog_dn(d, o->subject,
                    crmf ? (typed ? DOG_DN_CRMF_TYPED : DOG_DN_CRMF)
                         : (typed ? DOG_DN_TYPED : DOG_DN_UTF8),
                    &out->subject);
    if (rc == CMC_OK)
        rc = key_plan(d, o, crmf, &plan);
    if (rc == CMC_OK)
        rc = dog_db_open(d, &place, &out->db);
    if (rc == CMC_OK)
        rc = cmc_token_generate(out->db.token, &plan, d->arena, &id, &out->key, &d->err);
    if (rc == CMC_OK && (out->id = cmc_key_id_text(id, d->arena)) == NULL)
        rc = dog_no_memory(d);
    if (rc == CMC_OK)
        rc = make_ski(d, out);
    if (rc == CMC_OK)
        out->alg =
            cmc_sig_find(EVP_PKEY_is_a(out->key, "EC") == 1 ? CMC_SIG_ECDSA : CMC_SIG_RSA_PKCS1,
                         CMC_DIGEST_SHA256);
    if (rc != CMC_OK)
        dog_newkey_clean(out);
    return rc;
}

void dog_newkey_clean(struct dog_newkey *k)
{
    EVP_PKEY_free(k->key);
    dog_db_close(&k->db);
    *k = (struct dog_newkey){0};
}

enum cmc_rc dog_newkey_write_id(struct dog *d, const struct dog_newkey *k, const char *output)
{
    const char *path = cmc_arena_printf(d->arena, "%s.keyId", output);

    return path != NULL ? dog_write(d, path, cmc_slice_str(k->id)) : dog_no_memory(d);
}
