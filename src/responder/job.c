/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages note down on the exchange they work on. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

/* What a token that is away says is for the log; who asked is to ask again. */
static int fail_info_of(const struct cmc_err *err)
{
    if (err->fail_info != CMC_FAIL_INFO_NONE)
        return err->fail_info;
    return err->rc == CMC_E_RETRY ? CMC_FAIL_TRY_LATER : CMC_FAIL_BAD_REQUEST;
}

static const char *text_of(const struct cmc_err *err)
{
    return err->rc == CMC_E_RETRY && err->fail_info == CMC_FAIL_INFO_NONE
               ? "a key of the authority is out of reach; send the same message again later"
               : err->text;
}

void cmc_job_refuse(struct job *j, const struct cmc_err *err, uint32_t status,
                    const uint32_t *body_parts, size_t n)
{
    uint32_t *ids;

    j->refused = true;
    j->refusal_clause = err->clause;
    j->refusal = (struct cmc_outcome){.status = status, .fail_info = err->fail_info};
    if (status == CMC_STATUS_FAILED)
        j->refusal.fail_info = fail_info_of(err);
    if (body_parts == NULL) {
        ids = cmc_arena_array(j->arena, 1, sizeof *ids);
        if (ids != NULL)
            ids[0] = err->has_body_part ? err->body_part : 0;
        j->refusal.nbody_parts = 1;
        j->refusal.body_parts = ids;
    } else {
        j->refusal.body_parts = body_parts;
        j->refusal.nbody_parts = n;
    }
    j->refusal.text = cmc_arena_slice(j->arena, cmc_slice_str(text_of(err)));
}

void cmc_item_refuse(struct job *j, struct plan_item *it, const struct cmc_err *err)
{
    char *text = cmc_arena_strdup(j->arena, text_of(err));

    it->status = CMC_STATUS_FAILED;
    it->fail_info = fail_info_of(err);
    it->clause = err->clause;
    it->text = text != NULL ? text : "out of memory";
}

struct plan_item *cmc_job_add_item(struct job *j, enum plan_kind kind, uint32_t body_part)
{
    struct plan_item *it;

    if (j->nitems == j->max_items)
        return NULL;
    it = &j->items[j->nitems++];
    it->kind = kind;
    it->body_part = body_part;
    it->status = CMC_STATUS_SUCCESS;
    it->fail_info = CMC_FAIL_INFO_NONE;
    return it;
}

void cmc_job_give_keys_back(struct job *j)
{
    for (size_t i = 0; i < j->nitems; i++) {
        cmc_spki_give_back(j->r->crypto, j->items[i].key);
        j->items[i].key = NULL;
    }
}

/*
 * RFC 10002 section 6: what is to be given back is given back with a refusal too, so these are
 * read before anything may be refused, and without judging them.
 */
void cmc_job_read_echoes(struct job *j)
{
    static const struct {
        const struct cmc_slice *oid;
        size_t offset;
    } echoes[] = {
        {&cmc_oid_id_cmc_transactionId, offsetof(struct job, transaction_id)},
        {&cmc_oid_id_cmc_senderNonce, offsetof(struct job, sender_nonce)},
        {&cmc_oid_id_cmc_dataReturn, offsetof(struct job, data_return)},
    };

    for (size_t i = 0; i < CMC_COUNT(echoes); i++) {
        const struct cmc_tagged_attribute *ta =
            cmc_control_first(&j->body.controls, *echoes[i].oid);
        struct cmc_slice v = CMC_SLICE_NONE;

        if (ta != NULL && cmc_control_decode(ta, j->arena, &v, NULL) == CMC_OK)
            memcpy((char *)j + echoes[i].offset, &v, sizeof v);
    }
}

/*
 * RFC 10002 section 6.6: a refusal answers the nonce too, so that the client knows which request
 * was refused. Nothing else is taken from content that is not verified.
 */
void cmc_job_peek_echoes(struct job *j)
{
    if (j->sd.encap.content.p != NULL &&
        cmc_pkidata_open(j->sd.encap.content, true, j->arena, &j->body, NULL) == CMC_OK)
        cmc_job_read_echoes(j);
}

bool cmc_job_holds_only_status(struct job *j)
{
    struct cmc_pkidata body;

    if (j->sd.encap.content.p == NULL ||
        cmc_pkidata_open(j->sd.encap.content, true, j->arena, &body, NULL) != CMC_OK ||
        body.controls.n == 0 || body.requests.n + body.cms.n + body.other.n > 0)
        return false;
    for (size_t i = 0; i < body.controls.n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, body.controls, i);

        if (!cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfoV2) &&
            !cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfo))
            return false;
    }
    return true;
}

/* -- what the plan puts into the answer ---------------------------------------------------- */

static enum cmc_rc add_slice(struct job *j, struct cmc_list *list, struct cmc_slice der,
                             struct cmc_err *err)
{
    struct cmc_slice *to = cmc_list_add(j->arena, &cmc_it_set_any, list, 1);

    if (to == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an answer");
    *to = der;
    return CMC_OK;
}

static bool is_there(const struct cmc_list *list, struct cmc_slice der)
{
    for (size_t i = 0; i < list->n; i++) {
        if (cmc_slice_eq(*CMC_AT(const struct cmc_slice, *list, i), der))
            return true;
    }
    return false;
}

enum cmc_rc cmc_job_answer_cert(struct job *j, struct cmc_slice cert, struct cmc_err *err)
{
    return is_there(&j->answer_certs, cert) ? CMC_OK : add_slice(j, &j->answer_certs, cert, err);
}

bool cmc_job_answers_cert(const struct job *j, struct cmc_slice cert)
{
    return is_there(&j->answer_certs, cert);
}

enum cmc_rc cmc_job_answer_crl(struct job *j, struct cmc_slice crl, struct cmc_err *err)
{
    return is_there(&j->answer_crls, crl) ? CMC_OK : add_slice(j, &j->answer_crls, crl, err);
}
