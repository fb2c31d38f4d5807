/* SPDX-License-Identifier: Apache-2.0 */
/* A run of a tool, without a tool. */
#ifndef CMC_TEST_DOGTAG_WORLD_H
#define CMC_TEST_DOGTAG_WORLD_H

#include "../asn1/helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dogtag/dog.h"

static inline int setup_dog(void **state)
{
    struct dog *d = calloc(1, sizeof *d);

    assert_non_null(d);
    d->name = "test";
    d->arena = cmc_arena_new(ARENA_OCTETS);
    assert_non_null(d->arena);
    assert_int_equal(cmc_crypto_new(&d->crypto, NULL), CMC_OK);
    *state = d;
    return 0;
}

static inline int free_dog(void **state)
{
    struct dog *d = *state;

    cmc_crypto_free(d->crypto);
    cmc_arena_free(d->arena);
    free(d);
    return 0;
}

#define WITH_DOG(f) cmocka_unit_test_setup_teardown(f, setup_dog, free_dog)

#endif
