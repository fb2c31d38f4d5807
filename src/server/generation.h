/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that one reading of the configuration makes: certificates, authorities, routes, workers. A
 * reload makes the next one beside it, on the same sockets and the same store; when that serves,
 * this one answers what it has begun, and ends.
 */
#ifndef CMC_SERVER_GENERATION_H
#define CMC_SERVER_GENERATION_H

#include "server/crl_schedule.h"
#include "server/sockets.h"
#include "server/worker.h"

struct cmc_generation {
    struct cmc_conf *conf;
    struct cmc_log *log;
    struct cmc_service service;
    struct cmc_routes routes;
    struct cmc_sockets *sockets;
    struct cmc_desks *desks; /* NULL: no key is in a token */
    struct cmc_worker *workers[CMC_LIMIT_WORKERS];
    struct cmc_crl_schedule *schedule;
    EVP_PKEY *responder_key; /* of the first authority, for checkpoints; the main thread's */
};

/* What lasts longer than any of them. All borrowed. */
struct cmc_lasting {
    const struct cmc_crypto *crypto; /* the main thread's */
    struct cmc_store *store;
    struct cmc_challenges *challenges;
    struct cmc_counters *counters;
};

/* Read the configuration, and make the log it wants. */
enum cmc_rc cmc_generation_load(const char *path, const struct cmc_crypto *crypto,
                                struct cmc_generation **out, struct cmc_err *err) CMC_MUST_USE;
/*
 * Make all the rest but start nothing: then either all is well, or nothing has begun. before: whose
 * place it takes, or NULL. Errors: what loading, listening and TLS give.
 */
enum cmc_rc cmc_generation_make(struct cmc_generation *g, const struct cmc_lasting *lasting,
                                const struct cmc_generation *before,
                                struct cmc_err *err) CMC_MUST_USE;
/* Errors: CMC_E_LOCAL (a thread cannot start). */
enum cmc_rc cmc_generation_start(struct cmc_generation *g, struct cmc_err *err) CMC_MUST_USE;

/* Stop serving; polite: another one is there. Then wait for the end. */
void cmc_generation_stop(struct cmc_generation *g, unsigned int grace_seconds, bool polite);
bool cmc_generation_has_ended(const struct cmc_generation *g);
/* False: a thread hangs in a token, and with it what it works with; so it must not be freed. */
bool cmc_generation_join(struct cmc_generation *g) CMC_MUST_USE;
/* After the store has called back all that its workers submitted. NULL is legal. */
void cmc_generation_free(struct cmc_generation *g);

/*
 * What goes into the audit log of it: which configuration, and which CA certificates are another
 * one's than before (NULL: all). In the arena. Errors: CMC_E_MEM.
 */
enum cmc_rc cmc_generation_audit(const struct cmc_generation *g,
                                 const struct cmc_generation *before,
                                 const struct cmc_crypto *crypto, struct cmc_arena *arena,
                                 struct cmc_audit_record **out, size_t *n,
                                 struct cmc_err *err) CMC_MUST_USE;

#endif
