/* SPDX-License-Identifier: Apache-2.0 */
/* The files of test/data/cmc: each decodes and comes back octet for octet, or is refused. */
#include "helper.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"

static struct cmc_slice file(struct cmc_arena *arena, const char *name)
{
    const char *dir = getenv("CMC_TEST_DATA");
    uint8_t *p = cmc_arena_alloc(arena, 4096);
    char path[512];
    FILE *f;
    size_t n;

    assert_non_null(dir);
    assert_non_null(p);
    (void)snprintf(path, sizeof path, "%s/cmc/%s", dir, name);
    f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s cannot be read", path);
    n = fread(p, 1, 4096, f);
    assert_true(n > 0 && n < 4096);
    (void)fclose(f);
    return cmc_slice(p, n);
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Forget the octets that were decoded, so that the encoder must write every field itself. */
static void clear_raw(const struct cmc_item *it, void *v)
{
    struct cmc_list l;
    int which;

    if (it->raw != CMC_NO_RAW)
        memset((char *)v + it->raw, 0, sizeof(struct cmc_slice));
    switch (it->kind) {
    case CMC_K_SEQUENCE:
        for (size_t i = 0; i < it->nfields; i++) {
            void *member = (char *)v + it->fields[i].offset;

            if ((it->fields[i].flags & CMC_F_POINTER) != 0)
                memcpy(&member, member, sizeof member);
            if (member != NULL)
                clear_raw(it->fields[i].item, member);
        }
        break;
    case CMC_K_CHOICE:
        memcpy(&which, v, sizeof which);
        clear_raw(it->fields[which].item, (char *)v + it->fields[which].offset);
        break;
    case CMC_K_SEQUENCE_OF:
    case CMC_K_SET_OF:
        memcpy(&l, v, sizeof l);
        for (size_t i = 0; i < l.n; i++)
            clear_raw(it->of, (char *)l.v + i * it->of->size);
        break;
    default:
        break;
    }
}

static void comes_back(struct cmc_arena *arena, const char *name, const struct cmc_item *it,
                       struct cmc_slice in, void *v)
{
    struct cmc_slice out;
    struct cmc_err err = {0};

    if (cmc_decode(it, in, arena, v, &err) != CMC_OK)
        fail_msg("%s: %s", name, err.text);
    assert_int_equal(cmc_encode_arena(it, v, arena, &out, &err), CMC_OK);
    if (!cmc_slice_eq(in, out))
        fail_msg("%s: other octets came back", name);
    clear_raw(it, v);
    assert_int_equal(cmc_encode_arena(it, v, arena, &out, &err), CMC_OK);
    if (!cmc_slice_eq(in, out))
        fail_msg("%s: other octets came back from the fields", name);
}

/* A control, and each of its values as the type that its OID names. */
static void control_comes_back(struct cmc_arena *arena, const char *name)
{
    struct cmc_tagged_attribute ta = {0};

    comes_back(arena, name, &cmc_it_tagged_attribute, file(arena, name), &ta);
    assert_true(ta.values.n > 0);
    for (size_t i = 0; i < ta.values.n; i++) {
        const struct cmc_item *it = cmc_control_item(ta.type);
        void *v;

        if (it == NULL)
            fail_msg("%s: no type for its value", name);
        v = cmc_arena_alloc(arena, it->size);
        assert_non_null(v);
        comes_back(arena, name, it, *CMC_AT(struct cmc_slice, ta.values, i), v);
    }
}

static void good_files(void **state)
{
    char path[512];
    struct dirent *e;
    unsigned int controls = 0, bodies = 0;
    DIR *dir;

    (void)snprintf(path, sizeof path, "%s/cmc", getenv("CMC_TEST_DATA"));
    dir = opendir(path);
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        if (begins(e->d_name, "ctl_") || begins(e->d_name, "tolerate_")) {
            control_comes_back(*state, e->d_name);
            controls++;
        } else if (begins(e->d_name, "pkidata_")) {
            struct cmc_pkidata v = {0};

            comes_back(*state, e->d_name, &cmc_it_pkidata, file(*state, e->d_name), &v);
            bodies++;
        } else if (begins(e->d_name, "pkiresponse_")) {
            struct cmc_pkiresponse v = {0};

            comes_back(*state, e->d_name, &cmc_it_pkiresponse, file(*state, e->d_name), &v);
            bodies++;
        }
    }
    (void)closedir(dir);
    assert_int_equal(controls, 36);
    assert_int_equal(bodies, 5);
}

/* The ids, types and values that the files are known to hold, so that a codec which mixes fields
 * up in both directions is found. */
static void what_stands_in_them(void **state)
{
    struct cmc_pkidata body = {0};
    struct cmc_tagged_attribute ta = {0};
    struct cmc_revoke_request rr = {0};
    struct cmc_status_info_v2 st = {0};
    struct cmc_mod_cert_template mod = {0};

    assert_int_equal(cmc_decode(&cmc_it_pkidata, file(*state, "pkidata_enroll_identv2_poplink.der"),
                                *state, &body, NULL),
                     CMC_OK);
    assert_int_equal(body.requests.n, 1);
    assert_int_equal(CMC_AT(struct cmc_tagged_request, body.requests, 0)->which, CMC_TR_TCR);
    assert_true(body.controls.n >= 3);
    assert_int_equal(body.cms.n, 0);

    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute, file(*state, "ctl_revokeRequest.der"),
                                *state, &ta, NULL),
                     CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_revoke_request, *CMC_AT(struct cmc_slice, ta.values, 0),
                                *state, &rr, NULL),
                     CMC_OK);
    assert_int_equal(rr.reason, 1);
    assert_non_null(rr.serial.p);

    ta = (struct cmc_tagged_attribute){0};
    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute,
                                file(*state, "ctl_statusInfoV2_failed_badIdentity.der"), *state,
                                &ta, NULL),
                     CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_status_info_v2, *CMC_AT(struct cmc_slice, ta.values, 0),
                                *state, &st, NULL),
                     CMC_OK);
    assert_int_equal(st.status, CMC_STATUS_FAILED);
    assert_non_null(st.other);
    assert_int_equal(st.other->which, CMC_OI_FAIL);
    assert_int_equal(st.other->u.fail_info, CMC_FAIL_BAD_IDENTITY);

    ta = (struct cmc_tagged_attribute){0};
    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute,
                                file(*state, "ctl_modCertTemplate_delete.der"), *state, &ta, NULL),
                     CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_mod_cert_template, *CMC_AT(struct cmc_slice, ta.values, 0),
                                *state, &mod, NULL),
                     CMC_OK);
    assert_false(mod.replace);
}

/* extendedFailInfo with its [1], and without as RFC 5272's 1988 module had it. */
static void both_forms_of_extended_fail_info(void **state)
{
    static const struct {
        const char *name;
        int which;
    } rows[] = {
        {"ctl_statusInfoV2_extendedFailInfo_tagged1.der", CMC_OI_EXTENDED},
        {"tolerate_statusInfoV2_extendedFailInfo_untagged_rfc5272_1988.der",
         CMC_OI_EXTENDED_UNTAGGED},
        {"ctl_statusInfoV2_pending.der", CMC_OI_PEND},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cmc_tagged_attribute ta = {0};
        struct cmc_status_info_v2 st = {0};

        assert_int_equal(
            cmc_decode(&cmc_it_tagged_attribute, file(*state, rows[i].name), *state, &ta, NULL),
            CMC_OK);
        assert_int_equal(cmc_decode(&cmc_it_status_info_v2, *CMC_AT(struct cmc_slice, ta.values, 0),
                                    *state, &st, NULL),
                         CMC_OK);
        assert_non_null(st.other);
        assert_int_equal(st.other->which, rows[i].which);
    }
}

/* Refused by the codec; the text must name the place. */
static void negatives_of_the_codec(void **state)
{
    struct cmc_tagged_attribute ta = {0};
    struct cmc_pkidata body = {0};
    struct cmc_list path = {0};
    struct cmc_err err = {0};

    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute, file(*state, "neg_bodyPartID_33bit.der"),
                                *state, &ta, &err),
                     CMC_E_INPUT);
    assert_non_null(strstr(err.text, "bodyPartID"));
    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute,
                                file(*state, "neg_bodyPartID_negative.der"), *state, &ta, &err),
                     CMC_E_INPUT);
    assert_non_null(strstr(err.text, "bodyPartID"));
    assert_int_equal(cmc_decode(&cmc_it_pkidata, file(*state, "neg_pkidata_trailing_garbage.der"),
                                *state, &body, &err),
                     CMC_E_INPUT);
    assert_non_null(strstr(err.text, "2 octets after the end"));
    /* The control decodes; its value, an empty BodyPartPath, does not. */
    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute,
                                file(*state, "neg_bodyPartPath_empty.der"), *state, &ta, &err),
                     CMC_OK);
    assert_int_equal(cmc_decode(cmc_control_item(ta.type), *CMC_AT(struct cmc_slice, ta.values, 0),
                                *state, &path, &err),
                     CMC_E_INPUT);
    assert_non_null(strstr(err.text, "at least 1"));
}

/* Well formed for the codec; src/message and src/control refuse them, and test that. */
static void negatives_of_others(void **state)
{
    static const char *const attributes[] = {"neg_attrvalues_empty_set.der",
                                             "neg_senderNonce_two_values.der"};
    static const char *const bodies[] = {"neg_pkidata_duplicate_bodypartid.der",
                                         "neg_unknown_control.der"};

    for (size_t i = 0; i < 2; i++) {
        struct cmc_tagged_attribute ta = {0};
        struct cmc_pkidata body = {0};

        comes_back(*state, attributes[i], &cmc_it_tagged_attribute, file(*state, attributes[i]),
                   &ta);
        comes_back(*state, bodies[i], &cmc_it_pkidata, file(*state, bodies[i]), &body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(good_files),
        WITH_ARENA(what_stands_in_them),
        WITH_ARENA(both_forms_of_extended_fail_info),
        WITH_ARENA(negatives_of_the_codec),
        WITH_ARENA(negatives_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
