/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers (test/data/cmc/kat.json), and the message that they were computed over. */
#ifndef CMC_TEST_CONTROL_KAT_H
#define CMC_TEST_CONTROL_KAT_H

#include "../asn1/helper.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "control/proof.h"
#include "message/body.h"

struct kat {
    struct cmc_arena *arena;
    struct cmc_crypto *c;
    json_t *json;
    struct cmc_pkidata body; /* of pkidata_enroll_identv2_poplink.der */
};

static inline const char *kat_text(const struct kat *k, const char *name)
{
    const char *text = json_string_value(json_object_get(k->json, name));

    if (text == NULL)
        fail_msg("kat.json holds no %s", name);
    return text;
}

static inline struct cmc_slice kat_hex(const struct kat *k, const char *name)
{
    return hex(k->arena, kat_text(k, name));
}

static inline void assert_slice(struct cmc_slice a, struct cmc_slice b)
{
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
}

static inline int kat_setup(void **state)
{
    struct kat *k = calloc(1, sizeof *k);
    char path[512];
    json_error_t error;
    uint8_t *p;
    FILE *f;
    size_t n;

    assert_non_null(k);
    k->arena = cmc_arena_new(ARENA_OCTETS);
    assert_non_null(k->arena);
    assert_int_equal(cmc_crypto_new(&k->c, NULL), CMC_OK);
    (void)snprintf(path, sizeof path, "%s/cmc/kat.json", getenv("CMC_TEST_DATA"));
    k->json = json_load_file(path, 0, &error);
    if (k->json == NULL)
        fail_msg("%s: %s", path, error.text);
    (void)snprintf(path, sizeof path, "%s/cmc/pkidata_enroll_identv2_poplink.der",
                   getenv("CMC_TEST_DATA"));
    f = fopen(path, "rb");
    assert_non_null(f);
    p = cmc_arena_alloc(k->arena, 4096);
    n = fread(p, 1, 4096, f);
    (void)fclose(f);
    assert_int_equal(cmc_pkidata_open(cmc_slice(p, n), false, k->arena, &k->body, NULL), CMC_OK);
    *state = k;
    return 0;
}

static inline int kat_teardown(void **state)
{
    struct kat *k = *state;

    json_decref(k->json);
    cmc_crypto_free(k->c);
    cmc_arena_free(k->arena);
    free(k);
    return 0;
}

#define WITH_KAT(f) cmocka_unit_test_setup_teardown(f, kat_setup, kat_teardown)

static inline struct cmc_proof_secret kat_secret(const struct kat *k, bool ident)
{
    return (struct cmc_proof_secret){cmc_slice_str(kat_text(k, "secret_utf8")),
                                     ident ? cmc_slice_str(kat_text(k, "identification_utf8"))
                                           : CMC_SLICE_NONE};
}

#endif
