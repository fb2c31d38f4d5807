/* SPDX-License-Identifier: Apache-2.0 */
/* The status of what was asked, RFC 10002 section 6.1. */
#include "message/status.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/body.h"

const char *cmc_status_name(uint32_t status)
{
    static const char *const names[] = {
        [CMC_STATUS_SUCCESS] = "success",
        [CMC_STATUS_FAILED] = "failed",
        [CMC_STATUS_PENDING] = "pending",
        [CMC_STATUS_NO_SUPPORT] = "noSupport",
        [CMC_STATUS_CONFIRM_REQUIRED] = "confirmRequired",
        [CMC_STATUS_POP_REQUIRED] = "popRequired",
        [CMC_STATUS_PARTIAL] = "partial",
    };

    return status < CMC_COUNT(names) && names[status] != NULL ? names[status] : "unknown";
}

const char *cmc_fail_info_name(uint32_t fail_info)
{
    static const char *const names[] = {
        "badAlg",         "badMessageCheck", "badRequest",  "badTime",      "badCertId",
        "unsupportedExt", "mustArchiveKeys", "badIdentity", "popRequired",  "popFailed",
        "noKeyReuse",     "internalCAError", "tryLater",    "authDataFail",
    };

    return fail_info < CMC_COUNT(names) ? names[fail_info] : "unknown";
}

/* -- writing ----------------------------------------------------------------------------- */

/*
 * otherInfo of an outcome, NULL when it has none: failInfo goes with failed, pendInfo with pending
 * and partial, each with no other status. extendedFailInfo is never written; RFC 10004 prevails
 * over RFC 10002 section 6.1.4 there.
 * [10002-6.1.1-u2, 10002-6.1.1-u3, 10004-5-h, 10004-5-i]
 */
static struct cmc_other_status_info *other_info(struct cmc_arena *arena,
                                                const struct cmc_outcome *o, bool *failed)
{
    struct cmc_other_status_info *oi;
    /* Where compat: dogtag asks for its status popRequired, the failInfo goes with that. */
    bool fails = o->fail_info != CMC_FAIL_INFO_NONE &&
                 (o->status == CMC_STATUS_FAILED || o->status == CMC_STATUS_POP_REQUIRED);
    bool pends = o->pend_token.p != NULL &&
                 (o->status == CMC_STATUS_PENDING || o->status == CMC_STATUS_PARTIAL);

    *failed = false;
    if (!fails && !pends)
        return NULL;
    oi = cmc_arena_alloc(arena, sizeof *oi);
    if (oi == NULL) {
        *failed = true;
        return NULL;
    }
    if (pends) {
        oi->which = CMC_OI_PEND;
        oi->u.pend.token = o->pend_token;
        oi->u.pend.time = cmc_gentime(arena, o->pend_time);
    } else {
        oi->which = CMC_OI_FAIL;
        oi->u.fail_info = (uint32_t)o->fail_info;
    }
    return oi;
}

/* [10002-6.1-c, 10004-5.2-a, 10002-3.2.2-u3] */
static enum cmc_rc add_v2(struct cmc_arena *arena, struct cmc_list *controls,
                          const struct cmc_outcome *o, struct cmc_other_status_info *oi,
                          uint32_t id, struct cmc_err *err)
{
    struct cmc_status_info_v2 si = {.status = o->status, .string = o->text, .other = oi};
    struct cmc_body_part_reference *refs =
        cmc_list_add(arena, &cmc_it_status_body_list_v2, &si.body_list, o->nbody_parts);

    if (refs == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a status");
    for (size_t i = 0; i < o->nbody_parts; i++) {
        refs[i].which = CMC_REF_ID;
        refs[i].u.id = o->body_parts[i];
    }
    return cmc_control_add(arena, controls, id, cmc_oid_id_cmc_statusInfoV2, &cmc_it_status_info_v2,
                           &si, err);
}

/* [10002-6.1-d, 10004-5.2-b] */
static enum cmc_rc add_v1(struct cmc_arena *arena, struct cmc_list *controls,
                          const struct cmc_outcome *o, struct cmc_other_status_info *oi,
                          uint32_t id, struct cmc_err *err)
{
    struct cmc_status_info si = {.status = o->status, .string = o->text, .other = oi};
    uint32_t *ids = cmc_list_add(arena, &cmc_it_status_body_list, &si.body_list, o->nbody_parts);

    if (ids == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a status");
    memcpy(ids, o->body_parts, o->nbody_parts * sizeof *ids);
    return cmc_control_add(arena, controls, id, cmc_oid_id_cmc_statusInfo, &cmc_it_status_info, &si,
                           err);
}

enum cmc_rc cmc_status_add(struct cmc_arena *arena, struct cmc_list *controls,
                           const struct cmc_outcome *o, bool v1, uint32_t *next_id,
                           struct cmc_err *err)
{
    bool failed;
    struct cmc_other_status_info *oi = other_info(arena, o, &failed);
    enum cmc_rc rc;

    if (failed)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a status");
    rc = add_v2(arena, controls, o, oi, (*next_id)++, err);
    if (rc == CMC_OK && v1)
        rc = add_v1(arena, controls, o, oi, (*next_id)++, err);
    return rc;
}

/* -- reading ----------------------------------------------------------------------------- */

/* [10002-6.1.1-u4] */
static void read_other(const struct cmc_other_status_info *oi, struct cmc_outcome *o)
{
    o->fail_info = CMC_FAIL_INFO_NONE;
    if (oi == NULL)
        return;
    switch (oi->which) {
    case CMC_OI_FAIL:
        o->fail_info = (int)(oi->u.fail_info & 0x7fffffffu);
        break;
    case CMC_OI_PEND:
        o->pend_token = oi->u.pend.token;
        (void)cmc_time_parse(CMC_T_GENTIME, oi->u.pend.time, &o->pend_time);
        break;
    case CMC_OI_EXTENDED:
    case CMC_OI_EXTENDED_UNTAGGED:
    default:
        /* RFC 10002 section 6.1.4: one that we do not know counts as internalCAError. */
        o->fail_info = CMC_FAIL_INTERNAL_CA_ERROR;
        break;
    }
}

/* [10002-6.1-e, 10004-5.2-a] */
static enum cmc_rc read_v2(struct cmc_arena *arena, const struct cmc_tagged_attribute *ta,
                           struct cmc_outcome *o, struct cmc_err *err)
{
    struct cmc_status_info_v2 si = {0};
    uint32_t *ids;
    enum cmc_rc rc = cmc_decode(&cmc_it_status_info_v2,
                                *CMC_AT(const struct cmc_slice, ta->values, 0), arena, &si, err);

    if (rc != CMC_OK)
        return rc;
    ids = cmc_arena_array(arena, si.body_list.n, sizeof *ids);
    if (ids == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a status");
    for (size_t i = 0; i < si.body_list.n; i++) {
        const struct cmc_body_part_reference *ref =
            CMC_AT(const struct cmc_body_part_reference, si.body_list, i);

        /* Of a path the last element is the part itself. */
        ids[i] = ref->which == CMC_REF_ID ? ref->u.id
                                          : *CMC_AT(const uint32_t, ref->u.path, ref->u.path.n - 1);
    }
    *o = (struct cmc_outcome){
        .status = si.status, .body_parts = ids, .nbody_parts = si.body_list.n, .text = si.string};
    read_other(si.other, o);
    return CMC_OK;
}

/* [10002-6.1-d, 10004-5.2-b] */
static enum cmc_rc read_v1(struct cmc_arena *arena, const struct cmc_tagged_attribute *ta,
                           struct cmc_outcome *o, struct cmc_err *err)
{
    struct cmc_status_info si = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_status_info, *CMC_AT(const struct cmc_slice, ta->values, 0),
                                arena, &si, err);

    if (rc != CMC_OK)
        return rc;
    *o = (struct cmc_outcome){.status = si.status,
                              .body_parts = si.body_list.v,
                              .nbody_parts = si.body_list.n,
                              .text = si.string};
    read_other(si.other, o);
    return CMC_OK;
}

/* Says the V1 status the same as one that was read already? */
static bool has_twin(const struct cmc_outcome *list, size_t n, const struct cmc_outcome *o)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].status == o->status && list[i].fail_info == o->fail_info &&
            list[i].nbody_parts == o->nbody_parts &&
            memcmp(list[i].body_parts, o->body_parts, o->nbody_parts * sizeof(uint32_t)) == 0)
            return true;
    }
    return false;
}

enum cmc_rc cmc_status_read(struct cmc_arena *arena, const struct cmc_list *controls,
                            struct cmc_outcome **out, size_t *n, struct cmc_err *err)
{
    struct cmc_outcome *list = cmc_arena_array(arena, controls->n, sizeof *list);
    enum cmc_rc rc = CMC_OK;

    *n = 0;
    *out = list;
    if (list == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the status");
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < controls->n && rc == CMC_OK; i++) {
            const struct cmc_tagged_attribute *ta =
                CMC_AT(const struct cmc_tagged_attribute, *controls, i);

            if (pass == 0 && cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfoV2)) {
                rc = read_v2(arena, ta, &list[*n], err);
                *n += rc == CMC_OK;
            } else if (pass == 1 && cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfo)) {
                rc = read_v1(arena, ta, &list[*n], err);
                *n += rc == CMC_OK && !has_twin(list, *n, &list[*n]);
            }
        }
    }
    return rc;
}
