/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcd revoke: an administrator revokes certificates, puts them on hold or releases them, beside
 * the running server and by the rules that a revokeRequest has. All of them, or none.
 */
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "base/json.h"
#include "base/nearest.h"
#include "responder/responder.h"
#include "server/cmd.h"

#define CLAUSE          "RFC 5280 section 5.3.1"
#define SERIALS_MAX     1000
#define UNUSED_REASON   7u
#define INVALIDITY_DAYS 36525u

struct values {
    const char *config, *authority, *as, *reason, *comment;
    unsigned int since;
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
    size_t n;
    struct cmc_buf said;
};

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

    if (rc == CMC_OK)
        rc = cmc_reader_cert(db->reader, w->issuer, serial, r->arena, &rec, &r->err);
    if (rc == CMC_E_NOTFOUND)
        return cmc_fail(&r->err, rc, NULL, "this authority has issued no certificate %.80s", text);
    if (rc != CMC_OK)
        return rc;
    for (size_t i = 0; i < w->n; i++) {
        if (cmc_slice_eq(w->changes[i].serial, rec.serial))
            return cmc_fail(&r->err, CMC_E_USAGE, NULL, "certificate %.80s is named twice", text);
    }
    *ch = (struct cmc_state_change){
        .issuer = rec.issuer,
        .serial = rec.serial,
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

static enum cmc_rc revoke_all(struct revoking *w, struct cmcd_db *db, char **serials, size_t n)
{
    struct cmcd_run *r = w->r;
    struct cmc_txn txn = {.at = w->now};
    enum cmc_rc rc = CMC_OK;

    w->changes = cmc_arena_array(r->arena, n, sizeof *w->changes);
    w->audits = cmc_arena_array(r->arena, n, sizeof *w->audits);
    if (w->changes == NULL || w->audits == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for %zu revocations", n);
    for (size_t i = 0; rc == CMC_OK && i < n; i++)
        rc = plan_one(w, db, serials[i]);
    if (rc != CMC_OK || w->v->dry_run)
        return rc;
    txn.changes = w->changes;
    txn.audits = w->audits;
    txn.nchanges = txn.naudits = w->n;
    rc = cmc_store_commit(db->store, &txn, &r->err);
    if (rc == CMC_E_CONFLICT)
        return cmc_fail(&r->err, rc, NULL,
                        "somebody else changed one of them at this moment; nothing was done, try "
                        "again");
    return rc;
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
        CMC_OPTION("dry-run", 0, FLAG, NULL, struct values, dry_run,
                   "say what would happen, and do nothing"),
        CMCD_OPTION_AUTHORITY(struct values, authority),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd revoke",
        "SERIAL...",
        1,
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
    rc = parse_reason(r, v.reason, &w.reason);
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
        rc = revoke_all(&w, &db, serials, n);
    if (rc == CMC_OK)
        rc = cmcd_print(&w.said, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&w.said);
    return rc;
}
