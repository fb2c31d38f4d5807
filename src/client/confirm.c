/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting a new certificate, or not (RFC 10002 section 6.14). */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a confirmation");
}

/* One control, in the transaction of the answer. */
static enum cmc_rc fill(struct cmc_full_request *rq, struct cmc_slice type,
                        const struct cmc_item *item, const void *value,
                        const struct cmc_follow_up *f, struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_extra_control *control = cmc_arena_alloc(arena, sizeof *control);

    if (control == NULL)
        return no_memory(err);
    *control = (struct cmc_extra_control){.type = type, .item = item, .value = value};
    rq->controls = control;
    rq->ncontrols = 1;
    rq->transaction_id = f->transaction_id; /* [10002-6.6-b] */
    rq->no_transaction_id = f->transaction_id.p == NULL;
    rq->recipient_nonce = f->recipient_nonce; /* [10002-6.6-u3] */
    return CMC_OK;
}

/* [10002-6.14-a] */
enum cmc_rc cmc_confirm_accept(struct cmc_slice cert, const struct cmc_follow_up *f,
                               struct cmc_arena *arena, struct cmc_full_request *rq,
                               struct cmc_err *err)
{
    struct cmc_issuer_serial *id = cmc_arena_alloc(arena, sizeof *id);
    struct cmc_cert c = {0};
    enum cmc_rc rc;

    if (id == NULL)
        return no_memory(err);
    rc = cmc_decode(&cmc_it_cert, cert, arena, &c, err);
    if (rc != CMC_OK)
        return rc;
    *id = (struct cmc_issuer_serial){.issuer = c.tbs.issuer, .serial = c.tbs.serial};
    return fill(rq, cmc_oid_id_cmc_confirmCertAcceptance, &cmc_it_issuer_serial, id, f, arena, err);
}

/* [10002-6.14-u1]: a status in place of the control. It names the request, for want of a way to
 * name the certificate. */
enum cmc_rc cmc_confirm_reject(uint32_t body_part, uint32_t fail_info, const char *text,
                               const struct cmc_follow_up *f, struct cmc_arena *arena,
                               struct cmc_full_request *rq, struct cmc_err *err)
{
    struct cmc_status_info_v2 *si = cmc_arena_alloc(arena, sizeof *si);
    struct cmc_other_status_info *oi = cmc_arena_alloc(arena, sizeof *oi);
    struct cmc_body_part_reference *ref;

    if (si == NULL || oi == NULL)
        return no_memory(err);
    ref = cmc_list_add(arena, &cmc_it_status_body_list_v2, &si->body_list, 1);
    if (ref == NULL)
        return no_memory(err);
    ref->which = CMC_REF_ID;
    ref->u.id = body_part;
    oi->which = CMC_OI_FAIL;
    oi->u.fail_info = fail_info;
    si->status = CMC_STATUS_FAILED;
    si->string = cmc_slice_str(text);
    si->other = oi;
    return fill(rq, cmc_oid_id_cmc_statusInfoV2, &cmc_it_status_info_v2, si, f, arena, err);
}
