/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/follow_up.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"

/* Between two questions, once the time that the server told is over. */
#define POLL_SECONDS 2

static bool waits(uint32_t status)
{
    return status == CMC_STATUS_PENDING || status == CMC_STATUS_PARTIAL;
}

bool tool_follow_wanted(const struct cmc_answer_view *answer)
{
    for (size_t i = 0; i < answer->noutcomes; i++) {
        if (waits(answer->outcomes[i].status) ||
            answer->outcomes[i].status == CMC_STATUS_CONFIRM_REQUIRED)
            return true;
    }
    return false;
}

enum cmc_rc tool_follow_take(struct tool *t, struct tool_follow *f,
                             const struct cmc_answer_view *answer,
                             const struct cmc_exchange_state *state, uint32_t body_part)
{
    struct cmc_pending *list;
    enum cmc_rc rc;
    size_t n;

    rc = cmc_pending_read(answer, state, t->arena, &list, &n, &t->err);
    if (rc != CMC_OK)
        return rc;
    f->pending = (struct cmc_pending){.body_part = body_part,
                                      .transaction_id = state->transaction_id,
                                      .recipient_nonce = answer->sender_nonce};
    for (size_t i = 0; i < n; i++) {
        if (list[i].body_part == body_part)
            f->pending = list[i];
    }
    return CMC_OK;
}

/* -- one exchange ------------------------------------------------------------------------ */

static enum cmc_rc exchange(struct tool *t, const struct tool_follow *f,
                            const struct cmc_full_request *wanted, struct cmc_exchange_state *state,
                            struct cmc_answer_view *answer)
{
    struct cmc_full_request rq = *wanted;
    struct cmc_cms_signer signer = {
        .key = f->key, .signing_time = true, .time = (int64_t)time(NULL)};
    struct cmc_transport_reply reply;
    struct cmc_slice body;
    enum cmc_rc rc = tool_sid(t, f->sid, &signer.sid);

    if (f->certs == NULL) {
        signer.sid = CMC_SID_SKI;
        signer.ski = f->ski;
    } else {
        signer.cert = f->certs[0];
        rq.certs = f->certs;
        rq.ncerts = f->ncerts;
    }
    rq.signer = &signer;
    if (rc == CMC_OK)
        rc = tool_protect_apply(t, f->protection, &rq);
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &rq, t->arena, state, &body, &t->err);
    if (rc == CMC_OK)
        rc = tool_net_post(t, &f->net, TOOL_TYPE_CMC, NULL, body, &reply);
    if (rc == CMC_OK)
        rc = cmc_answer_open(t->crypto, reply.body, state, f->trust, t->arena, answer, &t->err);
    return rc;
}

/* -- asking ------------------------------------------------------------------------------ */

static enum cmc_rc ask(struct tool *t, struct tool_follow *f, struct cmc_answer_view *answer,
                       const struct cmc_outcome **outcome)
{
    /* [10002-6.1.1-a]: without a status it is success, and the certificate is there. */
    static const struct cmc_outcome success = {.status = CMC_STATUS_SUCCESS,
                                               .fail_info = CMC_FAIL_INFO_NONE};
    struct cmc_full_request rq = {0};
    struct cmc_exchange_state state;
    enum cmc_rc rc = cmc_pending_query(&f->pending, 1, t->arena, &rq, &t->err);

    if (rc == CMC_OK)
        rc = exchange(t, f, &rq, &state, answer);
    if (rc == CMC_OK)
        rc = cmc_pending_update(&f->pending, answer, state.first_control_id, t->arena, &t->err);
    if (rc != CMC_OK)
        return rc;
    *outcome = cmc_answer_outcome(answer, state.first_control_id);
    if (*outcome == NULL)
        *outcome = &success;
    return CMC_OK;
}

bool tool_follow_sleep(const struct tool_follow *f, int64_t deadline)
{
    int64_t now = (int64_t)time(NULL), due = f->pending.poll_at;

    if (due < now + POLL_SECONDS)
        due = now + POLL_SECONDS;
    if (due > deadline)
        return false;
    while ((now = (int64_t)time(NULL)) < due)
        (void)sleep((unsigned int)(due - now));
    return true;
}

enum cmc_rc tool_follow_poll(struct tool *t, struct tool_follow *f, unsigned int wait,
                             struct cmc_answer_view *answer, const struct cmc_outcome **outcome)
{
    int64_t deadline = (int64_t)time(NULL) + (int64_t)wait;
    enum cmc_rc rc;

    do
        rc = ask(t, f, answer, outcome);
    while (rc == CMC_OK && waits((*outcome)->status) && tool_follow_sleep(f, deadline));
    return rc;
}

/* -- accepting --------------------------------------------------------------------------- */

enum cmc_rc tool_follow_check(struct tool *t, struct tool_follow *f,
                              const struct cmc_answer_view *answer, struct cmc_chain *chain)
{
    enum cmc_rc rc = cmc_answer_cert(t->crypto, answer, f->spki, NULL, t->arena, &f->cert, &t->err);

    if (rc == CMC_OK && f->trust != NULL) {
        rc = cmc_chain_check(t->crypto, f->cert, answer->certs, answer->ncerts, f->trust, t->arena,
                             chain, &t->err);
        if (rc != CMC_OK)
            cmc_err_prefix(&t->err, "the new certificate");
    }
    return rc;
}

enum cmc_rc tool_follow_confirm(struct tool *t, struct tool_follow *f, const char *reject,
                                struct cmc_answer_view *answer)
{
    const struct cmc_follow_up tie = {f->pending.transaction_id, f->pending.recipient_nonce};
    struct tool_follow signing = *f;
    struct cmc_full_request rq = {0};
    struct cmc_exchange_state state;
    enum cmc_rc rc;

    /* The request's own key is known to the server by its certificate now. */
    if (f->certs == NULL && f->cert.p != NULL) {
        signing.certs = &f->cert;
        signing.ncerts = 1;
    }
    rc = reject != NULL ? cmc_confirm_reject(f->pending.body_part, CMC_FAIL_BAD_REQUEST, reject,
                                             &tie, t->arena, &rq, &t->err)
                        : cmc_confirm_accept(f->cert, &tie, t->arena, &rq, &t->err);
    return rc == CMC_OK ? exchange(t, &signing, &rq, &state, answer) : rc;
}

enum cmc_rc tool_follow_protect(struct tool *t, struct tool_follow *f)
{
    enum cmc_rc rc;

    f->protect.mac_secret = NULL;
    if (f->protect.encrypt_secret == NULL)
        f->protect.secret_name = NULL;
    rc = tool_protect_load(t, &f->protect, f->protection);
    if (rc == CMC_OK)
        tool_protect_key(f->protection, f->key, f->certs != NULL ? f->certs[0] : CMC_SLICE_NONE);
    return rc;
}

enum cmc_rc tool_follow_arm(struct tool *t, struct tool_follow *f, struct tool_signer *signer,
                            struct cmc_trust *store)
{
    const struct cmc_passphrase pass = {.file = f->signer_pass, .prompt = f->signer_pass == NULL};
    enum cmc_rc rc = tool_trust_load(t, &f->trust_options, store, &f->trust);

    if (rc == CMC_OK)
        rc = tool_crypto(t);
    if (rc != CMC_OK)
        return rc;
    if (f->signer_cert == NULL) {
        rc = cmc_key_load(t->crypto, f->signer_key, &pass, &signer->key, &t->err);
    } else {
        rc = tool_signer_load(t, f->signer_cert, f->signer_key, f->signer_pass, signer);
        f->certs = signer->certs;
        f->ncerts = signer->ncerts;
    }
    f->key = signer->key;
    return rc == CMC_OK ? tool_follow_protect(t, f) : rc;
}

/* -- what is left behind ----------------------------------------------------------------- */

enum cmc_rc tool_follow_write(struct tool *t, const struct tool_follow *f,
                              const struct cmc_chain *chain)
{
    enum cmc_rc rc = tool_write(t, f->cert_out, TOOL_LABEL_CERT, f->cert);
    struct cmc_buf b;

    if (rc != CMC_OK || f->chain_out == NULL)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 1; rc == CMC_OK && i < chain->n; i++)
        rc = cmc_pem_write(TOOL_LABEL_CERT, chain->certs[i], &b, &t->err);
    if (rc == CMC_OK)
        rc = tool_write(t, f->chain_out, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}
