/* SPDX-License-Identifier: Apache-2.0 */
/* getCert and confirmCertAcceptance, in the RFC's form and in Dogtag's. */
#include "../asn1/helper.h"

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "control/cert_ref.h"

#define NAME "300c 310a 3008 0603 550403 0c01 61" /* CN=a */

typedef enum cmc_rc (*encode_fn)(const struct cmc_issuer_serial *, bool, struct cmc_arena *,
                                 struct cmc_slice *, struct cmc_err *);
typedef enum cmc_rc (*decode_fn)(struct cmc_slice, bool, struct cmc_arena *,
                                 struct cmc_issuer_serial *, struct cmc_err *);

static const struct {
    encode_fn encode;
    decode_fn decode;
    bool dogtag;
    const char *der;
} rows[] = {
    {cmc_get_cert_encode, cmc_get_cert_decode, false, "3013 a40e " NAME " 0201 05"},
    {cmc_get_cert_encode, cmc_get_cert_decode, true, "3011 " NAME " 0201 05"},
    {cmc_confirm_cert_encode, cmc_confirm_cert_decode, false, "3011 " NAME " 0201 05"},
    {cmc_confirm_cert_encode, cmc_confirm_cert_decode, true, "3013 300e " NAME " 0201 05"},
};

static void both_forms(void **state)
{
    struct cmc_arena *arena = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_issuer_serial ref = {hex(arena, NAME), hex(arena, "05")};
        struct cmc_slice want = hex(arena, rows[i].der), out;
        struct cmc_issuer_serial back;

        assert_int_equal(rows[i].encode(&ref, rows[i].dogtag, arena, &out, NULL), CMC_OK);
        assert_int_equal(out.n, want.n);
        assert_memory_equal(out.p, want.p, want.n);
        /* Lax takes either form, strict the RFC's only. */
        assert_int_equal(rows[i].decode(out, true, arena, &back, NULL), CMC_OK);
        assert_true(cmc_slice_eq(back.issuer, ref.issuer) && cmc_slice_eq(back.serial, ref.serial));
        assert_int_equal(rows[i].decode(out, false, arena, &back, NULL) == CMC_OK, !rows[i].dogtag);
    }
}

/* An issuer of which one RDN looks like a Name to whoever looks no further. */
static void empty_issuer_is_no_riddle(void **state)
{
    struct cmc_arena *arena = *state;
    const struct cmc_issuer_serial ref = {hex(arena, "3000"), hex(arena, "05")};
    struct cmc_issuer_serial back;
    struct cmc_slice out;

    for (int dogtag = 0; dogtag < 2; dogtag++) {
        assert_int_equal(cmc_confirm_cert_encode(&ref, dogtag == 1, arena, &out, NULL), CMC_OK);
        assert_int_equal(cmc_confirm_cert_decode(out, true, arena, &back, NULL), CMC_OK);
        assert_int_equal(back.issuer.n, 2);
    }
}

static void other_general_names_are_refused(void **state)
{
    struct cmc_arena *arena = *state;
    struct cmc_issuer_serial back;
    struct cmc_err err = {0};

    assert_int_equal(
        cmc_get_cert_decode(hex(arena, "3008 8203 612e62 0201 05"), true, arena, &back, &err),
        CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_CERT_ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_ARENA(both_forms),
                                       WITH_ARENA(empty_issuer_is_no_riddle),
                                       WITH_ARENA(other_general_names_are_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
