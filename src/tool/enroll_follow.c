/* SPDX-License-Identifier: Apache-2.0 */
/* cmc enroll, when it is not decided at once: wait and ask again, accept or reject. */
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "tool/advice.h"
#include "tool/enroll.h"
#include "tool/follow_up.h"

/* The identifier that the server knows the request's key by. */
static enum cmc_rc key_id(struct tool *t, const struct cmc_request *rq, struct cmc_slice *out)
{
    const struct cmc_extension *e =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    uint8_t computed[CMC_SKI_OCTETS];
    enum cmc_rc rc;

    if (e != NULL)
        return cmc_decode(&cmc_it_octet_string, e->value, t->arena, out, &t->err);
    rc = cmc_spki_ski(t->crypto, rq->spki, computed, &t->err);
    *out = cmc_arena_slice(t->arena, cmc_slice(computed, sizeof computed));
    return rc;
}

/* Which of the requests is it about? The first that is neither granted nor refused. */
static size_t waiting(const struct enroll_run *r)
{
    for (size_t i = 0; i < r->items.n && i < r->state.nsent; i++) {
        const struct cmc_outcome *o =
            tool_outcome_of(&r->answer, cmc_tagged_request_id(&r->state.sent[i]));

        if (o != NULL && (o->status == CMC_STATUS_PENDING || o->status == CMC_STATUS_PARTIAL ||
                          o->status == CMC_STATUS_CONFIRM_REQUIRED))
            return i;
    }
    return 0;
}

/* Who asks again, as a later run will have to find it. */
static void who_asks(const struct enroll_run *r, const struct tool_item *it, size_t index,
                     struct tool_follow *f)
{
    const struct enroll *o = r->o;
    bool officer = o->officer.cert != NULL;

    if (r->signer.key != NULL) {
        f->signer_cert = officer ? o->officer.cert : o->renew;
        f->signer_key = officer ? o->officer.key : o->renew_key;
        f->signer_pass = officer ? o->officer.pass : o->renew_pass;
        f->key = r->signer.key;
        f->certs = r->signer.certs;
        f->ncerts = r->signer.ncerts;
        return;
    }
    f->signer_key = o->key.key_out != NULL ? o->key.key_out : o->key.key;
    if (f->signer_key == NULL && index < o->request_keys.n)
        f->signer_key = o->request_keys.v[index];
    f->signer_pass = o->key.key_pass;
    f->key = it->key;
}

static enum cmc_rc begin_follow(struct enroll_run *r, struct tool_item *it, size_t index,
                                struct tool_follow *f)
{
    const struct enroll *o = r->o;
    uint32_t part =
        o->simple || index >= r->state.nsent ? 1 : cmc_tagged_request_id(&r->state.sent[index]);
    enum cmc_rc rc;

    *f = (struct tool_follow){.net = o->net,
                              .trust_options = o->trust,
                              .sid = o->officer.sid,
                              .spki = it->rq.spki,
                              .cert_out = o->cert_out,
                              .chain_out = o->chain_out,
                              .trust = r->trust};
    who_asks(r, it, index, f);
    if (f->key == NULL)
        return cmc_fail(&r->t->err, CMC_E_USAGE, "RFC 10002 section 6.13",
                        "the request waits, and its key must sign the question for it; name it "
                        "with --key and send the same request again");
    if (r->items.n > 1)
        tool_note(r->t, "of %zu requests, the first that waits is gone on with, number %zu",
                  r->items.n, index + 1);
    rc = key_id(r->t, &it->rq, &f->ski);
    return rc == CMC_OK ? tool_follow_take(r->t, f, &r->answer, &r->state, part) : rc;
}

/* For a later run. */
static enum cmc_rc leave(struct enroll_run *r, const struct tool_follow *f, const char *command)
{
    const char *path = r->o->pending_out;
    enum cmc_rc rc;

    if (path == NULL)
        path = tool_follow_path(r->t, f);
    if (path == NULL)
        return cmc_fail(&r->t->err, CMC_E_MEM, NULL, "no memory to go on later");
    r->left = path;
    rc = tool_follow_save(r->t, f, path);
    if (rc == CMC_OK)
        tool_note(r->t, "go on with 'cmc %s %s'", command, path);
    return rc;
}

/* [10002-6.14-b, 10002-6.1.3-u3]: the certificate is not handed out before the server has the
 * confirmation. */
static enum cmc_rc accept(struct enroll_run *r, struct tool_item *it, struct tool_follow *f,
                          int *code)
{
    struct tool *t = r->t;
    struct cmc_err why;
    enum cmc_rc rc = tool_follow_check(t, f, &r->answer, &it->chain), checked = rc;
    const char *reject = r->o->reject;

    f->pending.token = CMC_SLICE_NONE;
    if (rc == CMC_OK && r->o->no_confirm) {
        *code = TOOL_PENDING;
        return leave(r, f, "confirm");
    }
    /* Another key than was asked for, or no path: the server is to know. */
    if (rc != CMC_OK) {
        why = t->err;
        reject = "the certificate is not what was asked for, or does not verify";
    }
    rc = tool_follow_confirm(t, f, reject, &r->answer);
    if (checked != CMC_OK) {
        t->err = why;
        return checked;
    }
    if (rc != CMC_OK) {
        *code = TOOL_PENDING;
        (void)tool_end(t, rc);
        return leave(r, f, "confirm");
    }
    *code = tool_say_refusals(t, &r->answer);
    if (*code == TOOL_OK && reject != NULL) {
        *code = TOOL_FAILED;
        r->answer.worst = CMC_STATUS_FAILED;
        tool_note(t, "the certificate was rejected, as --reject says; the server took note");
    } else if (*code == TOOL_OK) {
        it->cert = f->cert;
    }
    return CMC_OK;
}

enum cmc_rc tool_enroll_follow(struct enroll_run *r, struct tool_item **item, int *code)
{
    const size_t index = waiting(r);
    struct tool_item *it = &r->items.v[index];
    const struct cmc_outcome *outcome;
    struct tool_follow f;
    enum cmc_rc rc = begin_follow(r, it, index, &f);

    *item = it;
    if (rc != CMC_OK)
        return rc;
    if (f.pending.token.p == NULL)
        return accept(r, it, &f, code);
    *code = tool_say_refusals(r->t, &r->answer);
    if (r->o->wait == 0 || !tool_follow_sleep(&f, (int64_t)time(NULL) + (int64_t)r->o->wait))
        return leave(r, &f, "poll");
    rc = tool_follow_poll(r->t, &f, r->o->wait, &r->answer, &outcome);
    if (rc != CMC_OK) {
        /* What waits there is not lost because the network is. */
        (void)tool_end(r->t, rc);
        return leave(r, &f, "poll");
    }
    if (outcome->status == CMC_STATUS_CONFIRM_REQUIRED)
        return accept(r, it, &f, code);
    *code = tool_say_refusals(r->t, &r->answer);
    return *code == TOOL_PENDING ? leave(r, &f, "poll") : CMC_OK;
}
