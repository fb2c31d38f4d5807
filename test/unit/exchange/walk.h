/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways that client and authority go together, message by message, in one process and by a
 * clock that the test moves. paths.c is the table of the ways, test_paths.c that of what goes
 * wrong on them; here is how they are walked.
 */
#ifndef CMC_TEST_WALK_H
#define CMC_TEST_WALK_H

#include "../authority.h"

#include "client/client.h"

#define STEPS_MAX 4
#define KEYS_MAX  3
#define SECRET    "correct horse battery staple"

/* What the authority has done, as its store tells. */
struct effect {
    int certs, revoked, held, confirmed, rejected, published;
};

struct walk;

/* One message and what has to come of it. */
struct step {
    void (*make)(struct walk *w);   /* fill w->rq */
    void (*craft)(struct walk *w);  /* or make the message by hand: w->message and w->state */
    void (*before)(struct walk *w); /* what happens at the authority before it, or NULL */
    void (*look)(struct walk *w);   /* at the answer, more closely; or NULL */
    uint32_t status;
    int fail_info;
    unsigned int ncerts; /* for the first so many of w->keys there is a certificate in the answer */
    struct effect effect;
    /* When it comes `late` seconds later than it could; 0: six hours, and nothing is different. */
    int64_t late;
    int late_fail_info;
    struct effect late_effect; /* of the time; the message has none then */
};

struct path {
    const char *name;
    const char *key[KEYS_MAX][2];    /* as test_key() takes them; none: P-256 */
    void (*arrange)(struct walk *w); /* the authority, once */
    void (*begin)(struct walk *w);   /* each walk; or NULL */
    struct step steps[STEPS_MAX];
    bool unsigned_request; /* nothing tells that an octet was changed */
    /* A store in trouble cannot count guesses at the secret: no nonce is told from inside. */
    bool untold_when_busy;
    int strange; /* failInfo for a nonce that is none; 0: badRequest */
};

/* What is there for all walks of a path. */
struct place {
    struct test_authority *t;
    const struct path *path;
    EVP_PKEY *keys[KEYS_MAX];
    struct test_party who, next; /* holder, RA; a certificate to come */
    struct cmc_slice encryption; /* the authority's certificate for it */
    unsigned int walks;
};

struct walk {
    struct place *place;
    struct test_authority *t;
    const struct path *path;
    EVP_PKEY *const *keys;
    char name[32];           /* of a secret; differs in each walk */
    struct test_party party; /* freed with the walk */
    /* how messages are made */
    struct cmc_cms_signer signer;
    struct cmc_slice signer_cert;
    struct cmc_protection protection;
    struct cmc_cms_recipient own;
    struct cmc_shared_secret secret;
    struct cmc_slice requests[KEYS_MAX];
    struct cmc_revocation revocation;
    struct cmc_extra_control control;
    struct cmc_full_request rq;
    struct cmc_pending pending;
    /* the step that is being gone */
    struct effect before;
    struct cmc_slice message;
    struct cmc_exchange_state state;
    struct test_reply reply;
    struct cmc_answer_view answer;
    struct cmc_err err;
    /* what is behind */
    struct cmc_follow_up follow;
    struct cmc_slice cert;
    uint32_t request_id; /* of the first certification request of all */
    size_t nsent;
    struct cmc_slice sent[STEPS_MAX], got[STEPS_MAX];
};

/* Everything of paths.c; ended by a row without a name. */
extern const struct path all_paths[];

struct place *place_new(const struct path *path);
void place_free(struct place *p);

struct walk *walk_begin(struct place *p);
void walk_end(struct walk *w);
size_t walk_steps(const struct path *path);

/* The parts of a step. */
void walk_write(struct walk *w, size_t step); /* the message; `before` has happened */
void walk_write_changed(struct walk *w, size_t step, void (*change)(struct cmc_full_request *rq));
void walk_post(struct walk *w, struct cmc_slice message);
enum cmc_rc walk_open(struct walk *w);
void walk_expect(struct walk *w, size_t step);
/* CMC_FAIL_INFO_NONE: it is not. */
void walk_expect_refused(struct walk *w, int fail_info);
/* Refused in clear without the request's nonce: the client shows why, and takes nothing of it. */
void walk_expect_unbound(struct walk *w, int fail_info);
void walk_keep(struct walk *w, struct cmc_slice message); /* for the next step */
/* All of them for the steps from..to-1. */
void walk_go(struct walk *w, size_t from, size_t to);
/* Write, then open the right answer for this step, and keep it. */
void walk_rest(struct walk *w, size_t step);

struct effect effect_now(struct test_authority *t);
struct effect effect_since(struct test_authority *t, struct effect before);
void effect_is(struct effect got, struct effect want);
bool effect_none(struct effect e);

#endif
