/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unit of work costs the server, over the cryptography that it cannot avoid.
 *
 *     bench-serve CASE CMCD [MESSAGES [CONNECTIONS]]
 *
 * Makes an authority with cmcd init in a temporary folder, serves it, and sends messages that an
 * officer signed over keep-alive connections. The cost is the CPU time of the cmcd process, user
 * and system, all threads, read from its CPU clock. Everything is on: SQLite with
 * synchronous=FULL, audit, log, all checks.
 */
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/buf.h"
#include "bench.h"
#include "cms/signed_data.h"
#include "key/key.h"
#include "message/body.h"
#include "message/request.h"
#include "store/search.h"
#include "store/store.h"

#define PER_MESSAGE   100u
#define STORED        1000000u
#define STORE_GROUP   2048u
#define ARENA_OCTETS  ((size_t)1 << 34)
#define DAY           86400
#define SERIAL_OCTETS 20

struct world {
    struct bench_server server;
    struct cmc_crypto *crypto;
    struct cmc_arena *arena, *scratch;
    EVP_PKEY *officer_key, *key;
    struct cmc_slice officer_cert, csr;
    struct cmc_cert ca;
    EVP_PKEY *floor_key;               /* of the CA's, the responder's and the officer's kind */
    EVP_PKEY *floor_cert_key;          /* of the kind that is certified */
    double verifies, signs, certified; /* of one message: of each kind of key */
    uint64_t next_serial;              /* of the certificates to be revoked */
};

struct run {
    const char *name, *cmcd;
    size_t messages, connections;
};

/* -- preparing --------------------------------------------------------------------------- */

static EVP_PKEY *floor_key(const char *key_type)
{
    EVP_PKEY *key = strncmp(key_type, "rsa:", 4) == 0
                        ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", strtoul(key_type + 4, NULL, 10))
                        : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

    if (key == NULL)
        bench_die("no key", NULL);
    return key;
}

/* In the middle of all, as they are of one kind each: signatures and verifications of a message. */
static double measure_floor(void *arg)
{
    const struct world *w = arg;

    return w->signs * bench_sign_us(w->floor_key) + w->verifies * bench_verify_us(w->floor_key) +
           w->certified * bench_verify_us(w->floor_cert_key);
}

static void load(struct world *w, const char *key_type)
{
    struct cmc_request_params p = {0};
    char path[BENCH_PATH * 2];
    struct cmc_slice *certs = NULL;
    struct cmc_err err;
    size_t n;

    if (cmc_key_load(w->crypto, bench_file(&w->server, "officer.key", path), NULL, &w->officer_key,
                     &err) != CMC_OK ||
        cmc_certs_load(w->crypto, bench_file(&w->server, "officer.crt", path), NULL, w->arena,
                       &certs, &n, &err) != CMC_OK)
        bench_die("cannot load the officer", &err);
    w->officer_cert = certs[0];
    if (cmc_certs_load(w->crypto, bench_file(&w->server, "ca.crt", path), NULL, w->arena, &certs,
                       &n, &err) != CMC_OK ||
        cmc_decode(&cmc_it_cert, certs[0], w->arena, &w->ca, &err) != CMC_OK ||
        cmc_key_generate(w->crypto, key_type, &w->key, &err) != CMC_OK ||
        cmc_name_parse("C=SE, O=Example, CN=host.example", w->arena, &p.subject, &err) != CMC_OK)
        bench_die("cannot prepare", &err);
    p.key = w->key;
    if (cmc_pkcs10_create(w->crypto, &p, w->arena, &w->csr, &err) != CMC_OK)
        bench_die("cannot make a request", &err);
}

static void world_new(struct world *w, const struct run *r, const char *key_type,
                      unsigned int workers)
{
    struct cmc_err err;

    *w = (struct world){.next_serial = 1};
    w->arena = cmc_arena_new(ARENA_OCTETS);
    w->scratch = cmc_arena_new(ARENA_OCTETS);
    if (w->arena == NULL || w->scratch == NULL || cmc_crypto_new(&w->crypto, &err) != CMC_OK)
        bench_die("cannot start", NULL);
    w->floor_key = w->floor_cert_key = floor_key(key_type);
    bench_server_init(&w->server, r->cmcd, key_type, workers);
    load(w, key_type);
}

static void world_free(struct world *w)
{
    bench_server_stop(&w->server);
    EVP_PKEY_free(w->floor_key);
    EVP_PKEY_free(w->key);
    EVP_PKEY_free(w->officer_key);
    cmc_arena_free(w->scratch);
    cmc_arena_free(w->arena);
    cmc_crypto_free(w->crypto);
}

/* -- what is stored before --------------------------------------------------------------- */

static void put_u64(uint8_t *p, uint64_t v)
{
    for (int i = 8; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

/* Serial numbers as ours: growing octets before others. */
static void serial_of(uint64_t n, uint8_t out[SERIAL_OCTETS])
{
    memset(out, 0x5a, SERIAL_OCTETS);
    put_u64(out, 0x0100000000000000u + n);
}

/* One certificate and the message that asked for it, as issuing leaves them. */
struct stored {
    struct cmc_cert_record cert;
    struct cmc_txn txn;
    uint8_t serial[SERIAL_OCTETS], digest[CMC_SHA256_OCTETS];
    char subject[64];
};

static atomic_size_t durable;

static void count_stored(void *arg, enum cmc_rc rc, const struct cmc_err *err)
{
    (void)arg;
    if (rc != CMC_OK)
        bench_die("cannot fill the store", err);
    atomic_fetch_add(&durable, 1);
}

/* order: where the digest lies among all that are stored, of 2^64. */
static void store_fill(struct world *w, struct stored *s, uint64_t order, bool revoked, int64_t now)
{
    static const uint8_t der[700];
    struct cmc_err err;

    (void)snprintf(s->subject, sizeof s->subject, "CN=host-%llu.example,O=Example,C=SE",
                   (unsigned long long)w->next_serial);
    serial_of(w->next_serial++, s->serial);
    if (cmc_random(w->crypto, s->digest, sizeof s->digest, &err) != CMC_OK)
        bench_die("no random octets", &err);
    put_u64(s->digest, order);
    s->cert =
        (struct cmc_cert_record){.issuer = w->ca.tbs.subject,
                                 .serial = cmc_slice(s->serial, SERIAL_OCTETS),
                                 .subject = w->ca.tbs.subject,
                                 .subject_text = s->subject,
                                 .der = cmc_slice(der, sizeof der),
                                 .ski = cmc_slice(der, CMC_SKI_OCTETS),
                                 .not_before = now,
                                 .not_after = now + 300 * DAY,
                                 .issued_at = now,
                                 .profile = "tls-server",
                                 .requester = w->next_serial % 1000 == 0 ? "rare" : "officer"};
    s->txn = (struct cmc_txn){.at = now,
                              .certs = &s->cert,
                              .ncerts = 1,
                              .request_digest = s->digest,
                              .answer_type = "application/pkcs7-mime",
                              .answer = cmc_slice(der, 64)};
    if (revoked) {
        s->cert.state = CMC_CERT_REVOKED;
        s->cert.reason = 1;
        s->cert.revoked_at = now;
    }
}

/*
 * The digests of the messages grow while the store is filled, so that the index over them is
 * written once and not all over; they lie as random ones do for what is measured afterwards.
 */
static void store_certs(struct world *w, size_t total, bool revoked)
{
    struct stored *v = bench_alloc(STORE_GROUP, sizeof *v);
    const struct timespec nap = {0, 100000};
    char path[BENCH_PATH * 2];
    struct cmc_store *store = NULL;
    struct cmc_err err;

    if (cmc_store_open(bench_file(&w->server, "chancery.db", path), false, &store, &err) != CMC_OK)
        bench_die("cannot open the store", &err);
    atomic_store(&durable, 0);
    for (size_t done = 0; done < total;) {
        for (size_t i = 0; i < STORE_GROUP && done < total; i++, done++) {
            store_fill(w, &v[i], UINT64_MAX / total * done, revoked, time(NULL));
            if (cmc_store_submit(store, &v[i].txn, count_stored, NULL, &err) != CMC_OK)
                bench_die("cannot fill the store", &err);
        }
        while (atomic_load(&durable) < done)
            (void)nanosleep(&nap, NULL);
    }
    cmc_store_close(store);
    free(v);
}

/* -- the messages ------------------------------------------------------------------------ */

/* Put the controls and requests of one message into body. */
typedef void (*fill_fn)(struct world *w, struct cmc_pkidata *body);

static void add_nonce(struct world *w, struct cmc_pkidata *body)
{
    uint8_t *random = cmc_arena_alloc(w->scratch, 16);
    struct cmc_slice nonce = cmc_slice(random, 16);
    struct cmc_err err;

    if (random == NULL || cmc_random(w->crypto, random, 16, &err) != CMC_OK ||
        cmc_control_add(w->scratch, &body->controls, 1, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce,
                        &nonce, &err) != CMC_OK)
        bench_die("no nonce", NULL);
}

static void fill_one(struct world *w, struct cmc_pkidata *body)
{
    struct cmc_err err;

    if (cmc_body_add_pkcs10(w->scratch, body, 2, w->csr, &err) != CMC_OK)
        bench_die("cannot make a message", &err);
}

static void fill_many(struct world *w, struct cmc_pkidata *body)
{
    struct cmc_err err;

    for (uint32_t i = 0; i < PER_MESSAGE; i++)
        if (cmc_body_add_pkcs10(w->scratch, body, 2 + i, w->csr, &err) != CMC_OK)
            bench_die("cannot make a message", &err);
}

static void fill_revocations(struct world *w, struct cmc_pkidata *body)
{
    struct cmc_err err;

    for (uint32_t i = 0; i < PER_MESSAGE; i++) {
        uint8_t *serial = cmc_arena_alloc(w->scratch, SERIAL_OCTETS);
        struct cmc_revoke_request rr = {.issuer = w->ca.tbs.subject, .reason = 1};

        if (serial == NULL)
            bench_die("out of memory", NULL);
        serial_of(w->next_serial++, serial);
        rr.serial = cmc_slice(serial, SERIAL_OCTETS);
        if (cmc_control_add(w->scratch, &body->controls, 2 + i, cmc_oid_id_cmc_revokeRequest,
                            &cmc_it_revoke_request, &rr, &err) != CMC_OK)
            bench_die("cannot make a message", &err);
    }
}

static struct cmc_slice http_post(struct world *w, const char *path, const char *type,
                                  struct cmc_slice body)
{
    struct cmc_slice http;
    struct cmc_buf buf;

    cmc_buf_init(&buf, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_printf(&buf,
                   "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   path, type, body.n);
    cmc_buf_slice(&buf, body);
    http = cmc_arena_slice(w->arena, cmc_buf_get0(&buf));
    cmc_buf_free(&buf);
    if (http.p == NULL)
        bench_die("no memory for the messages", NULL);
    return http;
}

static struct cmc_slice make_message(struct world *w, fill_fn fill)
{
    const struct cmc_cms_signer signer = {
        .key = w->officer_key, .sid = CMC_SID_ISSUER_SERIAL, .cert = w->officer_cert};
    struct cmc_cms_content what = {
        .type = cmc_oid_id_cct_PKIData, .certs = &w->officer_cert, .ncerts = 1};
    struct cmc_pkidata body = {0};
    struct cmc_slice message = CMC_SLICE_NONE, http;
    struct cmc_err err;

    add_nonce(w, &body);
    fill(w, &body);
    if (cmc_pkidata_encode(w->scratch, &body, &what.content, &err) != CMC_OK ||
        cmc_signed_data_create(w->crypto, &what, &signer, 1, w->scratch, &message, &err) != CMC_OK)
        bench_die("cannot make a message", &err);
    http = http_post(w, "/cmc", "application/pkcs7-mime; smime-type=CMC-request", message);
    cmc_arena_reset(w->scratch);
    return http;
}

static struct cmc_slice *make_messages(struct world *w, size_t n, fill_fn fill)
{
    struct cmc_slice *v = bench_alloc(n, sizeof *v);

    for (size_t i = 0; i < n; i++)
        v[i] = make_message(w, fill);
    return v;
}

static void measure(struct world *w, const struct run *r, fill_fn fill, bool tls,
                    struct bench_outcome *out)
{
    struct bench_load l = {.connections = r->connections,
                           .tls = tls,
                           .warm_up = r->messages / 10 + 2,
                           .floor = measure_floor,
                           .floor_arg = w};

    l.n = r->messages + l.warm_up;
    l.requests = make_messages(w, l.n, fill);
    bench_server_start(&w->server);
    l.port = tls ? w->server.tls_port : w->server.port;
    l.cpu = w->server.cpu;
    bench_drive(&l, out);
    free(l.requests);
}

/* -- the cases --------------------------------------------------------------------------- */

static void one_by_one(const struct run *r, const char *key_type, bool tls, double goal)
{
    struct world w;
    struct bench_outcome o;

    world_new(&w, r, key_type, 0);
    w.verifies = w.certified = 1;
    w.signs = 2;
    measure(&w, r, fill_one, tls, &o);
    bench_print(&o, 1, "certificate");
    bench_result(r->name, o.cpu / o.floor, "x floor", "<=", goal);
    world_free(&w);
}

static void case_issue(const struct run *r)
{
    one_by_one(r, "ec:P-256", false, 1.3);
}

static void case_tls(const struct run *r)
{
    one_by_one(r, "ec:P-256", true, 1.45);
}

static void case_rsa2048(const struct run *r)
{
    one_by_one(r, "rsa:2048", false, 1.2);
}

static void case_rsa3072(const struct run *r)
{
    one_by_one(r, "rsa:3072", false, 1.1);
}

static void case_batch(const struct run *r)
{
    struct world w;
    struct bench_outcome o;

    world_new(&w, r, "ec:P-256", 0);
    /* The officer's signature and the response's are shared by all of a message. */
    w.verifies = 1;
    w.certified = PER_MESSAGE;
    w.signs = PER_MESSAGE + 1;
    measure(&w, r, fill_many, false, &o);
    bench_print(&o, PER_MESSAGE, "certificate");
    bench_result(r->name, o.cpu / o.floor, "x floor", "<=", 1.25);
    world_free(&w);
}

static void case_revoke(const struct run *r)
{
    struct world w;
    struct bench_outcome o;

    world_new(&w, r, "ec:P-256", 0);
    w.verifies = w.signs = 1;
    store_certs(&w, (r->messages + r->messages / 10 + 2) * PER_MESSAGE, false);
    w.next_serial = 1;
    measure(&w, r, fill_revocations, false, &o);
    bench_print(&o, PER_MESSAGE, "revocation");
    bench_result(r->name, PER_MESSAGE / o.cpu * MICRO, "a CPU second", ">=", 30000);
    world_free(&w);
}

static double cost(const struct run *r, const char *key_type, unsigned int workers, size_t stored,
                   struct bench_outcome *o)
{
    struct world w;

    world_new(&w, r, key_type, workers);
    w.verifies = w.certified = 1;
    w.signs = 2;
    if (stored > 0)
        store_certs(&w, stored, false);
    measure(&w, r, fill_one, false, o);
    world_free(&w);
    return o->cpu / o->floor;
}

static void stored(const struct run *r, size_t certificates)
{
    struct bench_outcome o;
    double empty = cost(r, "ec:P-256", 0, 0, &o);
    double full = cost(r, "ec:P-256", 0, certificates, &o);

    bench_note("  empty %.2f x floor, with %zu certificates %.2f x floor", empty, certificates,
               full);
    bench_result(r->name, full / empty, "x empty", "<=", 1.1);
}

static void case_stored(const struct run *r)
{
    stored(r, STORED);
}

static void case_stored_10(const struct run *r)
{
    stored(r, 10 * STORED);
}

static void workers(const struct run *r, const char *key_type)
{
    struct bench_outcome one, two;
    char name[64];

    (void)cost(r, key_type, 1, 0, &one);
    (void)cost(r, key_type, 2, 0, &two);
    bench_note("  one worker %.0f a second and %.1f us, two %.0f a second and %.1f us", one.rate,
               one.cpu, two.rate, two.cpu);
    bench_result(r->name, two.rate / one.rate, "x one worker", ">=", 1.9);
    (void)snprintf(name, sizeof name, "%s-cpu", r->name);
    bench_result(name, two.cpu / one.cpu, "x one worker", "<=", 1.05);
}

static void case_workers(const struct run *r)
{
    bench_note("  processors here: %ld, and the load needs one of them",
               sysconf(_SC_NPROCESSORS_ONLN));
    workers(r, "ec:P-256");
}

/* So much mathematics that the load and the writer hardly need the two processors: do workers
 * stand in each other's way? */
static void case_workers_rsa(const struct run *r)
{
    workers(r, "rsa:4096");
}

/* "VmHWM:" of the server, in MiB: the most memory that it ever had. */
static double peak_memory(const struct bench_server *s)
{
    char path[64], line[256];
    unsigned long kib = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)s->pid);
    f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        (void)sscanf(line, "VmHWM: %lu kB", &kib);
    if (f != NULL)
        (void)fclose(f);
    return (double)kib / 1024;
}

static const char get_crl[] = "GET /ca.crl HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

/* What a server takes that has made a CRL of nothing. */
static double memory_of_nothing(struct world *w)
{
    size_t octets;
    double memory;

    bench_server_start(&w->server);
    (void)bench_fetch(w->server.port, cmc_slice_str(get_crl), &octets);
    memory = peak_memory(&w->server);
    bench_server_end(&w->server);
    return memory;
}

/* It makes a CRL when it starts, so there has to be another revocation for one that is waited for.
 */
static double fetch_next_crl(struct world *w, size_t *octets)
{
    (void)bench_fetch(w->server.port, cmc_slice_str(get_crl), octets);
    store_certs(w, 1, true);
    return bench_fetch(w->server.port, cmc_slice_str(get_crl), octets);
}

static void case_crl(const struct run *r)
{
    struct world w;
    double memory, cpu, wall;
    char name[48];
    size_t octets;

    world_new(&w, r, "ec:P-256", 1);
    memory = memory_of_nothing(&w);
    store_certs(&w, r->messages, true);
    bench_server_start(&w.server);
    (void)bench_fetch(w.server.port, cmc_slice_str(get_crl), &octets);
    cpu = bench_seconds(w.server.cpu);
    wall = fetch_next_crl(&w, &octets);
    cpu = bench_seconds(w.server.cpu) - cpu;
    memory = peak_memory(&w.server) - memory;
    bench_note("  CRL of %zu entries, %.1f MB, over HTTP: %.3f s, CPU %.3f s, %.0f MiB more",
               r->messages, (double)octets / 1e6, wall, cpu, memory);
    (void)snprintf(name, sizeof name, "%s-memory", r->name);
    bench_result(r->name, wall, "s", "<=", 0.5 * (double)r->messages / STORED);
    bench_result(name, memory, "MiB", "<=", 64);
    world_free(&w);
}

/* -- searching --------------------------------------------------------------------------- */

#define SEARCHES 9

static enum cmc_rc count_found(void *arg, const struct cmc_cert_record *c)
{
    (void)c;
    ++*(size_t *)arg;
    return CMC_OK;
}

/* The median of some runs, as a new command has it: opened, brought up to date, asked. */
static double search_ms(const struct world *w, const struct cmc_search *q, size_t *found)
{
    char path[BENCH_PATH * 2];
    double ms[SEARCHES];

    for (size_t i = 0; i < SEARCHES; i++) {
        struct cmc_search_index *ix = NULL;
        struct cmc_store *store = NULL;
        struct cmc_err err;
        double began = bench_seconds(CLOCK_MONOTONIC);
        bool more = true;

        if (cmc_store_open(bench_file(&w->server, "chancery.db", path), false, &store, &err) !=
                CMC_OK ||
            cmc_search_open(store, &ix, &err) != CMC_OK)
            bench_die("cannot open the index", &err);
        while (more) {
            if (cmc_search_fill(ix, &more, &err) != CMC_OK)
                bench_die("cannot fill the index", &err);
        }
        *found = 0;
        if (cmc_search_run(ix, q, count_found, found, &err) != CMC_OK)
            bench_die("cannot search", &err);
        cmc_search_close(ix);
        cmc_store_close(store);
        ms[i] = (bench_seconds(CLOCK_MONOTONIC) - began) * 1e3;
        for (size_t k = i; k > 0 && ms[k] < ms[k - 1]; k--) {
            double swap = ms[k];

            ms[k] = ms[k - 1];
            ms[k - 1] = swap;
        }
    }
    return ms[SEARCHES / 2];
}

static void search_each(const struct world *w, size_t total, int64_t now)
{
    uint8_t serial[SERIAL_OCTETS];
    char subject[32];
    const struct {
        const char *name;
        struct cmc_search q;
    } rows[] = {
        {"subject", {.subject = subject, .state = CMC_SEARCH_ANY_STATE, .limit = 100}},
        {"subject-common", {.subject = "example", .state = CMC_SEARCH_ANY_STATE, .limit = 100}},
        {"subject-none", {.subject = "host-x", .state = CMC_SEARCH_ANY_STATE, .limit = 100}},
        {"serial",
         {.serial = cmc_slice(serial, sizeof serial), .state = CMC_SEARCH_ANY_STATE, .limit = 1}},
        {"officer", {.requester = "rare", .state = CMC_SEARCH_ANY_STATE, .limit = 100}},
        {"profile", {.profile = "tls-server", .state = CMC_SEARCH_ANY_STATE, .limit = 100}},
        {"state", {.state = CMC_CERT_REVOKED, .limit = 100}},
        {"expires",
         {.ends_from = now,
          .ends_before = now + 301 * DAY,
          .state = CMC_SEARCH_ANY_STATE,
          .limit = 100}},
    };

    (void)snprintf(subject, sizeof subject, "host-%zu.", total / 2);
    serial_of(total / 2, serial);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[48];
        size_t found = 0;
        double ms = search_ms(w, &rows[i].q, &found);

        (void)snprintf(name, sizeof name, "search-1M-%s", rows[i].name);
        bench_note("  %s: %zu found", rows[i].name, found);
        bench_result(name, ms, "ms", "<=", 50);
    }
}

/* As many certificates, a tenth of them revoked: start, CRL, search beside the server. */
static void case_search(const struct run *r)
{
    const struct cmc_search none = {.serial = CMC_SLICE_LIT("\1"), .limit = 1};
    struct world w;
    double began, wall, memory;
    size_t octets, found;

    world_new(&w, r, "ec:P-256", 1);
    memory = memory_of_nothing(&w);
    store_certs(&w, r->messages - r->messages / 10, false);
    store_certs(&w, r->messages / 10, true);
    began = bench_seconds(CLOCK_MONOTONIC);
    bench_server_start(&w.server);
    bench_result("search-1M-start", bench_seconds(CLOCK_MONOTONIC) - began, "s", "<=", 1);
    wall = fetch_next_crl(&w, &octets);
    bench_result("search-1M-crl", wall, "s", "<=", 0.5);
    bench_result("search-1M-crl-memory", peak_memory(&w.server) - memory, "MiB", "<=", 64);
    began = bench_seconds(CLOCK_MONOTONIC);
    (void)search_ms(&w, &none, &found);
    bench_note("  the index is made in %.1f s", bench_seconds(CLOCK_MONOTONIC) - began);
    search_each(&w, r->messages, time(NULL));
    world_free(&w);
}

/* What `cmc request` does for each certificate, without the reading and writing of files. */
static void case_request(const struct run *r)
{
    struct world w;
    double began, cpu, floor;

    world_new(&w, r, "ec:P-256", 1);
    floor = bench_sign_us(w.floor_key);
    began = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < r->messages; i++) {
        struct cmc_request_params p = {.key = w.key};
        struct cmc_slice csr;
        struct cmc_err err;

        if (cmc_name_parse("C=SE, O=Example, CN=host.example", w.scratch, &p.subject, &err) !=
                CMC_OK ||
            cmc_pkcs10_create(w.crypto, &p, w.scratch, &csr, &err) != CMC_OK)
            bench_die("cannot make a request", &err);
        cmc_arena_reset(w.scratch);
    }
    cpu = (bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - began) / (double)r->messages * MICRO;
    floor = (floor + bench_sign_us(w.floor_key)) / 2;
    bench_note("  %zu requests, %.1f us each, floor %.1f us", r->messages, cpu, floor);
    bench_result(r->name, cpu / floor, "x floor", "<=", 1.3);
    world_free(&w);
}

/* -- OCSP -------------------------------------------------------------------------------- */

#define OCSP_PATH "/ocsp"

/* About the certificate with this serial number, by SHA-1 as RFC 5019 has it; no nonce. */
static struct cmc_slice ocsp_message(struct world *w, const X509 *ca, uint64_t number)
{
    uint8_t serial[SERIAL_OCTETS];
    ASN1_INTEGER *n = NULL;
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_CERTID *id = NULL;
    unsigned char *der = NULL;
    BIGNUM *bn = NULL;
    struct cmc_slice http;
    int len;

    serial_of(number, serial);
    bn = BN_bin2bn(serial, sizeof serial, NULL);
    n = BN_to_ASN1_INTEGER(bn, NULL);
    id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca), X509_get0_pubkey_bitstr(ca), n);
    if (id == NULL || request == NULL || OCSP_request_add0_id(request, id) == NULL)
        bench_die("cannot make an OCSP request", NULL);
    len = i2d_OCSP_REQUEST(request, &der);
    if (len <= 0)
        bench_die("cannot make an OCSP request", NULL);
    http = http_post(w, OCSP_PATH, "application/ocsp-request", cmc_slice(der, (size_t)len));
    OPENSSL_free(der);
    OCSP_REQUEST_free(request);
    ASN1_INTEGER_free(n);
    BN_free(bn);
    return http;
}

static void ocsp(const struct run *r, size_t certificates, struct bench_outcome *o)
{
    struct bench_load l = {
        .connections = r->connections, .warm_up = r->messages / 10 + 2, .floor = measure_floor};
    char path[BENCH_PATH * 2];
    struct world w;
    BIO *file;
    X509 *ca;

    world_new(&w, r, "ec:P-256", 1);
    w.signs = 1;
    l.floor_arg = &w;
    l.n = r->messages + l.warm_up;
    if (certificates == 0)
        certificates = l.n;
    store_certs(&w, certificates, false);
    file = BIO_new_file(bench_file(&w.server, "ca.crt", path), "r");
    ca = PEM_read_bio_X509(file, NULL, NULL, NULL);
    if (ca == NULL)
        bench_die("cannot read the CA", NULL);
    l.requests = bench_alloc(l.n, sizeof *l.requests);
    for (size_t i = 0; i < l.n; i++)
        l.requests[i] = ocsp_message(&w, ca, 1 + i % certificates);
    bench_server_start(&w.server);
    l.port = w.server.port;
    l.cpu = w.server.cpu;
    bench_drive(&l, o);
    bench_print(o, 1, "answer");
    X509_free(ca);
    (void)BIO_free(file);
    free(l.requests);
    world_free(&w);
}

static void case_ocsp(const struct run *r)
{
    struct bench_outcome o;

    ocsp(r, 0, &o);
    bench_result(r->name, o.cpu / o.floor, "x floor", "<=", 1.3);
}

static void case_ocsp_cached(const struct run *r)
{
    struct bench_outcome o;

    ocsp(r, 10, &o);
    bench_result(r->name, MICRO / o.cpu, "a CPU second", ">=", 40000);
}

/* -- the peer ---------------------------------------------------------------------------- */

#define CFSSL     "/usr/bin/cfssl"
#define NAP_TRIES 200

static struct cmc_slice cfssl_request(struct world *w)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct cmc_slice http, der = w->csr;
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_str(&b, "{\"certificate_request\":\"-----BEGIN CERTIFICATE REQUEST-----\\n");
    for (size_t i = 0; i < der.n; i += 3) {
        uint32_t v = 0;

        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < der.n ? der.p[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            cmc_buf_byte(&b, i + k > der.n ? '=' : (uint8_t)digits[v >> (18 - 6 * k) & 63]);
        if (i % 48 == 45)
            cmc_buf_str(&b, "\\n");
    }
    cmc_buf_str(&b, "\\n-----END CERTIFICATE REQUEST-----\\n\"}");
    http = http_post(w, "/api/v1/cfssl/sign", "application/json", cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return http;
}

static void cfssl_start(struct world *w, struct bench_server *peer)
{
    char cert[BENCH_PATH * 2], key[BENCH_PATH * 2], pkcs8[BENCH_PATH * 2], port[16];
    const struct timespec nap = {0, 50000000};

    *peer = (struct bench_server){.port = bench_free_port()};
    (void)bench_file(&w->server, "ca.crt", cert);
    (void)bench_file(&w->server, "ca-sec1.key", key);
    /* Go of those days reads the older form of an EC key. */
    bench_run((const char *const[]){"/usr/bin/openssl", "ec", "-in",
                                    bench_file(&w->server, "ca.key", pkcs8), "-out", key, NULL});
    (void)snprintf(port, sizeof port, "%u", peer->port);
    peer->pid =
        bench_spawn((const char *const[]){CFSSL, "serve", "-address=127.0.0.1", "-port", port,
                                          "-ca", cert, "-ca-key", key, "-loglevel=5", NULL});
    for (int i = 0; i < NAP_TRIES && !bench_listens(peer->port); i++)
        (void)nanosleep(&nap, NULL);
    if (clock_getcpuclockid(peer->pid, &peer->cpu) != 0)
        bench_die("cfssl does not serve", NULL);
}

static double no_floor(void *arg)
{
    (void)arg;
    return 1;
}

static void case_peer(const struct run *r)
{
    struct bench_load l = {
        .connections = r->connections, .warm_up = r->messages / 10, .floor = no_floor};
    struct bench_server peer;
    struct bench_outcome theirs, ours;
    struct world w;

    if (access(CFSSL, X_OK) != 0) {
        bench_note("SKIP %s: %s is missing; apt-get install golang-cfssl", r->name, CFSSL);
        return;
    }
    world_new(&w, r, "ec:P-256", 0);
    l.n = r->messages + l.warm_up;
    l.requests = bench_alloc(l.n, sizeof *l.requests);
    for (size_t i = 0; i < l.n; i++)
        l.requests[i] = i == 0 ? cfssl_request(&w) : l.requests[0];
    cfssl_start(&w, &peer);
    l.port = peer.port;
    l.cpu = peer.cpu;
    bench_drive(&l, &theirs);
    bench_kill(peer.pid);
    free(l.requests);
    world_free(&w);
    (void)cost(r, "ec:P-256", 0, 0, &ours);
    bench_note(
        "  cfssl serve %.1f us a certificate (%.0f a second, p99 %.0f us), without database, "
        "officer or audit",
        theirs.cpu, theirs.rate, theirs.p99);
    bench_note("  cmcd        %.1f us a certificate (%.0f a second, p99 %.0f us)", ours.cpu,
               ours.rate, ours.p99);
    bench_result(r->name, ours.cpu / theirs.cpu, "x cfssl", "<=", 0.65);
}

static const struct {
    const char *name;
    void (*run)(const struct run *r);
    size_t messages;
} cases[] = {
    {"issue", case_issue, 6000},
    {"issue-tls", case_tls, 6000},
    {"batch-100", case_batch, 150},
    {"rsa-2048", case_rsa2048, 1500},
    {"rsa-3072", case_rsa3072, 400},
    {"revoke-100", case_revoke, 400},
    {"stored-1M", case_stored, 6000},
    {"stored-10M", case_stored_10, 6000},
    {"workers", case_workers, 6000},
    {"workers-rsa", case_workers_rsa, 400},
    {"search-1M", case_search, STORED},
    {"crl-1M", case_crl, STORED},
    {"crl-10M", case_crl, (size_t)10 * STORED},
    {"request-10k", case_request, 10000},
    {"ocsp", case_ocsp, 10000},
    {"ocsp-cached", case_ocsp_cached, 20000},
    {"peer-cfssl", case_peer, 4000},
};

int main(int argc, char **argv)
{
    struct run r = {.connections = argc > 4 ? strtoul(argv[4], NULL, 10) : 32};

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; argc > 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(cases[i].name, argv[1]) != 0)
            continue;
        r.name = argv[1];
        r.cmcd = argv[2];
        r.messages = argc > 3 ? strtoul(argv[3], NULL, 10) : cases[i].messages;
        bench_note("%s: %zu messages over %zu connections", r.name, r.messages, r.connections);
        cases[i].run(&r);
        return 0;
    }
    (void)fprintf(stderr, "usage: bench-serve CASE CMCD [MESSAGES [CONNECTIONS]]; CASE is one of");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        (void)fprintf(stderr, " %s", cases[i].name);
    (void)fprintf(stderr, "\n");
    return 2;
}
