/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcd revoke: an administrator revokes certificates, puts them on hold or releases them, beside
 * the running server and by the rules that a revokeRequest has. All of them, or none; or in
 * batches, of which each is so.
 */
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "base/file.h"
#include "base/json.h"
#include "base/nearest.h"
#include "base/slice_set.h"
#include "responder/responder.h"
#include "server/cmd.h"

#define CLAUSE          "RFC 5280 section 5.3.1"
#define SERIALS_MAX     1000
#define UNUSED_REASON   7u
#define INVALIDITY_DAYS 36525u
#define PROGRESS_EACH   1000u

struct values {
    const char *config, *authority, *as, *reason, *comment;
    const char *file;
    unsigned int since, batch;
    bool dry_run;
};

struct revoking {
    struct cmcd_run *r;
    const struct values *v;
    struct cmc_slice issuer;
    const char *by;
    uint32_t reason;
    int64_t now;
    struct cmc_state_change *changes;
    struct cmc_audit_record *audits;
    size_t n;                  /* of both: planned, and not yet done */
    struct cmc_arena *scratch; /* for one certificate */
    struct cmc_slice_set named;
    char **serials;
    size_t total, done;
    struct cmc_buf said;
};

static enum cmc_rc no_memory(struct cmcd_run *r, size_t n)
{
    return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for %zu revocations", n);
}

static enum cmc_rc parse_reason(struct cmcd_run *r, const char *text, uint32_t *out)
{
    const char *const *names = cmc_it_crl_reason.values;
    struct cmc_nearest near = {0};

    if (text == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, CLAUSE,
                        "no --reason; as unspecified, keyCompromise, superseded, "
                        "cessationOfOperation, certificateHold, removeFromCRL");
    if (strcasecmp(text, "hold") == 0)
        text = "certificateHold";
    else if (strcasecmp(text, "release") == 0)
        text = "removeFromCRL";
    for (uint32_t i = 0; names[i] != NULL; i++) {
        if (i == UNUSED_REASON)
            continue;
        if (strcasecmp(names[i], text) == 0) {
            *out = i;
            return CMC_OK;
        }
        cmc_nearest_offer(&near, text, names[i]);
    }
    return cmc_fail(&r->err, CMC_E_USAGE, CLAUSE, "unknown reason '%.40s'%s%s%s", text,
                    near.word != NULL ? "; did you mean '" : "", near.word != NULL ? near.word : "",
                    near.word != NULL ? "'?" : "");
}

/* As the responder writes it for a revokeRequest; who it was stands where its officer would. */
static enum cmc_rc audit_one(struct revoking *w, const struct cmc_state_change *ch)
{
    struct cmcd_run *r = w->r;
    struct cmc_buf b;
    char *json;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE * 2u);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT("revoke"));
    cmc_json_str(&b, "by", cmc_slice_str(w->by));
    cmc_json_hex(&b, "serial", ch->serial);
    cmc_json_int(&b, "reason", ch->reason);
    if (ch->invalidity_at != 0)
        cmc_json_int(&b, "invalidSince", ch->invalidity_at);
    cmc_json_str(&b, "outcome", CMC_SLICE_LIT("success"));
    cmc_json_str(&b, "clause", CMC_SLICE_LIT(CLAUSE));
    cmc_json_str(&b, "comment", cmc_slice_str(w->v->comment));
    cmc_json_end(&b);
    json = cmc_buf_cstr(&b);
    w->audits[w->n].json = json != NULL ? cmc_arena_strndup(r->arena, json, b.n) : NULL;
    cmc_buf_free(&b);
    return w->audits[w->n].json != NULL
               ? CMC_OK
               : cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for an audit record");
}

static enum cmc_rc plan_one(struct revoking *w, struct cmcd_db *db, const char *text)
{
    static const char *const verbs[] = {[CMC_CERT_VALID] = "released",
                                        [CMC_CERT_REVOKED] = "revoked",
                                        [CMC_CERT_HELD] = "put on hold"};
    struct cmc_state_change *ch = &w->changes[w->n];
    struct cmcd_run *r = w->r;
    struct cmc_cert_record rec = {0};
    struct cmc_slice serial;
    enum cmc_rc rc = cmcd_parse_serial(r, text, &serial);

    cmc_arena_reset(w->scratch);
    if (rc == CMC_OK)
        rc = cmc_reader_cert(db->reader, w->issuer, serial, w->scratch, &rec, &r->err);
    if (rc == CMC_E_NOTFOUND)
        return cmc_fail(&r->err, rc, NULL, "this authority has issued no certificate %.80s", text);
    if (rc != CMC_OK)
        return rc;
    if (cmc_slice_set_has(&w->named, serial))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "certificate %.80s is named twice", text);
    if (!cmc_slice_set_add(&w->named, serial, r->arena))
        return no_memory(r, w->total);
    *ch = (struct cmc_state_change){
        .issuer = w->issuer,
        .serial = serial,
        .reason = w->reason,
        .at = w->now,
        .invalidity_at = w->v->since > 0 ? w->now - (int64_t)w->v->since * 86400 : 0};
    rc = cmc_revocation_change(&rec, w->reason, ch, &r->err);
    if (rc != CMC_OK)
        return cmc_fail(&r->err, rc, CLAUSE, "%.80s: %s", text,
                        cmc_arena_strdup(r->arena, r->err.text));
    rc = audit_one(w, ch);
    if (rc != CMC_OK)
        return rc;
    w->n++;
    cmc_buf_hex(&w->said, rec.serial);
    cmc_buf_printf(&w->said, "  %s%s  %s\n", w->v->dry_run ? "would be " : "", verbs[ch->to],
                   rec.subject_text != NULL ? rec.subject_text : "");
    return CMC_OK;
}

/* What is planned, in one transaction; and what it was, once it is done. */
static enum cmc_rc commit(struct revoking *w, struct cmcd_db *db)
{
    struct cmcd_run *r = w->r;
    const struct cmc_txn txn = {.at = w->now,
                                .changes = w->changes,
                                .nchanges = w->n,
                                .audits = w->audits,
                                .naudits = w->n};
    enum cmc_rc rc = CMC_OK;

    if (!w->v->dry_run)
        rc = cmc_store_commit(db->store, &txn, &r->err);
    if (rc == CMC_E_CONFLICT)
        return cmc_fail(&r->err, rc, NULL,
                        "somebody else changed one of them at this moment; none of these was "
                        "done, try again");
    if (rc != CMC_OK)
        return rc;
    w->done += w->n;
    w->n = 0;
    rc = cmcd_print(&w->said, &r->err);
    cmc_buf_reset(&w->said);
    return rc;
}

/* For whoever waits at a terminal. */
static void show_progress(const struct revoking *w, size_t i)
{
    if (w->total < PROGRESS_EACH || !isatty(STDERR_FILENO))
        return;
    if (i == w->total)
        (void)fprintf(stderr, "\r%zu of %zu\n", i, w->total);
    else if (i % PROGRESS_EACH == 0)
        (void)fprintf(stderr, "\r%zu of %zu", i, w->total);
}

static enum cmc_rc revoke_all(struct revoking *w, struct cmcd_db *db)
{
    struct cmcd_run *r = w->r;
    size_t batch = w->v->batch > 0 ? w->v->batch : w->total;
    enum cmc_rc rc = CMC_OK;

    if (batch > CMC_LIMIT_REVOKE_AT_ONCE)
        return cmc_fail(&r->err, CMC_E_LIMIT, NULL,
                        "%zu certificates at once, where one transaction takes %u "
                        "(CMC_LIMIT_REVOKE_AT_ONCE); --batch does them in parts",
                        batch, CMC_LIMIT_REVOKE_AT_ONCE);
    w->changes = cmc_arena_array(r->arena, batch, sizeof *w->changes);
    w->audits = cmc_arena_array(r->arena, batch, sizeof *w->audits);
    if (w->changes == NULL || w->audits == NULL)
        return no_memory(r, w->total);
    for (size_t i = 0; rc == CMC_OK && i < w->total; i++) {
        show_progress(w, i);
        rc = plan_one(w, db, w->serials[i]);
        if (rc == CMC_OK && w->n == batch)
            rc = commit(w, db);
    }
    if (rc == CMC_OK)
        rc = commit(w, db);
    if (rc == CMC_OK)
        show_progress(w, w->total);
    else if (w->v->batch > 0 && !w->v->dry_run)
        cmc_err_prefix(&r->err, "%zu of %zu are done, and then", w->done, w->total);
    return rc;
}

/* -- which ------------------------------------------------------------------------------- */

static size_t count_lines(struct cmc_slice text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

/* A serial number a line; what follows a # is a remark. */
static enum cmc_rc read_file(struct revoking *w, const char *path)
{
    struct cmcd_run *r = w->r;
    char *text = NULL, *next;
    struct cmc_buf b;
    size_t room = 0;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_file_read(path, &b, &r->err);
    if (rc == CMC_OK) {
        room = count_lines(cmc_buf_get0(&b));
        text = cmc_arena_strndup(r->arena, b.p != NULL ? (const char *)b.p : "", b.n);
        w->serials = cmc_arena_array(r->arena, room, sizeof *w->serials);
        if (text == NULL || w->serials == NULL)
            rc = no_memory(r, room);
    }
    cmc_buf_free(&b);
    for (char *p = text; rc == CMC_OK && p != NULL; p = next) {
        next = strchr(p, '\n');
        if (next != NULL)
            *next++ = '\0';
        p[strcspn(p, "#\r")] = '\0';
        p += strspn(p, " \t");
        if (*p != '\0')
            w->serials[w->total++] = p;
    }
    if (rc == CMC_OK && w->total == 0)
        rc = cmc_fail(&r->err, CMC_E_USAGE, NULL, "%s: there is no serial number in it", path);
    return rc;
}

static enum cmc_rc find_serials(struct revoking *w, char **operands, size_t n)
{
    struct cmcd_run *r = w->r;

    if ((n > 0) == (w->v->file != NULL))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "which certificates? Give SERIAL..., or --serials-file FILE");
    if (w->v->file != NULL)
        return read_file(w, w->v->file);
    w->serials = operands;
    w->total = n;
    return CMC_OK;
}

enum cmc_rc cmcd_cmd_revoke(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("reason", 'r', STRING, "REASON", struct values, reason,
                   "a CRLReason, hold or release"),
        CMC_OPTION("as", 0, STRING, "NAME", struct values, as, "in this name (the user's)"),
        CMC_OPTION("comment", 0, STRING, "TEXT", struct values, comment, "for the audit log"),
        CMC_OPTION("invalid-days", 0, UINT, "DAYS", struct values, since,
                   "not to be trusted since so many days ago"),
        CMC_OPTION("serials-file", 0, STRING, "FILE", struct values, file,
                   "a serial number a line (\"-\": standard input)"),
        CMC_OPTION("batch", 0, UINT, "N", struct values, batch,
                   "so many in a transaction; what was done stays done when\n"
                   "one of a later batch is refused (all in one)"),
        CMC_OPTION("dry-run", 0, FLAG, NULL, struct values, dry_run,
                   "say what would happen, and do nothing"),
        CMCD_OPTION_AUTHORITY(struct values, authority),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd revoke",
        "[SERIAL...]",
        0,
        SERIALS_MAX,
        "Revoke certificates by their serial numbers in hex, put them on hold or release them:\n"
        "all of them, or none.",
        rows};
    struct values v = {0};
    struct revoking w = {.r = r, .v = &v, .now = time(NULL)};
    struct cmcd_db db = {0};
    char **serials;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &serials, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&w.said, CMC_LIMIT_FILE_OCTETS);
    w.scratch = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (w.scratch == NULL)
        return no_memory(r, n);
    rc = parse_reason(r, v.reason, &w.reason);
    if (rc == CMC_OK)
        rc = find_serials(&w, serials, n);
    if (rc == CMC_OK)
        rc = cmcd_decider(r, v.as, &w.by);
    if (rc == CMC_OK)
        rc = cmcd_check_line(r, "--comment", v.comment);
    if (rc == CMC_OK && v.since > INVALIDITY_DAYS)
        rc = cmc_fail(&r->err, CMC_E_USAGE, NULL, "--invalid-days %u: 1 to %u are allowed", v.since,
                      INVALIDITY_DAYS);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmcd_issuer_name(r, db.conf, v.authority, &w.issuer);
    if (rc == CMC_OK)
        rc = revoke_all(&w, &db);
    cmcd_db_close(&db);
    cmc_arena_free(w.scratch);
    cmc_buf_free(&w.said);
    return rc;
}
