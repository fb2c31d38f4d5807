/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that wait for tokens, so that event loops need not: what needs a key in a token is done
 * at a desk, with keys, reader and responder of its own, and posted back to the loop. A token that
 * hangs costs its desk, and the request is told to try later after CMC_LIMIT_TOKEN_SECONDS.
 */
#ifndef CMC_SERVER_DESKS_H
#define CMC_SERVER_DESKS_H

#include "base/arena.h"
#include "server/seat.h"

struct cmc_desks;

/* What a desk works with: authorities as in the configuration, an arena that is reset each time. */
struct cmc_desk {
    struct cmc_seat seats[CMC_LIMIT_CONF_AUTHORITIES];
    struct cmc_arena *arena;
};

/*
 * Something to do at a desk; part of a structure of the caller's. Each job has one end: somebody
 * takes it (cmc_desks_take() says true), or it is given up.
 */
struct cmc_desk_job {
    /* In a desk's thread. Takes the job, there or later, before it tells anybody of a result; if it
     * cannot, the job was given up and is to be thrown away. */
    void (*work)(struct cmc_desk_job *job, struct cmc_desk *desk);
    /* It took too long. Called under the lock of the desks, so no function of theirs in it. */
    void (*give_up)(struct cmc_desk_job *job);
    /* Given up before a desk had it: nobody else will throw it away. */
    void (*discard)(struct cmc_desk_job *job);
    /* the desks': */
    struct cmc_desk_job *next, *prev, *next_queued;
    int64_t deadline_ms; /* 0: not yet submitted */
    bool waiting, queued;
};

/* *out is NULL where no authority has a key in a token. Errors: what loading keys gives. */
enum cmc_rc cmc_desks_new(const struct cmc_service *service, struct cmc_log *log,
                          struct cmc_desks **out, struct cmc_err *err) CMC_MUST_USE;
/* Are requests to this authority for the desks? desks may be NULL. */
bool cmc_desks_has(const struct cmc_desks *desks, unsigned int authority);
/*
 * Line up a job; again, with the time that is left of the first, after it was taken. False: too
 * many wait, or the server ends.
 */
bool cmc_desks_submit(struct cmc_desks *desks, struct cmc_desk_job *job) CMC_MUST_USE;
/* The job is the caller's from here on, unless it was given up: then false. */
bool cmc_desks_take(struct cmc_desks *desks, struct cmc_desk_job *job) CMC_MUST_USE;
/*
 * End, after the loops have. Gives up what waits. False: a desk hangs in a token, so what it works
 * with must not be freed. Takes NULL.
 */
bool cmc_desks_stop(struct cmc_desks *desks) CMC_MUST_USE;
/* After cmc_desks_stop() said true. Takes NULL. */
void cmc_desks_free(struct cmc_desks *desks);

#endif
