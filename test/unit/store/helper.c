/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOTS 64

const struct cmc_slice issuer_a = {(const uint8_t *)"\x30\x04"
                                                    "CA a",
                                   6};
const struct cmc_slice issuer_b = {(const uint8_t *)"\x30\x04"
                                                    "CA b",
                                   6};

int place_make_bare(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    (void)snprintf(p->dir, sizeof p->dir, "/tmp/cmc-test-store-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->path, sizeof p->path, "%s/db", p->dir);
    p->arena = cmc_arena_new(1 << 20);
    *state = p;
    return 0;
}

int place_make(void **state)
{
    (void)place_make_bare(state);
    place_open(*state, true);
    return 0;
}

void place_open(struct place *p, bool create)
{
    if (cmc_store_open(p->path, create, &p->store, &p->err) != CMC_OK ||
        cmc_reader_new(p->store, &p->reader, &p->err) != CMC_OK)
        fail_msg("%s", p->err.text);
}

void place_close(struct place *p)
{
    cmc_reader_free(p->reader);
    cmc_store_close(p->store);
    p->reader = NULL;
    p->store = NULL;
}

int place_remove(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    struct place *p = *state;
    char path[128];

    place_close(p);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", p->path, suffixes[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(p->dir), 0);
    cmc_arena_free(p->arena);
    free(p);
    return 0;
}

/* Octets of which none follows the order of n. */
static void scatter(uint32_t n, uint8_t *out, size_t octets)
{
    uint64_t x = n * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (size_t i = 0; i < octets; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = (uint8_t)(x >> 32);
    }
}

const uint8_t *digest_make(uint32_t n)
{
    static _Thread_local uint8_t slots[SLOTS][CMC_SHA256_OCTETS];
    static _Thread_local unsigned int next;
    uint8_t *d = slots[next++ % SLOTS];

    scatter(n ^ 0x55555555u, d, CMC_SHA256_OCTETS);
    return d;
}

struct cmc_slice serial_make(uint32_t n)
{
    static _Thread_local uint8_t slots[SLOTS][20];
    static _Thread_local unsigned int next;
    uint8_t *s = slots[next++ % SLOTS];

    scatter(n, s, 20);
    s[0] &= 0x7f;
    return cmc_slice(s, 20);
}

struct cmc_cert_record cert_make(uint32_t n)
{
    static _Thread_local char texts[SLOTS][32];
    static _Thread_local unsigned int next;
    char *text = texts[next++ % SLOTS];
    struct cmc_cert_record r = {
        .issuer = issuer_a,
        .serial = serial_make(n),
        .subject = CMC_SLICE_LIT("\x30\x02xy"),
        .subject_text = text,
        .der = CMC_SLICE_LIT("\x30\x82 a certificate with \0 in it"),
        .ski = CMC_SLICE_LIT("\x01\x00\x02"),
        .not_before = NOW,
        .not_after = NOW + 1000 + n,
        .issued_at = NOW + 1,
        .profile = "tls",
        .requester = "Alice",
    };

    (void)snprintf(text, 32, "CN=Host-%u,O=Example", n);
    memcpy(r.spki_digest, digest_make(n + 1000000), CMC_SHA256_OCTETS);
    return r;
}

void put_certs(struct place *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct cmc_cert_record r = cert_make(i);
        struct cmc_txn t = {.at = NOW, .certs = &r, .ncerts = 1};

        assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    }
}

enum cmc_rc change(struct place *p, uint32_t n, enum cmc_cert_state from, enum cmc_cert_state to,
                   uint32_t reason)
{
    struct cmc_state_change ch = {.issuer = issuer_a,
                                  .serial = serial_make(n),
                                  .from = from,
                                  .to = to,
                                  .reason = reason,
                                  .at = NOW + 50,
                                  .invalidity_at = NOW + 40};
    struct cmc_txn t = {.at = NOW + 50, .changes = &ch, .nchanges = 1};

    return cmc_store_commit(p->store, &t, &p->err);
}

uint64_t generation(struct place *p)
{
    uint64_t g = 0;

    assert_int_equal(cmc_reader_generation(p->reader, &g, &p->err), CMC_OK);
    return g;
}

int64_t audit_count(struct place *p)
{
    int64_t n = 0;

    if (cmc_reader_audit_verify(p->reader, &n, &p->err) != CMC_OK)
        fail_msg("%s", p->err.text);
    return n;
}

void sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    char *why = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
}
