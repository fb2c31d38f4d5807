/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/items.h"

#include "asn1/codec.h"

static enum cmc_rc no_memory(struct tool *t)
{
    return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for certification requests");
}

enum cmc_rc tool_items_make(struct tool *t, const struct tool_csrs *csrs, struct tool_items *out)
{
    size_t n = csrs->pkcs10.n + csrs->crmf.n;
    enum cmc_rc rc = CMC_OK;

    *out = (struct tool_items){
        .v = cmc_arena_array(t->arena, n, sizeof *out->v), .n = n, .npkcs10 = csrs->pkcs10.n};
    if (out->v == NULL)
        return no_memory(t);
    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        struct tool_item *it = &out->v[i];

        *it = (struct tool_item){0};
        if (i < out->npkcs10) {
            it->der = *CMC_AT(struct cmc_slice, csrs->pkcs10, i);
            rc = cmc_request_from_pkcs10(it->der, t->arena, &it->rq, &t->err);
        } else {
            it->der = *CMC_AT(struct cmc_slice, csrs->crmf, i - out->npkcs10);
            rc = cmc_request_from_crmf(it->der, t->arena, &it->rq, &t->err);
        }
    }
    return rc;
}

enum cmc_rc tool_items_sent(struct tool *t, const struct cmc_exchange_state *state,
                            struct tool_items *out)
{
    enum cmc_rc rc = CMC_OK;

    *out = (struct tool_items){.v = cmc_arena_array(t->arena, state->nsent, sizeof *out->v),
                               .n = state->nsent};
    if (out->v == NULL)
        return no_memory(t);
    for (size_t i = 0; rc == CMC_OK && i < out->n; i++) {
        out->v[i] = (struct tool_item){0};
        rc = cmc_request_from_tagged(&state->sent[i], t->arena, &out->v[i].rq, &t->err);
    }
    return rc;
}

void tool_items_clean(struct tool_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        EVP_PKEY_free(items->v[i].key);
        items->v[i].key = NULL;
    }
}

/* -- keys -------------------------------------------------------------------------------- */

/* Compared as OpenSSL reads them: peers differ in how they write parameters. */
static bool is_for(struct tool *t, const struct tool_item *it, EVP_PKEY *key)
{
    EVP_PKEY *asked = NULL;
    bool same = cmc_spki_key(t->crypto, it->rq.spki, &asked, NULL) == CMC_OK &&
                EVP_PKEY_eq(asked, key) == 1;

    EVP_PKEY_free(asked);
    return same;
}

enum cmc_rc tool_items_key(struct tool *t, struct tool_items *items, const char *name,
                           EVP_PKEY *key)
{
    enum cmc_rc rc = tool_crypto(t);
    size_t found = 0;

    for (size_t i = 0; rc == CMC_OK && i < items->n; i++) {
        if (items->v[i].key != NULL || !is_for(t, &items->v[i], key))
            continue;
        (void)EVP_PKEY_up_ref(key);
        items->v[i].key = key;
        found++;
    }
    EVP_PKEY_free(key);
    if (rc == CMC_OK && found == 0)
        rc = tool_usage(t, "%s: is the key of none of the certification requests", name);
    return rc;
}

enum cmc_rc tool_items_keys(struct tool *t, struct tool_items *items,
                            const struct cmc_option_list *uris, const char *pass)
{
    const struct cmc_passphrase from = {.file = pass, .prompt = pass == NULL};
    enum cmc_rc rc = tool_crypto(t);

    for (size_t i = 0; rc == CMC_OK && i < uris->n; i++) {
        EVP_PKEY *key = NULL;

        rc = cmc_key_load(t->crypto, uris->v[i], &from, &key, &t->err);
        if (rc == CMC_OK)
            rc = tool_items_key(t, items, uris->v[i], key);
    }
    return rc;
}

/* -- the link to a secret ---------------------------------------------------------------- */

static bool can_link(const struct tool_item *it)
{
    return it->key != NULL || it->rq.pop != CMC_POP_BY_SIGNATURE;
}

static bool is_empty_name(struct cmc_slice name)
{
    return name.n <= 2;
}

enum cmc_rc tool_items_link(struct tool *t, const struct tool_items *items, bool self,
                            struct tool_secret *secret)
{
    bool all = true;

    if (secret->proof.secret.p == NULL)
        return CMC_OK;
    for (size_t i = 0; i < items->n; i++)
        all = all && can_link(&items->v[i]);
    if (!secret->link_said && all)
        secret->proof.link = CMC_LINK_HASH;
    if (secret->proof.link != CMC_LINK_NONE)
        return CMC_OK;
    /* [10002-6.3.2-b, 10002-6.3.2-c, 10002-6.3.2-d] */
    for (size_t i = self ? 1 : 0; i < items->n; i++) {
        if (is_empty_name(items->v[i].rq.subject))
            return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.3.2",
                            "request %zu has no subject and no POP link, so nothing ties it to "
                            "the secret; name its key with --request-key, or ask for the subject "
                            "that came with the secret",
                            i + 1);
    }
    return CMC_OK;
}

/* -- the message ------------------------------------------------------------------------- */

enum cmc_rc tool_items_get_keys(struct tool *t, const struct tool_items *items, EVP_PKEY ***out)
{
    EVP_PKEY **keys = cmc_arena_array(t->arena, items->n, sizeof *keys);

    *out = keys;
    if (keys == NULL)
        return no_memory(t);
    for (size_t i = 0; i < items->n; i++)
        keys[i] = items->v[i].key;
    return CMC_OK;
}

enum cmc_rc tool_items_fill(struct tool *t, const struct tool_items *items,
                            const struct tool_secret *secret, struct cmc_full_request *rq)
{
    struct cmc_slice *ders = cmc_arena_array(t->arena, items->n, sizeof *ders);
    EVP_PKEY **keys = NULL;
    enum cmc_rc rc = tool_items_get_keys(t, items, &keys);

    if (rc != CMC_OK)
        return rc;
    if (ders == NULL)
        return no_memory(t);
    for (size_t i = 0; i < items->n; i++)
        ders[i] = items->v[i].der;
    rq->pkcs10 = ders;
    rq->npkcs10 = items->npkcs10;
    rq->crmf = ders + items->npkcs10;
    rq->ncrmf = items->n - items->npkcs10;
    rq->keys = keys;
    rq->secret = secret->given ? &secret->proof : NULL;
    return CMC_OK;
}
