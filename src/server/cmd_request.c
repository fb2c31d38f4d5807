/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcd request list|show|approve|refuse: what waits for approval. A decision is written into the
 * database beside the running server, which issues the certificate when it is asked for next:
 * the CA's key is used by the server alone.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "base/file.h"
#include "message/request.h"
#include "server/cmd.h"

/* Characters of a reason: it goes into a statusString and into the audit log. */
#define REASON_MAX 400u
#define NAME_MAX_  64u
/* Octets of a row of the password file; a longer one leaves the number as the name. */
#define PASSWD_MAX 4096u

struct values {
    const char *config, *as, *reason, *message;
    bool all;
};

static const char *state_name(const struct cmc_held *h)
{
    static const char *const names[] = {[CMC_HELD_WAITING] = "waiting",
                                        [CMC_HELD_APPROVED] = "approved",
                                        [CMC_HELD_REFUSED] = "refused",
                                        [CMC_HELD_ISSUED] = "issued"};

    return names[h->state];
}

/* -- list -------------------------------------------------------------------------------- */

static enum cmc_rc list_one(void *arg, const struct cmc_held *h)
{
    struct cmc_buf *out = arg;
    char when[CMCD_TIME_SIZE];

    cmc_buf_printf(out, "%-6lld  %-8s  %u of %u  %s  %-14s  %-14s  ", (long long)h->id,
                   state_name(h), h->approvals, h->needed, cmcd_time(h->held_at, when), h->profile,
                   h->requester != NULL ? h->requester : "-");
    cmc_name_print(h->subject, out);
    cmc_buf_str(out, "\n");
    return CMC_OK;
}

static enum cmc_rc list(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("all", 'a', FLAG, NULL, struct values, all,
                   "those too that were refused or issued"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd request list",
        "",
        0,
        0,
        "Number, state, approvals, time, profile, requester and subject of each request that\n"
        "waits.",
        rows};
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
        rc = cmc_reader_held_each(db.reader, v.all, list_one, &out, &r->err);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

/* -- one request ------------------------------------------------------------------------- */

static enum cmc_rc parse_id(struct cmcd_run *r, const char *text, int64_t *id)
{
    char *end = NULL;

    *id = strtoll(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || *id == INT64_MAX)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "'%.40s' is no number of a request; see 'cmcd request list'", text);
    return CMC_OK;
}

static enum cmc_rc find(struct cmcd_run *r, struct cmcd_db *db, int64_t id, struct cmc_held *out)
{
    enum cmc_rc rc = cmc_reader_held_id(db->reader, id, r->arena, out, &r->err);

    if (rc == CMC_E_NOTFOUND)
        return cmc_fail(&r->err, rc, NULL, "there is no request %lld", (long long)id);
    return rc;
}

/* -- show -------------------------------------------------------------------------------- */

static enum cmc_rc show_approval(void *arg, const char *by, int64_t at)
{
    char when[CMCD_TIME_SIZE];

    cmc_buf_printf(arg, "approved: %s by %s\n", cmcd_time(at, when), by);
    return CMC_OK;
}

static void print_decision(const struct cmc_held *h, struct cmc_buf *out)
{
    char when[CMCD_TIME_SIZE];

    if (h->state == CMC_HELD_REFUSED)
        cmc_buf_printf(out, "refused: %s by %s\n", cmcd_time(h->decided_at, when),
                       h->decided_by != NULL ? h->decided_by : "?");
    if (h->reason != NULL)
        cmc_buf_printf(out, "reason: %s\n", h->reason);
    if (h->serial.p != NULL) {
        cmc_buf_str(out, "serial: ");
        cmc_buf_hex(out, h->serial);
        cmc_buf_str(out, "\n");
    }
}

static enum cmc_rc print_request(struct cmcd_run *r, struct cmcd_db *db, const struct cmc_held *h,
                                 struct cmc_buf *out)
{
    const struct cmc_item *item = h->simple ? &cmc_it_csr : &cmc_it_tagged_request;
    void *value = cmc_arena_alloc(r->arena, item->size);
    char when[CMCD_TIME_SIZE], poll[CMCD_TIME_SIZE];
    enum cmc_rc rc;

    if (value == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a request");
    cmc_buf_printf(out,
                   "request: %lld\nstate: %s\napprovals: %u of %u\nheld: %s\nask again: %s\n"
                   "endpoint: %s\nprofile: %s\nrequester: %s\nbody part: %u\nsubject: ",
                   (long long)h->id, state_name(h), h->approvals, h->needed,
                   cmcd_time(h->held_at, when), cmcd_time(h->poll_at, poll), h->endpoint,
                   h->profile, h->requester != NULL ? h->requester : "-", h->body_part);
    cmc_name_print(h->subject, out);
    cmc_buf_str(out, "\nkey (SHA-256): ");
    cmc_buf_hex(out, cmc_slice(h->key_digest, sizeof h->key_digest));
    cmc_buf_str(out, "\n");
    rc = cmc_reader_approvals(db->reader, h->id, show_approval, out, &r->err);
    print_decision(h, out);
    if (rc == CMC_OK)
        rc = cmc_decode(item, h->request, r->arena, value, &r->err);
    return rc == CMC_OK ? cmc_item_print(item, value, r->arena, 0, out, &r->err) : rc;
}

static enum cmc_rc show(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("message", 'm', STRING, "FILE", struct values, message,
                   "write the whole message that it came in to FILE"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd request show",
        "NUMBER",
        1,
        1,
        "One request: who sent it, what it asks for, and what was decided.",
        rows};
    struct cmcd_db db = {0};
    struct values v = {0};
    struct cmc_held h = {0};
    struct cmc_buf out;
    char **numbers;
    int64_t id = 0;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &numbers, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = parse_id(r, numbers[0], &id);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = find(r, &db, id, &h);
    if (rc == CMC_OK && v.message != NULL)
        rc = cmc_file_write(v.message, 0600, h.message, &r->err);
    if (rc == CMC_OK)
        rc = print_request(r, &db, &h, &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

/* -- approve, refuse --------------------------------------------------------------------- */

/* Who decides: a name that was given, or the user. */
enum cmc_rc cmcd_decider(struct cmcd_run *r, const char *as, const char **out)
{
    struct passwd row, *pw = NULL;
    char text[PASSWD_MAX];

    if (as == NULL) {
        as = getpwuid_r(getuid(), &row, text, sizeof text, &pw) == 0 && pw != NULL
                 ? cmc_arena_strdup(r->arena, pw->pw_name)
                 : cmc_arena_printf(r->arena, "uid %u", (unsigned int)getuid());
    }
    if (as == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a name");
    if (as[0] == '\0' || strlen(as) > NAME_MAX_)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--as: a name of 1 to %u octets", NAME_MAX_);
    *out = as;
    return CMC_OK;
}

enum cmc_rc cmcd_check_line(struct cmcd_run *r, const char *option, const char *text)
{
    if (text == NULL)
        return CMC_OK;
    if (text[0] == '\0' || strlen(text) > REASON_MAX)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "%s: a text of 1 to %u octets", option,
                        REASON_MAX);
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20)
            return cmc_fail(&r->err, CMC_E_USAGE, NULL, "%s: one line without control characters",
                            option);
    }
    return CMC_OK;
}

static enum cmc_rc report(struct cmcd_run *r, int64_t id, enum cmc_held_state state)
{
    static const char *const texts[] = {
        [CMC_HELD_WAITING] = "approved, and waits for more approvals",
        [CMC_HELD_APPROVED] = "approved: its certificate is issued when it is asked for next",
        [CMC_HELD_REFUSED] = "refused",
        [CMC_HELD_ISSUED] = "issued",
    };
    struct cmc_buf out;
    enum cmc_rc rc;

    cmc_buf_init(&out, CMC_LIMIT_LOG_LINE);
    cmc_buf_printf(&out, "request %lld is %s\n", (long long)id, texts[state]);
    rc = cmcd_print(&out, &r->err);
    cmc_buf_free(&out);
    return rc;
}

static enum cmc_rc decide(struct cmcd_run *r, const struct values *v, const char *number,
                          bool approve)
{
    struct cmc_held_decision d = {.approve = approve, .text = v->reason, .at = time(NULL)};
    enum cmc_held_state state = CMC_HELD_WAITING;
    struct cmcd_db db = {0};
    enum cmc_rc rc = parse_id(r, number, &d.id);

    if (rc == CMC_OK)
        rc = cmcd_decider(r, v->as, &d.by);
    if (rc == CMC_OK)
        rc = cmcd_check_line(r, "--reason", v->reason);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v->config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_store_held_decide(db.store, &d, &state, &r->err);
    cmcd_db_close(&db);
    return rc == CMC_OK ? report(r, d.id, state) : rc;
}

static enum cmc_rc approve(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("as", 0, STRING, "NAME", struct values, as,
                   "in this name (the user's); more than one approval needs\n"
                   "as many names"),
        CMC_OPTION("reason", 'r', STRING, "TEXT", struct values, reason, "for the audit log"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd request approve",
        "NUMBER",
        1,
        1,
        "Approve a request. The server issues the certificate when it is asked for next.",
        rows};
    struct values v = {0};
    char **numbers;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &numbers, &n, &helped, &r->err);

    return rc != CMC_OK || helped ? rc : decide(r, &v, numbers[0], true);
}

static enum cmc_rc refuse(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("reason", 'r', STRING, "TEXT", struct values, reason,
                   "why; the requester is told so"),
        CMC_OPTION("as", 0, STRING, "NAME", struct values, as, "in this name (the user's)"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd request refuse",
        "NUMBER",
        1,
        1,
        "Refuse a request that waits, or that is approved and not yet issued.",
        rows};
    struct values v = {0};
    char **numbers;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &numbers, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    if (v.reason == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "no --reason; the requester is to know why, as --reason 'no such host'");
    return decide(r, &v, numbers[0], false);
}

enum cmc_rc cmcd_cmd_request(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"list", "list the requests that wait", list},
        {"show", "show one request", show},
        {"approve", "approve one", approve},
        {"refuse", "refuse one", refuse},
    };
    static const struct cmcd_group group = {"cmcd request", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
