/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd anchors publish|list: the trust anchors that clients are told (RFC 10002 section 6.15). */
#include <stdio.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "key/key.h"
#include "server/cmd.h"

struct values {
    const char *config;
};

static const struct cmc_option conf_rows[] = {
    CMCD_OPTION_CONF(struct values, config),
    CMC_OPTION_END,
};

/* "seqNumber 3 at 2026-..", then a line for each certificate. */
static enum cmc_rc describe(struct cmcd_run *r, const struct cmc_anchor_set *set,
                            struct cmc_buf *out)
{
    char when[CMCD_TIME_SIZE];
    enum cmc_rc rc = CMC_OK;

    cmc_buf_printf(out, "seqNumber %llu, published %s\n", (unsigned long long)set->sequence,
                   cmcd_time(set->at, when));
    for (size_t i = 0; rc == CMC_OK && i < set->ncerts; i++) {
        struct cmc_cert cert = {0};
        uint8_t digest[CMC_DIGEST_MAX];
        size_t n = 0;

        rc = cmc_digest(r->crypto, CMC_DIGEST_SHA256, set->certs[i], digest, &n, &r->err);
        if (rc == CMC_OK)
            rc = cmc_decode(&cmc_it_cert, set->certs[i], r->arena, &cert, &r->err);
        if (rc != CMC_OK)
            return rc;
        cmc_buf_hex(out, cmc_slice(digest, n));
        cmc_buf_str(out, "  ");
        cmc_name_print(cert.tbs.subject, out);
        cmc_buf_str(out, "\n");
    }
    return rc;
}

static bool expired(const struct cmc_cert *cert, int64_t now)
{
    struct cmc_slice tlv = cert->tbs.validity.not_after;
    int64_t end;

    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), &end) &&
           end < now;
}

/* Every certificate of every file, none twice. */
static enum cmc_rc collect(struct cmcd_run *r, char **files, size_t n, struct cmc_anchor_set *set)
{
    const struct cmc_passphrase none = {0};
    struct cmc_slice *all = cmc_arena_array(r->arena, CMC_LIMIT_ANCHORS, sizeof *all);
    enum cmc_rc rc = CMC_OK;

    if (all == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for trust anchors");
    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        struct cmc_slice *certs = NULL;
        size_t ncerts = 0;

        rc = cmc_certs_load(r->crypto, files[i], &none, r->arena, &certs, &ncerts, &r->err);
        for (size_t k = 0; rc == CMC_OK && k < ncerts; k++) {
            struct cmc_cert cert = {0};
            bool there = false;

            for (size_t m = 0; m < set->ncerts; m++)
                there |= cmc_slice_eq(all[m], certs[k]);
            rc = cmc_decode(&cmc_it_cert, certs[k], r->arena, &cert, &r->err);
            if (rc != CMC_OK || there)
                continue;
            if (expired(&cert, set->at))
                return cmc_fail(&r->err, CMC_E_REFUSED, NULL,
                                "%s: the certificate has expired; nobody could use it", files[i]);
            if (set->ncerts == CMC_LIMIT_ANCHORS)
                return cmc_fail(&r->err, CMC_E_LIMIT, NULL,
                                "more than %u certificates (CMC_LIMIT_ANCHORS)", CMC_LIMIT_ANCHORS);
            all[set->ncerts++] = certs[k];
        }
    }
    set->certs = all;
    return rc;
}

static enum cmc_rc publish(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd anchors publish",
        "CERT...",
        1,
        CMC_LIMIT_ANCHORS,
        "Make these certificates the whole set of trust anchors that clients are told, under the\n"
        "next sequence number. It works at once, at endpoints with publish-anchors: true.",
        conf_rows};
    struct cmc_anchor_set set = {.at = time(NULL)};
    struct cmcd_db db = {0};
    struct values v = {0};
    struct cmc_buf out;
    char **files;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &files, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = collect(r, files, n, &set);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_store_anchors_put(db.store, &set, &r->err);
    if (rc == CMC_OK)
        rc = describe(r, &set, &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

static enum cmc_rc list(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd anchors list",
        "",
        0,
        0,
        "The sequence number, then SHA-256 and subject of each published trust anchor.",
        conf_rows};
    struct cmc_anchor_set set;
    struct cmcd_db db = {0};
    struct values v = {0};
    struct cmc_buf out;
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_reader_anchors(db.reader, r->arena, &set, &r->err);
    if (rc == CMC_OK)
        rc = describe(r, &set, &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

enum cmc_rc cmcd_cmd_anchors(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"publish", "make certificates the set that clients are told", publish},
        {"list", "what is published now", list},
    };
    static const struct cmcd_group group = {"cmcd anchors", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
