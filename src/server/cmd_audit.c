/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd audit verify|export: the chain of decisions. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <time.h>

#include "asn1/codec.h"
#include "base/json.h"
#include "client/chain.h"
#include "server/checkpoint.h"
#include "server/officer_order.h"

struct values {
    const char *config, *checkpoint;
    unsigned int from;
    struct cmcd_order_options order;
};

/* Output is written piece by piece: an audit log may be larger than memory. */
#define FLUSH_OCTETS 65536u

/* -- verify ------------------------------------------------------------------------------ */

/* A walk over the records, for the checkpoints among them. */
struct verifying {
    struct cmcd_run *run;
    struct cmcd_db *db;
    struct cmc_reader *second; /* the walk itself is under way with the first */
    struct {
        struct cmc_slice cert; /* of a CA */
        struct cmc_slice subject;
    } cas[CMC_LIMIT_CONF_AUTHORITIES * (1 + CMC_LIMIT_CONF_PREVIOUS)];
    size_t ncas;
    struct cmcd_order_audit *orders;
    unsigned int checkpoints;
    int64_t last; /* record that the last checkpoint speaks of */
};

/* The hash of one record. */
struct one {
    int64_t seq;
    uint8_t hash[CMC_SHA256_OCTETS];
};

static enum cmc_rc note_one(void *arg, int64_t seq, int64_t at, const char *json,
                            const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct one *one = arg;

    (void)at;
    (void)json;
    one->seq = seq;
    memcpy(one->hash, hash, sizeof one->hash);
    return CMC_E_CONFLICT; /* that is enough */
}

static enum cmc_rc check_hash(struct cmc_reader *reader, int64_t seq,
                              const uint8_t hash[CMC_SHA256_OCTETS], struct cmc_err *err)
{
    struct one one = {0};
    enum cmc_rc rc = cmc_reader_audit(reader, seq, note_one, &one, err);

    if (rc != CMC_OK && rc != CMC_E_CONFLICT)
        return rc;
    if (one.seq != seq)
        return cmc_fail(err, CMC_E_CRYPTO, NULL,
                        "audit record %lld, which a checkpoint speaks of, is missing",
                        (long long)seq);
    return memcmp(one.hash, hash, sizeof one.hash) == 0
               ? CMC_OK
               : cmc_fail(err, CMC_E_CRYPTO, NULL,
                          "audit record %lld is not what its checkpoint says: the chain was "
                          "computed anew",
                          (long long)seq);
}

/* Only a responder of ours signs checkpoints; its certificate may have expired since, and the CA's
 * been renewed. */
static enum cmc_rc check_signature(struct verifying *v, const struct cmc_checkpoint *p,
                                   struct cmc_err *err)
{
    struct cmc_arena *arena = v->run->arena;
    struct cmc_trust trust = {.nanchors = 1, .any_time = true};
    struct cmc_cert_record rec;
    enum cmc_rc rc = CMC_E_NOTFOUND;
    bool found = false;

    /* One name may stand for several keys of the same CA. */
    for (size_t i = 0; i < v->ncas && rc != CMC_OK; i++) {
        trust.anchors = &v->cas[i].cert;
        rc = cmc_reader_cert(v->second, v->cas[i].subject, p->signer, arena, &rec, err);
        found = found || rc == CMC_OK;
        if (rc == CMC_OK)
            rc = cmc_chain_check(v->run->crypto, rec.der, trust.anchors, 1, &trust, arena, NULL,
                                 err);
    }
    if (!found && rc == CMC_E_NOTFOUND)
        return cmc_fail(err, CMC_E_CRYPTO, NULL,
                        "the checkpoint of audit record %lld is signed with a certificate that "
                        "the CAs of this configuration did not issue",
                        (long long)p->seq);
    if (rc == CMC_OK)
        rc = cmc_responder_check(rec.der, &trust, arena, err);
    if (rc == CMC_OK)
        rc = cmc_checkpoint_verify(v->run->crypto, p, rec.der, arena, err);
    return rc;
}

static enum cmc_rc verify_one(void *arg, int64_t seq, int64_t at, const char *json,
                              const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct verifying *v = arg;
    struct cmc_err *err = &v->run->err;
    struct cmc_checkpoint p;
    bool is_one;
    enum cmc_rc rc = cmcd_order_audit_record(v->orders, seq, json, err);

    (void)at;
    (void)hash;
    if (rc != CMC_OK)
        return rc;
    rc = cmc_checkpoint_read(json, v->run->arena, &is_one, &p, err);
    if (rc != CMC_OK || !is_one)
        return rc;
    if (p.seq >= seq)
        return cmc_fail(err, CMC_E_CRYPTO, NULL,
                        "audit record %lld is a checkpoint of what comes after it", (long long)seq);
    rc = check_signature(v, &p, err);
    if (rc == CMC_OK)
        rc = check_hash(v->second, p.seq, p.hash, err);
    v->checkpoints++;
    v->last = p.seq;
    return rc;
}

/* "SEQ:HASH", as the log of cmcd serve has it. */
static enum cmc_rc verify_known(struct cmcd_run *r, struct cmc_reader *reader, const char *known)
{
    char *end;
    long long seq = strtoll(known, &end, 10);
    long n = 0;
    unsigned char *hash = *end == ':' ? OPENSSL_hexstr2buf(end + 1, &n) : NULL;
    enum cmc_rc rc;

    if (hash == NULL || n != CMC_SHA256_OCTETS || seq < 1)
        rc = cmc_fail(&r->err, CMC_E_USAGE, NULL,
                      "--checkpoint '%.80s': write SEQ:HASH, the number of a record and its hash "
                      "in hex, as the log has them",
                      known);
    else
        rc = check_hash(reader, seq, hash, &r->err);
    OPENSSL_free(hash);
    return rc;
}

static enum cmc_rc verify_checkpoints(struct verifying *v)
{
    const struct cmc_conf *conf = v->db->conf;
    enum cmc_rc rc = CMC_OK;

    for (unsigned int i = 0; i < conf->authority_count && rc == CMC_OK; i++) {
        const struct cmc_conf_authority *a = &conf->authorities[i];
        struct cmc_cert ca = {0};

        rc = cmcd_ca_cert(v->run, a, &v->cas[v->ncas].cert, &ca);
        v->cas[v->ncas++].subject = ca.tbs.subject;
        for (unsigned int k = 0; k < a->previous_count && rc == CMC_OK; k++) {
            rc = cmcd_ca_cert(v->run, &a->previous[k], &v->cas[v->ncas].cert, &ca);
            v->cas[v->ncas++].subject = ca.tbs.subject;
        }
    }
    if (rc == CMC_OK)
        rc = cmc_reader_new(v->db->store, &v->second, &v->run->err);
    if (rc != CMC_OK)
        return rc;
    v->orders = cmcd_order_audit_new(v->run, v->second);
    if (v->orders == NULL) {
        cmc_reader_free(v->second);
        return cmc_fail(&v->run->err, CMC_E_MEM, NULL, "no memory for a walk over the log");
    }
    rc = cmc_reader_audit(v->db->reader, 1, verify_one, v, &v->run->err);
    cmc_reader_free(v->second);
    return rc;
}

static void say_orders(const struct verifying *v, struct cmc_buf *out)
{
    unsigned int orders, recoveries;

    cmcd_order_audit_count(v->orders, &orders, &recoveries);
    if (orders > 0)
        cmc_buf_printf(out, "%u order%s of officers verified\n", orders, orders == 1 ? "" : "s");
    if (recoveries > 0)
        cmc_buf_printf(out, "%u change%s of officers without an order, since no admin could sign\n",
                       recoveries, recoveries == 1 ? "" : "s");
}

static enum cmc_rc verify(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("checkpoint", 0, STRING, "SEQ:HASH", struct values, checkpoint,
                   "this record must be there, with this hash: from the\n"
                   "log, or from wherever checkpoints are kept"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd audit verify",
        "",
        0,
        0,
        "Recompute the hash chain over all records, verify the signed checkpoints and orders in\n"
        "it, and name the first record that does not fit.",
        rows};
    struct cmcd_db db = {0};
    struct verifying checks = {.run = r, .db = &db};
    struct values v = {0};
    struct cmc_buf out;
    int64_t count = 0;
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, FLUSH_OCTETS);
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_reader_audit_verify(db.reader, &count, &r->err);
    if (rc == CMC_OK)
        rc = verify_checkpoints(&checks);
    if (rc == CMC_OK && v.checkpoint != NULL)
        rc = verify_known(r, db.reader, v.checkpoint);
    if (rc == CMC_OK) {
        cmc_buf_printf(&out, "%lld records, the chain is whole; %u checkpoint%s verified%s",
                       (long long)count, checks.checkpoints, checks.checkpoints == 1 ? "" : "s",
                       checks.checkpoints == 0 ? "\n" : "");
        if (checks.checkpoints > 0)
            cmc_buf_printf(&out, ", the last of record %lld\n", (long long)checks.last);
        say_orders(&checks, &out);
        rc = cmcd_print(&out, &r->err);
    }
    cmcd_order_audit_free(checks.orders);
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

/* -- export ------------------------------------------------------------------------------ */

struct export
{
    struct cmc_buf out;
    struct cmc_err *err;
};

/* One line of JSON for each record; what is recorded stands in it unchanged. */
static enum cmc_rc export_one(void *arg, int64_t seq, int64_t at, const char *json,
                              const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct export *e = arg;
    char when[CMCD_TIME_SIZE];
    enum cmc_rc rc = CMC_OK;

    cmc_buf_printf(&e->out, "{\"seq\":%lld,\"at\":%lld,\"time\":\"%s\",\"hash\":\"", (long long)seq,
                   (long long)at, cmcd_time(at, when));
    cmc_buf_hex(&e->out, cmc_slice(hash, CMC_SHA256_OCTETS));
    cmc_buf_printf(&e->out, "\",\"record\":%s}\n", json);
    if (e->out.n >= FLUSH_OCTETS || !cmc_buf_ok(&e->out)) {
        rc = cmcd_print(&e->out, e->err);
        cmc_buf_reset(&e->out);
    }
    return rc;
}

/* The record of the order is the last that the export shows. */
static enum cmc_rc order_export(struct cmcd_run *r, struct cmcd_db *db, const struct values *v)
{
    struct cmc_audit_record record = {0};
    const struct cmc_txn txn = {.at = time(NULL), .audits = &record, .naudits = 1};
    struct cmc_officer_order o;
    struct cmc_buf b;
    bool due;
    enum cmc_rc rc = cmcd_role_held(db->reader, CMC_ROLE_AUDIT, &due, &r->err);

    if (rc != CMC_OK || !due)
        return rc;
    rc = cmcd_order_sign(r, db, &v->order, CMC_ROLE_AUDIT, "audit-export", NULL, txn.at, &o);
    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT("audit-export"));
    cmc_json_int(&b, "from", v->from);
    cmc_json_str(&b, "admin", cmc_slice_str(o.admin));
    cmc_json_str(&b, "order", cmc_slice_str(o.text));
    cmc_json_hex(&b, "adminCertificate", o.certificate);
    cmc_json_hex(&b, "signature", o.signature);
    cmc_json_end(&b);
    record.json = cmc_buf_cstr(&b);
    rc = record.json != NULL ? cmc_store_commit(db->store, &txn, &r->err)
                             : cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for an audit record");
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc export_all(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("from", 0, UINT, "N", struct values, from, "begin with this record (1)"),
        CMCD_ORDER_ROWS(struct values, order),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd audit export",
        "",
        0,
        0,
        "All records as JSON, one a line. Where an officer has the role audit, by order of one.",
        rows};
    struct values v = {.from = 1};
    struct export e = {.err = &r->err};
    struct cmcd_db db = {0};
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&e.out, CMC_LIMIT_FILE_OCTETS);
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = order_export(r, &db, &v);
    if (rc == CMC_OK)
        rc = cmc_reader_audit(db.reader, v.from, export_one, &e, &r->err);
    if (rc == CMC_OK)
        rc = cmcd_print(&e.out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&e.out);
    return rc;
}

enum cmc_rc cmcd_cmd_audit(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"verify", "check that no record was changed or taken out", verify},
        {"export", "print the records as JSON lines", export_all},
    };
    static const struct cmcd_group group = {"cmcd audit", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
