/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcd cert list|search: certificates among millions. What is asked for by more than its place in
 * the order of issuance is found in an index beside the database, which is brought up to date
 * first.
 */
#include <stdio.h>
#include <time.h>

#include "asn1/codec.h"
#include "server/cmd.h"
#include "store/search.h"

#define DEFAULT_LIMIT 100u
#define MAX_LIMIT     100000u
#define MAX_DAYS      36525u
/* Bringing it up to date takes a second for about so many. */
#define SAY_FROM 100000

struct values {
    const char *config, *subject, *serial, *requester, *profile, *state;
    unsigned int limit, offset, expires;
};

static const struct {
    const char *name;
    enum cmc_cert_state state;
} states[] = {{"valid", CMC_CERT_VALID}, {"revoked", CMC_CERT_REVOKED}, {"held", CMC_CERT_HELD}};
#define STATE_COUNT (sizeof states / sizeof states[0])

const char *cmcd_cert_state(enum cmc_cert_state state)
{
    for (size_t i = 0; i < STATE_COUNT; i++) {
        if (states[i].state == state)
            return states[i].name;
    }
    return "?";
}

static enum cmc_rc parse_state(struct cmcd_run *r, const char *text, int *out)
{
    for (size_t i = 0; i < STATE_COUNT; i++) {
        if (strcmp(states[i].name, text) == 0) {
            *out = states[i].state;
            return CMC_OK;
        }
    }
    return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--state %.40s: valid, revoked or held", text);
}

static enum cmc_rc print_one(void *arg, const struct cmc_cert_record *c)
{
    struct cmc_buf *out = arg;
    char when[CMCD_TIME_SIZE];

    cmc_buf_hex(out, c->serial);
    cmc_buf_printf(out, "  %-7s  until %s  %-14s  %-14s  ", cmcd_cert_state(c->state),
                   cmcd_time(c->not_after, when), c->profile != NULL ? c->profile : "-",
                   c->requester != NULL ? c->requester : "-");
    cmc_name_print(c->subject, out);
    cmc_buf_str(out, "\n");
    return CMC_OK;
}

static enum cmc_rc make_query(struct cmcd_run *r, const struct values *v, struct cmc_search *q)
{
    enum cmc_rc rc = CMC_OK;

    *q = (struct cmc_search){.subject = v->subject,
                             .requester = v->requester,
                             .profile = v->profile,
                             .state = CMC_SEARCH_ANY_STATE,
                             .offset = v->offset,
                             .limit = v->limit};
    if (v->limit < 1 || v->limit > MAX_LIMIT)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--limit %u: 1 to %u are allowed", v->limit,
                        MAX_LIMIT);
    if (v->expires > MAX_DAYS)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--expires %u: 1 to %u days are allowed",
                        v->expires, MAX_DAYS);
    if (v->subject != NULL && v->subject[0] == '\0')
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "an empty text is in every subject");
    if (v->expires > 0) {
        q->ends_from = time(NULL);
        q->ends_before = q->ends_from + (int64_t)v->expires * 86400;
    }
    if (v->state != NULL)
        rc = parse_state(r, v->state, &q->state);
    if (rc == CMC_OK && v->serial != NULL)
        rc = cmcd_parse_serial(r, v->serial, &q->serial);
    return rc;
}

static bool is_plain(const struct cmc_search *q)
{
    return q->subject == NULL && q->serial.p == NULL && q->requester == NULL &&
           q->profile == NULL && q->state == CMC_SEARCH_ANY_STATE && q->ends_before == 0;
}

static enum cmc_rc catch_up(struct cmcd_run *r, struct cmc_search_index *ix)
{
    int64_t behind = 0;
    bool more = true;
    enum cmc_rc rc = cmc_search_behind(ix, &behind, &r->err);

    if (rc == CMC_OK && behind >= SAY_FROM)
        (void)fprintf(stderr, "cmcd cert: %lld new certificates go into the search index first\n",
                      (long long)behind);
    while (rc == CMC_OK && behind > 0 && more)
        rc = cmc_search_fill(ix, &more, &r->err);
    return rc;
}

static enum cmc_rc look(struct cmcd_run *r, struct cmcd_db *db, const struct cmc_search *q,
                        struct cmc_buf *out)
{
    struct cmc_search_index *ix = NULL;
    enum cmc_rc rc;

    if (is_plain(q))
        return cmc_reader_certs(db->reader, NULL, q->offset, q->limit, print_one, out, &r->err);
    rc = cmc_search_open(db->store, &ix, &r->err);
    if (rc == CMC_OK)
        rc = catch_up(r, ix);
    if (rc == CMC_OK)
        rc = cmc_search_run(ix, q, print_one, out, &r->err);
    cmc_search_close(ix);
    return rc;
}

enum cmc_rc cmcd_cert_search(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("subject", 's', STRING, "TEXT", struct values, subject,
                   "only those with this in their subject"),
        CMC_OPTION("serial", 0, STRING, "SERIAL", struct values, serial,
                   "with this serial number in hex"),
        CMC_OPTION("requester", 0, STRING, "NAME", struct values, requester,
                   "that this officer asked for"),
        CMC_OPTION("profile", 0, STRING, "NAME", struct values, profile, "of this profile"),
        CMC_OPTION("state", 0, STRING, "STATE", struct values, state, "valid, revoked or held"),
        CMC_OPTION("expires", 0, UINT, "DAYS", struct values, expires,
                   "that end within so many days from now"),
        CMC_OPTION("limit", 'n', UINT, "N", struct values, limit, "at most so many (100)"),
        CMC_OPTION("offset", 0, UINT, "N", struct values, offset, "after so many before them"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd cert list",
        "[TEXT]",
        0,
        1,
        "Serial number, state, end of validity, profile, requester and subject, newest first;\n"
        "those that end next first, with --expires. TEXT is the same as --subject TEXT.",
        rows};
    struct values v = {.limit = DEFAULT_LIMIT};
    struct cmcd_db db = {0};
    struct cmc_search q;
    struct cmc_buf out;
    char **texts;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &texts, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    if (n > 0)
        v.subject = texts[0];
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = make_query(r, &v, &q);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = look(r, &db, &q, &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}
