/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcd doctor: what an operator wants to know at three in the morning. All that check-config
 * looks at, and the state of what is in use: the database, the audit chain, the CRL, officers,
 * the clock, permissions, room on the disk.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "base/shard.h"
#include "cms/signed_data.h"
#include "server/check.h"
#include "store/crl_file.h"

/* A log that does not shrink tells of a reader that never ends. */
#define WAL_OCTETS (256ll * 1024 * 1024)
/* Less room than this stops the store soon. */
#define ROOM_OCTETS (1024ll * 1024 * 1024)
/* Clocks of one machine may differ by so much from one second to the next. */
#define CLOCK_SECONDS 5

/* "web: CRL of shard 17" */
#define TITLE_SIZE 128

struct values {
    const char *config;
};

static void CMC_PRINTF(2, 3) good(struct checking *c, const char *fmt, ...)
{
    char text[CMC_LIMIT_ERROR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cmc_buf_printf(&c->out, "good: %s\n", text);
}

static void CMC_PRINTF(2, 3) bad(struct checking *c, const char *fmt, ...)
{
    char text[CMC_LIMIT_ERROR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    (void)cmcd_ok(c, cmc_fail(&c->run->err, CMC_E_REFUSED, NULL, "%s", text), NULL);
}

/* -- files ------------------------------------------------------------------------------- */

/* A secret in a file: nobody else's to read. URIs of tokens are no files. */
static void check_secret_file(struct checking *c, const char *path, const char *what)
{
    const char *file = path != NULL && strncmp(path, "file:", 5) == 0 ? path + 5 : path;
    struct stat st;

    if (file == NULL || strncmp(file, "pkcs11:", 7) == 0 || strncmp(file, "nss:", 4) == 0 ||
        strncmp(file, "credential:", 11) == 0)
        return;
    if (stat(file, &st) != 0)
        bad(c, "%s %s: %s", what, file, strerror(errno));
    else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        bad(c, "%s %s: mode %04o lets others at it; chmod 600 it", what, file,
            (unsigned int)(st.st_mode & 07777));
    else if (st.st_uid != geteuid() && geteuid() != 0)
        cmcd_warn(c, "%s %s: belongs to user %u, not to the one that runs this", what, file,
                  (unsigned int)st.st_uid);
}

/* A key; one in a token is as secret as the file with the token's password. */
static void check_key(struct checking *c, const char *uri, const char *what)
{
    const char *pin = NULL;
    char text[80];

    check_secret_file(c, uri, what);
    /* What is wrong with the URI is said where the key is loaded. */
    if (uri == NULL || cmc_uri_pin_file(uri, c->run->arena, &pin, NULL) != CMC_OK)
        return;
    (void)snprintf(text, sizeof text, "password of the token of the %s", what);
    check_secret_file(c, pin, text);
}

static void check_pair(struct checking *c, const struct cmc_conf_pair *pair, const char *what)
{
    char text[80];

    check_key(c, pair->key, what);
    (void)snprintf(text, sizeof text, "passphrase of the %s", what);
    check_secret_file(c, pair->passphrase_file, text);
}

static void check_target_files(struct checking *c, const struct cmc_conf_authority *a)
{
    for (unsigned int i = 0; i < a->target_count; i++)
        check_secret_file(c, a->targets[i].ldap.password_file, "password of a publication target");
}

static void check_authority_files(struct checking *c, const struct cmc_conf_authority *a)
{
    const struct {
        const struct cmc_conf_pair *pair;
        const char *what;
    } rows[] = {
        {&a->ca, "CA key"},
        {&a->responder, "responder key"},
        {&a->ocsp.signer, "OCSP key"},
        {&a->dh_pop, "Diffie-Hellman key"},
        {&a->encryption, "encryption key"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_pair(c, rows[i].pair, rows[i].what);
    check_target_files(c, a);
    for (unsigned int i = 0; i < a->previous_count; i++) {
        check_pair(c, &a->previous[i].ca, "previous CA key");
        check_pair(c, &a->previous[i].ocsp.signer, "previous OCSP key");
        check_target_files(c, &a->previous[i]);
    }
}

static void check_files(struct checking *c)
{
    const struct cmc_conf *conf = c->conf;
    const unsigned int before = c->errors;

    for (unsigned int i = 0; i < conf->authority_count; i++)
        check_authority_files(c, &conf->authorities[i]);
    check_secret_file(c, conf->secrets_key, "key of the shared secrets");
    check_secret_file(c, conf->database, "database");
    for (unsigned int i = 0; i < conf->listener_count; i++) {
        if (conf->listeners[i].tls != NULL)
            check_key(c, conf->listeners[i].tls->key, "TLS key");
    }
    if (c->errors == before)
        good(c, "keys and database are readable by their owner alone");
}

static void check_room(struct checking *c)
{
    struct statvfs fs;
    long long room;

    if (statvfs(c->conf->database, &fs) != 0)
        return; /* that the database is missing is said elsewhere */
    room = (long long)fs.f_bavail * (long long)fs.f_frsize;
    if (room < ROOM_OCTETS)
        cmcd_warn(c, "%lld MiB are left on the disk of %s; when it is full, nothing is issued",
                  room / 1048576, c->conf->database);
    else
        good(c, "%lld MiB are left on the disk of the database", room / 1048576);
}

static void check_log_size(struct checking *c)
{
    char *path = cmc_arena_printf(c->run->arena, "%s-wal", c->conf->database);
    struct stat st;

    if (path != NULL && stat(path, &st) == 0 && st.st_size > WAL_OCTETS)
        cmcd_warn(c, "%s has %lld MiB: something has read the database for very long", path,
                  (long long)st.st_size / 1048576);
}

/* -- the database ------------------------------------------------------------------------ */

struct last {
    int64_t seq, at;
};

static enum cmc_rc note_last(void *arg, int64_t seq, int64_t at, const char *json,
                             const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct last *last = arg;

    (void)json;
    (void)hash;
    last->seq = seq;
    last->at = at;
    return CMC_OK;
}

static void check_audit(struct checking *c, struct cmc_reader *reader)
{
    struct last last = {0};
    int64_t count = 0;
    char when[CMCD_TIME_SIZE];

    if (!cmcd_ok(c, cmc_reader_audit_verify(reader, &count, &c->run->err), "audit"))
        return;
    good(c, "the chain of %lld audit records is whole", (long long)count);
    if (!cmcd_ok(c, cmc_reader_audit(reader, count, note_last, &last, &c->run->err), "audit"))
        return;
    if (last.at > c->now + CLOCK_SECONDS)
        bad(c,
            "the clock is behind: the last audit record is of %s; set the clock before "
            "anything is issued",
            cmcd_time(last.at, when));
    else
        good(c, "the clock goes forward since the last audit record");
}

/* One that is a file: is it there? */
static void check_crl_file(struct checking *c, const struct cmc_store *store,
                           const struct cmc_crl_id *id, const struct cmc_crl_record *crl)
{
    struct cmc_err err = {0};
    int fd;

    if (crl->octets == 0)
        return;
    if (cmc_crl_file_open(store, id, crl, &fd, &err) != CMC_OK)
        cmcd_warn(c, "%s; the next request for the CRL makes another", err.text);
    else
        (void)close(fd);
}

/* One of an authority's CRLs: is it there, and in force? */
static void check_one_crl(struct checking *c, const char *whose, const char *url,
                          const struct cmc_crl_id *id, const struct cmc_store *store,
                          struct cmc_reader *reader)
{
    struct cmc_crl_record crl = {0};
    char when[CMCD_TIME_SIZE];
    enum cmc_rc rc = cmc_reader_crl(reader, id, c->run->arena, &crl, &c->run->err);

    if (rc == CMC_E_NOTFOUND)
        good(c, "%s: none was made yet; cmcd serve makes it", whose);
    else if (!cmcd_ok(c, rc, whose))
        return;
    else if (crl.next_update <= c->now)
        cmcd_warn(c,
                  "%s: the last one, number %llu, ended at %s and another has not been made; does "
                  "cmcd serve, and is %s reachable?",
                  whose, (unsigned long long)crl.number, cmcd_time(crl.next_update, when),
                  url != NULL ? url : "the server");
    else
        good(c, "%s number %llu is good until %s", whose, (unsigned long long)crl.number,
             cmcd_time(crl.next_update, when));
    check_crl_file(c, store, id, &crl);
}

struct crl_parts {
    struct checking *c;
    struct cmc_slice key;
    bool others; /* another key of the CA has some */
    struct cmc_crl_part own[CMC_CRL_PARTS_MAX];
    size_t n;
};

static enum cmc_rc note_own(void *arg, const struct cmc_crl_part *p)
{
    struct crl_parts *parts = arg;

    if (p->key.p != NULL && !cmc_slice_eq(p->key, parts->key))
        parts->others = true;
    else if (parts->n < CMC_CRL_PARTS_MAX)
        parts->own[parts->n++] = (struct cmc_crl_part){.part = p->part, .shard = p->shard};
    return CMC_OK;
}

/* Those that the configuration has: the complete one, or shards; and the deltas to them. */
static void check_parts(struct checking *c, const struct cmc_service_authority *a,
                        const char *whose, const struct crl_parts *parts,
                        const struct cmc_crl_served *served, const struct cmc_store *store,
                        struct cmc_reader *reader)
{
    char title[TITLE_SIZE];

    for (size_t i = 0; i < parts->n; i++) {
        const struct cmc_crl_part *p = &parts->own[i];
        struct cmc_crl_id id = {.issuer = served->issuer, .part = p->part};

        if (p->shard == 0 ? served->sharded && !served->complete : !served->sharded)
            continue;
        (void)snprintf(title, sizeof title, p->shard > 0 ? "%s of shard %u" : "%s", whose,
                       p->shard);
        check_one_crl(c, title, a->conf->crl_url, &id, store, reader);
        id.delta = a->conf->crl_delta_minutes > 0 && served->sharded == (p->shard > 0);
        if (!id.delta)
            continue;
        (void)snprintf(title, sizeof title, p->shard > 0 ? "delta %s of shard %u" : "delta %s",
                       whose, p->shard);
        check_one_crl(c, title, a->conf->crl_delta_url, &id, store, reader);
    }
}

/* Of the key that it has now, or had before: `of` is one of a->previous, or a itself. */
static void check_crl(struct checking *c, const struct cmc_service_authority *a,
                      const struct cmc_service_authority *of, const struct cmc_store *store,
                      struct cmc_reader *reader)
{
    struct cmc_crl_served served = {.sharded = cmc_shard_is_template(of->conf->crl_url),
                                    .complete = of->conf->crl_complete_path != NULL};
    struct crl_parts parts = {.c = c};
    char whose[TITLE_SIZE / 2];
    struct cmc_cert ca = {0};
    uint64_t n = 0;

    if (of->nchain == 0 ||
        cmc_decode(&cmc_it_cert, of->chain[0], c->run->arena, &ca, &c->run->err) != CMC_OK)
        return;
    served.issuer = ca.tbs.subject;
    served.key = cmc_crl_key(cmc_cert_ski(&ca, c->run->arena));
    parts.key = served.key;
    if (!cmcd_ok(c, cmc_reader_crl_parts(reader, served.issuer, note_own, &parts, &c->run->err),
                 "CRL"))
        return;
    cmcd_whose(c, a, of == a ? "CRL" : "CRL of a previous key", whose, sizeof whose);
    if (parts.n == 0 && parts.others) /* part 0 is another key's, and so is its CRL */
        good(c, "%s: none was made yet; cmcd serve makes it", whose);
    else if (parts.n == 0) /* serve makes it */
        parts.own[parts.n++] = (struct cmc_crl_part){0};
    check_parts(c, of, whose, &parts, &served, store, reader);
    if (!cmcd_ok(c, cmc_crl_check_parts(&served, reader, c->now, &c->run->err), NULL) ||
        !cmcd_ok(c,
                 cmc_reader_revoked_count(reader, served.issuer, CMC_CRL_PART_ANY, c->now, &n,
                                          &c->run->err),
                 "CRL") ||
        of != a) /* all keys' are counted together */
        return;
    good(c, "%llu revoked certificate%s in a CRL each", (unsigned long long)n,
         n == 1 ? " stands" : "s stand");
}

struct people {
    struct checking *c;
    unsigned int n;
};

static enum cmc_rc check_officer(void *arg, const struct cmc_officer *o)
{
    struct people *p = arg;
    struct cmc_cert cert = {0};
    char *whose = cmc_arena_printf(p->c->run->arena, "officer %s", o->name);

    p->n++;
    if (whose != NULL)
        (void)cmcd_check_validity(p->c, cmc_arena_slice(p->c->run->arena, o->cert), whose, &cert);
    return CMC_OK;
}

struct secrets {
    unsigned int n, locked, expired;
    int64_t now;
};

static enum cmc_rc count_secret(void *arg, const struct cmc_secret *s)
{
    struct secrets *all = arg;

    all->n++;
    all->locked += s->locked;
    all->expired += s->expires_at != 0 && s->expires_at < all->now;
    return CMC_OK;
}

static void check_people(struct checking *c, struct cmc_reader *reader)
{
    struct people people = {.c = c};
    struct secrets secrets = {.now = c->now};

    if (cmcd_ok(c, cmc_reader_officers(reader, check_officer, &people, &c->run->err), "officers"))
        good(c, "%u officer%s registered", people.n, people.n == 1 ? " is" : "s are");
    if (!cmcd_ok(c, cmc_reader_secrets(reader, count_secret, &secrets, &c->run->err), "secrets"))
        return;
    if (secrets.locked > 0)
        cmcd_warn(c,
                  "%u of %u shared secrets are locked after wrong guesses; see 'cmcd secret "
                  "list' and 'cmcd audit export'",
                  secrets.locked, secrets.n);
}

static void check_database(struct checking *c)
{
    struct cmc_store *store = NULL;
    struct cmc_reader *reader = NULL;
    struct cmc_err *err = &c->run->err;

    if (cmcd_ok(c, cmc_store_check(c->conf->database, err), NULL))
        good(c, "the database is whole");
    if (cmc_store_open(c->conf->database, false, &store, err) == CMC_OK &&
        cmcd_ok(c, cmc_reader_new(store, &reader, err), NULL)) {
        check_audit(c, reader);
        for (size_t i = 0; i < c->service.nauthorities; i++) {
            const struct cmc_service_authority *a = &c->service.authorities[i];

            check_crl(c, a, a, store, reader);
            for (size_t k = 0; k < a->nprevious; k++)
                check_crl(c, a, &a->previous[k], store, reader);
        }
        check_people(c, reader);
        cmcd_check_targets(c, store, reader);
    }
    cmc_reader_free(reader);
    cmc_store_close(store);
    check_log_size(c);
    check_room(c);
}

static void check_tokens(struct checking *c)
{
    for (size_t i = 0; i < c->ntokens; i++)
        good(c, "token '%s' is there and takes its password", c->tokens[i].label);
}

/* -- the whole --------------------------------------------------------------------------- */

enum cmc_rc cmcd_cmd_doctor(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd doctor",
        "[FILE]",
        0,
        1,
        "All that check-config looks at, and the state of the database, the audit chain, the\n"
        "CRL, officers, clock, permissions and disk. Also while cmcd serves. One line for each\n"
        "finding; exit status 1 with an error.",
        rows};
    struct checking c = {.run = r, .now = time(NULL)};
    struct values v = {0};
    const char *path = CMCD_DEFAULT_CONF;
    char **files;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &files, &n, &helped, &r->err);

    if (rc == CMC_OK && !helped)
        rc = cmcd_check_path(r, v.config, files, n, &path);
    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&c.out, CMC_LIMIT_FILE_OCTETS);
    cmcd_check_all(&c, path);
    if (c.conf != NULL) {
        check_tokens(&c);
        check_files(&c);
        check_database(&c);
    }
    cmc_buf_printf(&c.out, "%s: %u error%s, %u warning%s\n", path, c.errors,
                   c.errors == 1 ? "" : "s", c.warnings, c.warnings == 1 ? "" : "s");
    /* The findings are the answer; nothing is left for main() to say. */
    r->err = (struct cmc_err){0};
    rc = cmcd_print(&c.out, &r->err);
    if (rc == CMC_OK && c.errors > 0)
        rc = CMC_E_REFUSED;
    cmcd_check_end(&c);
    return rc;
}
