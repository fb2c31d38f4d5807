/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust anchors that somebody publishes (RFC 10002 section 6.15): what a client checks before it
 * believes them. Nothing becomes trusted here; the caller keeps what this gives out.
 */
#ifndef CMC_CLIENT_ANCHORS_H
#define CMC_CLIENT_ANCHORS_H

#include "client/client.h"

/* How far the signing time may be from now, where nobody says otherwise. */
#define CMC_ANCHORS_WINDOW_SECONDS 300u

/* Whom to believe. All borrowed. */
struct cmc_anchor_policy {
    /* SHA-256 of certificates or SubjectPublicKeyInfos: who may publish; none: any responder that
     * trust accepts (id-kp-cmcCA, or an anchor itself) */
    const struct cmc_slice *signers;
    size_t nsigners;
    const struct cmc_slice *certs; /* certificates that the message only names may be among these */
    size_t ncerts;
    uint32_t window_seconds; /* 0: CMC_ANCHORS_WINDOW_SECONDS */
    int64_t now;
    /* First contact: the shared secret and its identification, when nothing is trusted yet
     * (section 6.16). Absent: the signature has to lead to an anchor that is trusted now. */
    struct cmc_slice identification, secret;
};

/* What was published. */
struct cmc_anchor_update {
    uint8_t publisher[32];     /* SHA-256 of its issuer's key and its subject: outlives its key */
    struct cmc_slice signer;   /* its certificate */
    struct cmc_slice sequence; /* INTEGER content, not negative */
    int64_t signed_at;
    bool by_secret;                /* believed because of the shared secret */
    const struct cmc_slice *certs; /* the anchors, whole DERs */
    size_t ncerts;
};

/*
 * Read and judge the trust anchors of a Full PKI Response that cmc_answer_open() has accepted.
 * trust: what it was opened with, the anchors of now. With policy->secret it is opened with trust
 * NULL; the anchors are then authenticated by the MAC that authData points to, and the response's
 * signature has to lead to one of them.
 *
 * Whether the sequence number is greater than the last is the caller's to compare
 * (cmc_sequence_compare()), since only it knows what was used before.
 *
 * Errors: CMC_E_NOTFOUND (none are published), CMC_E_REFUSED with a text that says which check
 * failed, CMC_E_CRYPTO with authDataFail (wrong MAC), CMC_E_INPUT.
 */
enum cmc_rc cmc_anchors_read(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                             const struct cmc_exchange_state *state, const struct cmc_trust *trust,
                             const struct cmc_anchor_policy *policy, struct cmc_arena *arena,
                             struct cmc_anchor_update *out, struct cmc_err *err) CMC_MUST_USE;

/* As memcmp(), for INTEGER contents that are not negative. */
int cmc_sequence_compare(struct cmc_slice a, struct cmc_slice b);

/*
 * The controls that ask for anchors under a MAC: identification, and identityProofV2 over a
 * message without certification requests. Two, into the arena.
 */
enum cmc_rc cmc_anchors_proof(const struct cmc_crypto *c, struct cmc_slice identification,
                              struct cmc_slice secret, struct cmc_arena *arena,
                              struct cmc_extra_control **out, struct cmc_err *err) CMC_MUST_USE;

#endif
