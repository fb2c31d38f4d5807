/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc revoke: revokeRequest controls signed by an officer or the holder, or unsigned with the
 * passphrase of the certificate (RFC 10002 section 6.11).
 */
#include <jansson.h>
#include <time.h>

#include "asn1/codec.h"
#include "base/file.h"
#include "base/slice_set.h"
#include "tool/advice.h"
#include "tool/exchange.h"
#include "tool/input.h"
#include "tool/protect.h"
#include "tool/revocation.h"
#include "tool/secret.h"
#include "tool/summary.h"

struct revoke {
    struct cmc_option_list certs, serials;
    const char *serials_file, *issuer, *issuer_cert;
    const char *reason, *invalidity, *comment;
    struct tool_officer_options officer;
    struct tool_protect_options protect;
    const char *passphrase_file, *compat, *out;
    struct tool_net_options net;
    struct tool_trust_options trust;
    bool json;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("Which certificates"),
    CMC_OPTION("cert", 'c', LIST, "FILE", struct revoke, certs,
               "each certificate in FILE (may be repeated)"),
    CMC_OPTION("serial", 0, LIST, "NUMBER", struct revoke, serials,
               "a serial number, 0x1fa0, 1f:a0 or decimal 8096 (may be\n"
               "repeated); with one of the next two"),
    CMC_OPTION("serials-file", 0, STRING, "FILE", struct revoke, serials_file,
               "a serial number a line (\"-\": standard input), as many as\n"
               "one message takes"),
    CMC_OPTION("issuer", 0, STRING, "NAME", struct revoke, issuer,
               "the issuer's name, as \"O=Example, CN=CA\""),
    CMC_OPTION("issuer-cert", 0, STRING, "FILE", struct revoke, issuer_cert,
               "the issuer's certificate, whose subject is that name"),
    CMC_OPTION_HEADING("Why"),
    CMC_OPTION("reason", 'r', STRING, "REASON", struct revoke, reason,
               "name or number of RFC 5280 section 5.3.1 (unspecified);\n"
               "hold and release put on hold and take back"),
    CMC_OPTION("invalidity-date", 0, STRING, "DATE", struct revoke, invalidity,
               "not to be trusted since, as 2026-11-21T10:00:00Z"),
    CMC_OPTION("comment", 0, STRING, "TEXT", struct revoke, comment, "a remark for the CA"),
    CMC_OPTION_HEADING("Who may (one of --officer-cert and --passphrase-file, or both)"),
    TOOL_OFFICER_ROWS(struct revoke, officer),
    CMC_OPTION("passphrase-file", 0, STRING, "FILE", struct revoke, passphrase_file,
               "first line of FILE is the passphrase registered for the\n"
               "certificate (\"-\": standard input); without an officer the\n"
               "request is not signed. Never for two certificates"),
    CMC_OPTION("compat", 0, STRING, "PEER", struct revoke, compat,
               "rfc (the default) or dogtag: an unsigned request in the\n"
               "form that Dogtag's CA wants"),
    CMC_OPTION_HEADING("Protection beyond the signature"),
    TOOL_PROTECT_ROWS(struct revoke, protect),
    CMC_OPTION_HEADING("Where to"),
    TOOL_NET_ROWS(struct revoke, net),
    CMC_OPTION("out", 'o', STRING, "FILE", struct revoke, out,
               "write the request here (DER) and do not send it"),
    CMC_OPTION_HEADING("The answer"),
    TOOL_TRUST_ROWS(struct revoke, trust),
    CMC_OPTION("json", 0, FLAG, NULL, struct revoke, json, "print the result as JSON"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc revoke",
    .operands = "",
    .about = "Have certificates revoked, put on hold or released, all by one request, and say for\n"
             "each what became of it.",
    .rows = rows,
};

/* One revocation run. */
struct run {
    struct tool *t;
    const struct revoke *o;
    struct cmc_revocation how; /* reason, invalidity date, comment */
    struct cmc_revocation *list;
    size_t n, room;
    struct cmc_slice_set named; /* serials, under the issuer that they were named with first */
    struct tool_signer signer;
    struct tool_protection protection;
    struct cmc_trust store;
    const struct cmc_trust *trust;
    struct cmc_exchange_state state;
    struct cmc_answer_view answer;
};

/* -- which ------------------------------------------------------------------------------- */

static enum cmc_rc check(struct tool *t, const struct revoke *o)
{
    bool dogtag;
    int sid;

    bool serials = o->serials.n > 0 || o->serials_file != NULL;

    if (o->certs.n == 0 && !serials)
        return tool_usage(t, "which certificate? Give --cert FILE, or --serial and --issuer");
    if (serials && (o->issuer != NULL) + (o->issuer_cert != NULL) != 1)
        return tool_usage(t, "--serial goes with one of --issuer NAME and --issuer-cert FILE");
    if (!serials && (o->issuer != NULL || o->issuer_cert != NULL))
        return tool_usage(t, "--issuer without --serial; which certificate of that issuer?");
    if (o->officer.cert == NULL && o->passphrase_file == NULL)
        return tool_usage(t, "who may revoke? Give --officer-cert, whose key signs, or the "
                             "certificate's --passphrase-file");
    if (o->officer.cert == NULL && o->officer.key != NULL)
        return tool_usage(t, "--officer-key without --officer-cert; name the certificate too");
    if (tool_sid(t, o->officer.sid, &sid) != CMC_OK ||
        tool_compat(t, o->compat, &dogtag) != CMC_OK ||
        tool_protect_check(t, &o->protect, o->officer.cert != NULL) != CMC_OK)
        return CMC_E_USAGE;
    if (o->out == NULL)
        return tool_net_check(t, &o->net);
    return o->net.url == NULL ? CMC_OK
                              : tool_usage(t, "--out writes the request in place of sending it; "
                                              "leave out --url");
}

static enum cmc_rc add(struct run *r, struct cmc_slice issuer, struct cmc_slice serial)
{
    const bool seen = cmc_slice_set_has(&r->named, serial);

    /* Serials repeat across issuers only; then the list is looked through. */
    for (size_t i = 0; seen && i < r->n; i++) {
        if (cmc_slice_eq(r->list[i].issuer, issuer) && cmc_slice_eq(r->list[i].serial, serial))
            return tool_usage(r->t, "a certificate is named twice");
    }
    if (!cmc_slice_set_add(&r->named, serial, r->t->arena))
        return cmc_fail(&r->t->err, CMC_E_MEM, NULL, "no memory for revocations");
    if (r->n == r->room) {
        size_t room = r->room > 0 ? 2 * r->room : 16;
        struct cmc_revocation *list = cmc_arena_array(r->t->arena, room, sizeof *list);

        if (list == NULL)
            return cmc_fail(&r->t->err, CMC_E_MEM, NULL, "no memory for revocations");
        if (r->n > 0)
            memcpy(list, r->list, r->n * sizeof *list);
        r->list = list;
        r->room = room;
    }
    r->list[r->n] = r->how;
    r->list[r->n].issuer = issuer;
    r->list[r->n].serial = serial;
    r->n++;
    return CMC_OK;
}

static enum cmc_rc add_certs(struct run *r)
{
    struct tool *t = r->t;
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc = tool_certs(t, &r->o->certs, &certs, &n);

    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        struct cmc_cert cert = {0};

        rc = cmc_decode(&cmc_it_cert, certs[i], t->arena, &cert, &t->err);
        if (rc == CMC_OK)
            rc = add(r, cert.tbs.issuer, cert.tbs.serial);
    }
    return rc;
}

/* A serial a line; what follows a # is a remark. */
static enum cmc_rc add_file(struct run *r, struct cmc_slice issuer)
{
    struct tool *t = r->t;
    struct cmc_slice serial;
    char *text = NULL, *next;
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_file_read(r->o->serials_file, &b, &t->err);
    if (rc == CMC_OK) {
        text = cmc_arena_strndup(t->arena, b.p != NULL ? (const char *)b.p : "", b.n);
        if (text == NULL)
            rc = cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for serial numbers");
    }
    cmc_buf_free(&b);
    for (char *p = text; rc == CMC_OK && p != NULL; p = next) {
        next = strchr(p, '\n');
        if (next != NULL)
            *next++ = '\0';
        p[strcspn(p, "#")] = '\0';
        p += strspn(p, " \t\r");
        p[strcspn(p, " \t\r")] = '\0';
        if (*p == '\0')
            continue;
        rc = tool_serial(t, p, &serial);
        if (rc == CMC_OK)
            rc = add(r, issuer, serial);
    }
    if (rc == CMC_OK && r->n == 0)
        rc = cmc_fail(&t->err, CMC_E_USAGE, NULL, "%s: there is no serial number in it",
                      r->o->serials_file);
    return rc;
}

static enum cmc_rc add_serials(struct run *r)
{
    struct tool *t = r->t;
    struct cmc_slice issuer = CMC_SLICE_NONE, der, serial;
    struct cmc_cert cert = {0};
    enum cmc_rc rc = CMC_OK;

    if (r->o->issuer_cert != NULL) {
        rc = tool_cert(t, r->o->issuer_cert, &der, &cert);
        issuer = cert.tbs.subject;
    } else if (r->o->issuer != NULL) {
        rc = cmc_name_parse(r->o->issuer, t->arena, &issuer, &t->err);
    }
    for (size_t i = 0; rc == CMC_OK && i < r->o->serials.n; i++) {
        rc = tool_serial(t, r->o->serials.v[i], &serial);
        if (rc == CMC_OK)
            rc = add(r, issuer, serial);
    }
    return rc == CMC_OK && r->o->serials_file != NULL ? add_file(r, issuer) : rc;
}

static enum cmc_rc read_how(struct run *r)
{
    enum cmc_rc rc = CMC_OK;

    r->how.comment = r->o->comment;
    if (r->o->reason != NULL)
        rc = tool_reason(r->t, r->o->reason, &r->how.reason);
    if (rc == CMC_OK && r->o->invalidity != NULL)
        rc = tool_date(r->t, r->o->invalidity, &r->how.invalidity_at);
    return rc;
}

/*
 * [10002-6.11-b, 10002-6.11-c, 10002-6.11-f, 10002-6.11-u2] It can be read on the way and is used
 * once, so no two certificates have the same.
 */
static enum cmc_rc read_passphrase(struct run *r)
{
    struct tool *t = r->t;
    struct cmc_slice passphrase;
    enum cmc_rc rc;

    if (r->o->passphrase_file == NULL)
        return CMC_OK;
    if (r->n != 1)
        return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.11",
                        "--passphrase-file: a passphrase is for one certificate, and %zu are "
                        "named; revoke them one by one, each with its own",
                        r->n);
    rc = tool_secret_read(t, r->o->passphrase_file, NULL, &passphrase);
    if (rc == CMC_OK)
        r->list[0].passphrase = passphrase;
    return rc;
}

/* -- the exchange ------------------------------------------------------------------------ */

static enum cmc_rc build(struct run *r, struct cmc_slice *out)
{
    struct tool *t = r->t;
    struct cmc_cms_signer signer = {.signing_time = true, .time = (int64_t)time(NULL)};
    struct cmc_full_request rq = {.revocations = r->list, .nrevocations = r->n};
    enum cmc_rc rc = tool_compat(t, r->o->compat, &rq.bare);

    if (rc == CMC_OK)
        rc = tool_crypto(t);
    if (rc == CMC_OK && r->o->officer.cert != NULL)
        rc = tool_signer_load(t, r->o->officer.cert, r->o->officer.key, r->o->officer.pass,
                              &r->signer);
    if (rc == CMC_OK)
        rc = tool_sid(t, r->o->officer.sid, &signer.sid);
    /* [10002-6.11-a] */
    if (rc == CMC_OK && r->signer.key != NULL) {
        signer.key = r->signer.key;
        signer.cert = r->signer.certs[0];
        signer.digest_null = rq.bare;
        rq.signer = &signer;
        rq.certs = r->signer.certs;
        rq.ncerts = r->signer.ncerts;
    }
    if (rc == CMC_OK)
        rc = tool_protect_load(t, &r->o->protect, &r->protection);
    if (rc == CMC_OK && r->signer.key != NULL)
        tool_protect_key(&r->protection, r->signer.key, r->signer.certs[0]);
    if (rc == CMC_OK)
        rc = tool_protect_apply(t, &r->protection, &rq);
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &rq, t->arena, &r->state, out, &t->err);
    return rc;
}

static enum cmc_rc submit(struct run *r, struct cmc_slice body)
{
    struct tool *t = r->t;
    struct cmc_transport_reply reply;
    enum cmc_rc rc = tool_net_post(t, &r->o->net, TOOL_TYPE_CMC, NULL, body, &reply);

    if (rc == CMC_OK)
        rc = tool_answer_open(t, reply.body, &r->state, r->trust, &r->answer);
    /* RFC 10002 section 6.11: a Full PKI Response must come; nothing else says what was done. */
    if (rc == CMC_OK && !r->answer.full)
        rc = cmc_fail(&t->err, CMC_E_REFUSED, "RFC 10002 section 6.11",
                      "the server answered without a CMC response; nothing tells whether the "
                      "revocation was done");
    return rc;
}

/* -- the results ------------------------------------------------------------------------- */

/* The body part id of revocation i: ids are given out in a row. */
static const struct cmc_outcome *result(const struct run *r, size_t i)
{
    return tool_outcome_of(&r->answer, r->state.first_revocation_id + (uint32_t)i);
}

static int result_code(const struct run *r, size_t i)
{
    const struct cmc_outcome *o = result(r, i);

    /* Silence means success only when nothing went wrong elsewhere. */
    return o != NULL ? tool_outcome_exit(o) : tool_answer_exit(&r->answer);
}

static const char *done_word(uint32_t reason)
{
    enum { HOLD = 6, RELEASE = 8 };

    return reason == HOLD ? "on hold" : reason == RELEASE ? "released" : "revoked";
}

static void say_one(const struct run *r, size_t i, struct cmc_buf *b)
{
    const struct cmc_outcome *o = result(r, i);
    int code = result_code(r, i);

    cmc_buf_hex(b, r->list[i].serial);
    cmc_buf_str(b, " of ");
    cmc_name_print(r->list[i].issuer, b);
    cmc_buf_str(b, ": ");
    if (code == TOOL_OK) {
        cmc_buf_printf(b, "%s (%s)", done_word(r->list[i].reason),
                       tool_reason_name(r->list[i].reason));
    } else {
        cmc_buf_str(b, code == TOOL_PENDING ? "pending: " : "not done: ");
        if (o != NULL)
            tool_outcome_text(b, o);
        else
            cmc_buf_str(b, "the server says nothing about it");
    }
    cmc_buf_byte(b, '\n');
}

static enum cmc_rc say_text(struct run *r)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; i < r->n; i++)
        say_one(r, i, &b);
    rc = tool_print(r->t, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static json_t *json_one(const struct run *r, size_t i)
{
    static const char *const words[] = {[TOOL_OK] = "success",
                                        [TOOL_FAILED] = "failed",
                                        [TOOL_PENDING] = "pending",
                                        [TOOL_TRY_LATER] = "failed"};
    struct cmc_buf hex, name;
    json_t *out;

    cmc_buf_init(&hex, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_init(&name, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_hex(&hex, r->list[i].serial);
    cmc_name_print(r->list[i].issuer, &name);
    out = json_pack("{s:s%, s:s%, s:s, s:s, s:I}", "issuer", (const char *)cmc_buf_get0(&name).p,
                    name.n, "serial", (const char *)cmc_buf_get0(&hex).p, hex.n, "reason",
                    tool_reason_name(r->list[i].reason), "result", words[result_code(r, i)],
                    "bodyPart", (json_int_t)(r->state.first_revocation_id + i));
    cmc_buf_free(&hex);
    cmc_buf_free(&name);
    return out;
}

static enum cmc_rc say_json(struct run *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n; i++)
        (void)json_array_append_new(list, json_one(r, i));
    return tool_json_print(r->t, json_pack("{s:s, s:o, s:o}", "result",
                                           tool_status_word(r->answer.worst), "certificates", list,
                                           "statuses", tool_json_outcomes(&r->answer)));
}

/* A failure of any is the exit code of all; then what may be tried again, then what is pending. */
static int worst_code(const struct run *r)
{
    static const int order[] = {TOOL_OK, TOOL_PENDING, TOOL_TRY_LATER, TOOL_FAILED};
    size_t worst = 0;

    for (size_t i = 0; i < r->n; i++) {
        int code = result_code(r, i);

        for (size_t k = worst; k < CMC_COUNT(order); k++) {
            if (order[k] == code)
                worst = k;
        }
    }
    return order[worst];
}

/* What to do about those that were not done. */
static void advise(const struct run *r)
{
    const char *said = NULL;

    for (size_t i = 0; i < r->n; i++) {
        const struct cmc_outcome *o = result(r, i);
        const char *advice = o != NULL ? tool_advice(o) : NULL;

        if (advice != NULL && advice != said)
            tool_note(r->t, "what to do: %s", advice);
        said = advice != NULL ? advice : said;
    }
}

static int run(struct run *r)
{
    struct tool *t = r->t;
    struct cmc_slice body = CMC_SLICE_NONE;
    enum cmc_rc rc = check(t, r->o);

    if (rc == CMC_OK && r->o->out == NULL)
        rc = tool_trust_load(t, &r->o->trust, &r->store, &r->trust);
    if (rc == CMC_OK)
        rc = read_how(r);
    if (rc == CMC_OK)
        rc = add_certs(r);
    if (rc == CMC_OK)
        rc = add_serials(r);
    if (rc == CMC_OK)
        rc = read_passphrase(r);
    if (rc == CMC_OK)
        rc = build(r, &body);
    if (rc == CMC_OK && r->o->out != NULL) {
        rc = tool_write(t, r->o->out, NULL, body);
        tool_check_suffix(t, r->o->out, ".crq");
        return tool_end(t, rc);
    }
    if (rc == CMC_OK)
        rc = submit(r, body);
    if (rc == CMC_OK)
        rc = r->o->json ? say_json(r) : say_text(r);
    if (rc != CMC_OK)
        return tool_end(t, rc);
    advise(r);
    return worst_code(r);
}

int tool_cmd_revoke(struct tool *t, int argc, char **argv)
{
    struct revoke o = {0};
    struct run r = {.t = t, .o = &o};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);

    if (code != TOOL_GO_ON)
        return code;
    code = run(&r);
    tool_protect_clean(&r.protection);
    tool_signer_clean(&r.signer);
    return code;
}
