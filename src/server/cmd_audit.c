/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd audit verify|export: the chain of decisions. */
#include <stdio.h>

#include "server/cmd.h"

struct values {
    const char *config;
    unsigned int from;
};

/* Output is written piece by piece: an audit log may be larger than memory. */
#define FLUSH_OCTETS 65536u

static enum cmc_rc verify(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd audit verify",
        "",
        0,
        0,
        "Recompute the hash chain over all records and name the first that does not fit.",
        rows};
    struct cmcd_db db = {0};
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
    if (rc == CMC_OK) {
        cmc_buf_printf(&out, "%lld records, the chain is whole\n", (long long)count);
        rc = cmcd_print(&out, &r->err);
    }
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

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

static enum cmc_rc export_all(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("from", 0, UINT, "N", struct values, from, "begin with this record (1)"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd audit export", "", 0, 0, "All records as JSON, one a line.", rows};
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
