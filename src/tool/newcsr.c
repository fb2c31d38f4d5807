/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/newcsr.h"

#include <stdio.h>
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

/* -- the key ----------------------------------------------------------------------------- */

enum cmc_rc tool_key_check(struct tool *t, const struct tool_key_options *o)
{
    if (o->key != NULL && o->new_key != NULL)
        return tool_usage(t, "--key and --new-key exclude each other");
    if (o->key == NULL && o->new_key == NULL)
        return tool_usage(t, "no key: give --new-key KIND --key-out FILE, or --key URI");
    if (o->new_key != NULL && o->key_out == NULL)
        return tool_usage(t, "--new-key makes a key; say where it goes with --key-out FILE");
    if (o->new_key == NULL && o->key_out != NULL)
        return tool_usage(t, "--key-out is for a new key; add --new-key KIND");
    if (o->key_id_out != NULL && !cmc_uri_is_token(o->key_out))
        return tool_usage(t, "--key-id-out is for a new key in a token; name that with --key-out");
    if (o->key_out != NULL && !cmc_uri_is_token(o->key_out))
        return tool_must_not_exist(t, o->key_out);
    return CMC_OK;
}

static enum cmc_rc make_in_token(struct tool *t, const struct tool_key_options *o,
                                 const struct cmc_passphrase *pass, EVP_PKEY **out)
{
    const char *id = NULL;
    enum cmc_rc rc = cmc_key_generate_at(t->crypto, o->key_out, o->new_key, pass, false, t->arena,
                                         &id, out, &t->err);

    if (rc == CMC_OK && o->key_id_out != NULL)
        rc = tool_write(t, o->key_id_out, NULL, cmc_slice_str(id));
    else if (rc == CMC_OK)
        tool_note(t, "the new key has the id %s in its token", id);
    return rc;
}

enum cmc_rc tool_key_get(struct tool *t, const struct tool_key_options *o, EVP_PKEY **out)
{
    const struct cmc_passphrase pass = {.file = o->key_pass, .prompt = o->key_pass == NULL};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = tool_crypto(t);

    *out = NULL;
    if (rc == CMC_OK && o->key != NULL)
        return cmc_key_load(t->crypto, o->key, &pass, out, &t->err);
    if (rc == CMC_OK && cmc_uri_is_token(o->key_out))
        return make_in_token(t, o, &pass, out);
    if (rc == CMC_OK && strcasecmp(o->new_key, "dh") == 0)
        rc = tool_dh_key(t, o->dh_pop, &key);
    else if (rc == CMC_OK)
        rc = cmc_key_generate(t->crypto, o->new_key, &key, &t->err);
    /* Saved before it is used: no certificate may come back for a key that is lost. */
    if (rc == CMC_OK)
        rc = cmc_key_save(t->crypto, key, o->key_out, &pass, &t->err);
    if (rc == CMC_OK) {
        *out = key;
        key = NULL;
    }
    EVP_PKEY_free(key);
    return rc;
}

/* -- extensions -------------------------------------------------------------------------- */

struct wish {
    struct tool *t;
    struct cmc_list exts; /* struct cmc_extension */
};

static enum cmc_rc add_value(struct wish *w, struct cmc_slice oid, bool critical,
                             const struct cmc_item *it, const void *value)
{
    struct cmc_extension *e = cmc_list_add(w->t->arena, &cmc_it_extensions, &w->exts, 1);

    if (e == NULL)
        return cmc_fail(&w->t->err, CMC_E_MEM, NULL, "no memory for extensions");
    e->extn_id = oid;
    e->critical = critical;
    return cmc_encode_arena(it, value, w->t->arena, &e->value, &w->t->err);
}

/* The next name of "a,b,c": copied out, *list stepped over it. False at the end. */
static bool next_word(const char **list, char *word, size_t size)
{
    const char *p = *list + strspn(*list, ", ");
    size_t n = strcspn(p, ", ");

    if (n == 0)
        return false;
    (void)snprintf(word, size, "%.*s", (int)(n < size ? n : size), p);
    *list = p + n;
    return true;
}

static enum cmc_rc unknown_usage(struct tool *t, const char *word)
{
    char all[256] = "";
    size_t n = 0;

    for (size_t i = 0; cmc_it_key_usage.bits[i] != NULL && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i > 0 ? ", " : "",
                              cmc_it_key_usage.bits[i]);
    return tool_usage(t, "--key-usage: unknown '%s'; want some of %s", word, all);
}

static enum cmc_rc add_key_usage(struct wish *w, const char *list)
{
    uint8_t bits[3] = {0}; /* unused bits, then bits 0..15 */
    struct cmc_slice value = {bits, 1};
    size_t last = 0;
    bool any = false;
    char word[64];

    while (next_word(&list, word, sizeof word)) {
        size_t i = 0;

        while (cmc_it_key_usage.bits[i] != NULL && strcmp(cmc_it_key_usage.bits[i], word) != 0)
            i++;
        if (cmc_it_key_usage.bits[i] == NULL || i >= 16)
            return unknown_usage(w->t, word);
        bits[1 + i / 8] |= (uint8_t)(0x80u >> (i % 8));
        last = !any || i > last ? i : last;
        any = true;
    }
    if (!any)
        return tool_usage(w->t, "--key-usage: no value; as digitalSignature,keyEncipherment");
    /* DER: a named bit list ends with its last 1 bit (X.690 section 11.2.2). */
    value.n = 2 + last / 8;
    bits[0] = (uint8_t)(7 - last % 8);
    return add_value(w, cmc_oid_id_ce_keyUsage, true, &cmc_it_key_usage, &value);
}

/* "serverAuth" or "1.3.6.1.5.5.7.3.1" */
static struct cmc_slice purpose(struct tool *t, const char *word)
{
    uint8_t oid[CMC_LIMIT_OID_OCTETS];
    char full[80];

    (void)snprintf(full, sizeof full, "id-kp-%s", word);
    for (size_t i = 0; i < cmc_oid_row_count; i++) {
        if (strcmp(cmc_oid_rows[i].name, full) == 0 || strcmp(cmc_oid_rows[i].name, word) == 0)
            return cmc_oid_rows[i].oid;
    }
    return cmc_arena_slice(t->arena, cmc_oid_parse(word, oid, sizeof oid));
}

static enum cmc_rc add_eku(struct wish *w, const char *list)
{
    struct cmc_list oids = {0};
    char word[64];

    while (next_word(&list, word, sizeof word)) {
        struct cmc_slice oid = purpose(w->t, word);
        struct cmc_slice *p;

        if (oid.p == NULL)
            return tool_usage(w->t,
                              "--eku: unknown '%s'; want serverAuth, clientAuth, codeSigning, "
                              "emailProtection, timeStamping, OCSPSigning or a dotted OID",
                              word);
        p = cmc_list_add(w->t->arena, &cmc_it_eku, &oids, 1);
        if (p == NULL)
            return cmc_fail(&w->t->err, CMC_E_MEM, NULL, "no memory for extensions");
        *p = oid;
    }
    if (oids.n == 0)
        return tool_usage(w->t, "--eku: no value; as serverAuth,clientAuth");
    return add_value(w, cmc_oid_id_ce_extKeyUsage, false, &cmc_it_eku, &oids);
}

static enum cmc_rc add_ski(struct wish *w, EVP_PKEY *key)
{
    uint8_t ski[CMC_SKI_OCTETS];
    struct cmc_slice spki, value = {ski, sizeof ski};
    enum cmc_rc rc = cmc_key_spki(key, w->t->arena, &spki, &w->t->err);

    if (rc == CMC_OK)
        rc = cmc_spki_ski(w->t->crypto, spki, ski, &w->t->err);
    if (rc == CMC_OK)
        rc = add_value(w, cmc_oid_id_ce_subjectKeyIdentifier, false, &cmc_it_octet_string, &value);
    return rc;
}

static enum cmc_rc add_san(struct wish *w, const char *text, const struct cmc_cert *from)
{
    const struct cmc_extension *old =
        from != NULL ? cmc_extension_find(&from->tbs.extensions, cmc_oid_id_ce_subjectAltName)
                     : NULL;
    struct cmc_extension *e;

    if (text == NULL && old == NULL)
        return CMC_OK;
    e = cmc_list_add(w->t->arena, &cmc_it_extensions, &w->exts, 1);
    if (e == NULL)
        return cmc_fail(&w->t->err, CMC_E_MEM, NULL, "no memory for extensions");
    if (text != NULL)
        return cmc_san_parse(text, w->t->arena, e, &w->t->err);
    *e = *old;
    return CMC_OK;
}

/* -- the request ------------------------------------------------------------------------- */

enum cmc_rc tool_csr_form(struct tool *t, const struct tool_csr_options *o,
                          enum cmc_request_form *form)
{
    *form = CMC_FORM_PKCS10;
    if (o->form == NULL || strcmp(o->form, "pkcs10") == 0)
        return CMC_OK;
    *form = CMC_FORM_CRMF;
    if (strcmp(o->form, "crmf") == 0)
        return CMC_OK;
    return tool_usage(t, "--form %s: want pkcs10 or crmf", o->form);
}

/*
 * The certReqId is signed and becomes the body part id, so requests that are made apart and
 * sent together must differ in it.
 */
static enum cmc_rc choose_id(struct tool *t, const struct tool_csr_options *o, uint32_t *id)
{
    enum cmc_rc rc = CMC_OK;

    *id = o->id;
    while (rc == CMC_OK && *id == 0) {
        rc = cmc_random(t->crypto, id, sizeof *id, &t->err);
        *id &= 0x7fffffff; /* some peers take it for a signed number */
    }
    return rc;
}

static enum cmc_rc get_subject(struct tool *t, const struct tool_csr_options *o,
                               const struct cmc_cert *from, struct cmc_slice *out)
{
    if (o->subject != NULL)
        return cmc_name_parse(o->subject, t->arena, out, &t->err);
    if (from != NULL) {
        *out = from->tbs.subject;
        return CMC_OK;
    }
    return tool_usage(t, "no --subject; as --subject \"O=Example, CN=alice\" (\"\" for none)");
}

enum cmc_rc tool_csr_make(struct tool *t, const struct tool_csr_options *o, EVP_PKEY *key,
                          const struct cmc_cert *from, struct cmc_slice *out)
{
    struct cmc_request_params p = {.key = key,
                                   .no_signature = o->no_signature || cmc_sig_default(key) == NULL};
    struct wish w = {.t = t};
    enum cmc_request_form form;
    enum cmc_rc rc = tool_csr_form(t, o, &form);

    if (rc == CMC_OK)
        rc = get_subject(t, o, from, &p.subject);
    if (rc == CMC_OK)
        rc = add_san(&w, o->san, from);
    if (rc == CMC_OK && o->key_usage != NULL)
        rc = add_key_usage(&w, o->key_usage);
    if (rc == CMC_OK && o->eku != NULL)
        rc = add_eku(&w, o->eku);
    if (rc == CMC_OK && o->ski)
        rc = add_ski(&w, key);
    if (rc == CMC_OK)
        rc = choose_id(t, o, &p.cert_req_id);
    if (rc != CMC_OK)
        return rc;
    p.exts = w.exts.v;
    p.nexts = w.exts.n;
    rc = tool_dh_prove(t, o->dh_pop, &p);
    if (rc == CMC_OK)
        rc = tool_change_name(t, &o->change, form, &p);
    if (rc != CMC_OK)
        return rc;
    if (form == CMC_FORM_CRMF)
        return cmc_crmf_create(t->crypto, &p, t->arena, out, &t->err);
    return cmc_pkcs10_create(t->crypto, &p, t->arena, out, &t->err);
}
