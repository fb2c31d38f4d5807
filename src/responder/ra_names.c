/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a registration authority may give: those within its own namespace. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 10"

static enum cmc_rc outside(struct cmc_err *err, const char *what)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "%s that the registration authority gives lies outside of its names",
                         what);
}

/* Subjects and all other names are limited each by themselves: where no entry speaks of them, an
 * RA may give any. */
static bool limits_subjects(const struct cmc_name_space *names)
{
    return cmc_name_space_has(names, CMC_NAME_SUBJECT);
}

static bool limits_others(const struct cmc_name_space *names)
{
    for (size_t i = 0; i < names->n; i++) {
        if (names->rules[i].kind != CMC_NAME_SUBJECT)
            return true;
    }
    return false;
}

static enum cmc_rc check_alt_names(const struct cmc_name_space *names,
                                   const struct cmc_extension *san, struct cmc_arena *arena,
                                   struct cmc_err *err)
{
    struct cmc_list list = {0};

    if (cmc_decode(&cmc_it_general_names, san->value, arena, &list, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2.1.6",
                             "the subjectAltName of the registration authority is malformed");
    for (size_t i = 0; i < list.n; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, list, i);
        bool limited =
            gn->which == CMC_GN_DIRECTORY ? limits_subjects(names) : limits_others(names);

        if (limited && !cmc_name_space_general(names, gn, arena))
            return outside(err, "a subjectAltName");
    }
    return CMC_OK;
}

/* [10002-10-b] What the client itself asked for is not the RA's. */
enum cmc_rc cmc_ra_check_names(const struct cmc_name_space *names, const struct cmc_request *asked,
                               const struct cmc_request *due, struct cmc_arena *arena,
                               struct cmc_err *err)
{
    const struct cmc_extension *before =
        cmc_extension_find(&asked->extensions, cmc_oid_id_ce_subjectAltName);
    const struct cmc_extension *after =
        cmc_extension_find(&due->extensions, cmc_oid_id_ce_subjectAltName);

    if (!cmc_slice_eq(asked->subject, due->subject) && due->subject.n > 2 &&
        limits_subjects(names) && !cmc_name_space_subject(names, due->subject, arena))
        return outside(err, "the subject");
    if (after == NULL || (before != NULL && cmc_slice_eq(before->value, after->value)))
        return CMC_OK;
    return check_alt_names(names, after, arena, err);
}
