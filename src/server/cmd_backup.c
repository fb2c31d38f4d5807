/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd backup, cmcd restore: the database as one file, and back. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "server/cmd.h"

struct values {
    const char *config;
};

static const struct cmc_option rows[] = {
    CMCD_OPTION_CONF(struct values, config),
    CMC_OPTION_END,
};

static enum cmc_rc say(struct cmcd_run *r, const char *done, const char *path, const char *more)
{
    struct stat st = {0};
    struct cmc_buf out;
    enum cmc_rc rc;

    cmc_buf_init(&out, CMC_LIMIT_LOG_LINE * 4u);
    (void)stat(path, &st);
    cmc_buf_printf(&out, "%s: %s, %lld octets%s\n", path, done, (long long)st.st_size, more);
    rc = cmcd_print(&out, &r->err);
    cmc_buf_free(&out);
    return rc;
}

/* -- backup ------------------------------------------------------------------------------ */

enum cmc_rc cmcd_cmd_backup(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd backup",
        "FILE",
        1,
        1,
        "Copy the database into a new file, also while cmcd serves. Keys and configuration are\n"
        "files of their own: keep them, and above all secrets.key, elsewhere than the copy.",
        rows};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **files;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &files, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_reader_backup(db.reader, files[0], &r->err);
    if (rc == CMC_OK) {
        rc = cmc_store_check(files[0], &r->err);
        if (rc != CMC_OK) {
            /* A copy that is none would be believed in until it is needed. */
            (void)unlink(files[0]);
        }
    }
    cmcd_db_close(&db);
    return rc == CMC_OK ? say(r, "a whole copy of the database", files[0], "") : rc;
}

/* -- restore ----------------------------------------------------------------------------- */

/* The database that is there, out of the way: "chancery.db.20261121T120000Z". */
static enum cmc_rc set_aside(struct cmcd_run *r, const char *database, char **aside)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32];
    enum cmc_rc rc;

    *aside = NULL;
    if (access(database, F_OK) != 0)
        return CMC_OK;
    rc = cmc_store_unused(database, &r->err);
    if (rc != CMC_OK)
        return rc;
    if (gmtime_r(&now, &tm) == NULL || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm) == 0)
        return cmc_fail(&r->err, CMC_E_LOCAL, NULL, "the clock shows no time");
    *aside = cmc_arena_printf(r->arena, "%s.%s", database, stamp);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *from = cmc_arena_printf(r->arena, "%s%s", database, parts[i]);
        char *to = *aside != NULL ? cmc_arena_printf(r->arena, "%s%s", *aside, parts[i]) : NULL;

        if (from == NULL || to == NULL)
            return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a path");
        if (access(to, F_OK) == 0)
            return cmc_fail(&r->err, CMC_E_CONFLICT, NULL, "%s is there already", to);
        if (rename(from, to) != 0 && (i == 0 || errno != ENOENT))
            return cmc_fail(&r->err, CMC_E_LOCAL, NULL, "%s: %s", from, strerror(errno));
    }
    return CMC_OK;
}

/* Through a store's own copy, which is durable and bounded by no memory. */
static enum cmc_rc copy_back(struct cmcd_run *r, const char *from, const char *database)
{
    struct cmc_store *store = NULL;
    struct cmc_reader *reader = NULL;
    enum cmc_rc rc = cmc_store_open(from, false, &store, &r->err);

    if (rc == CMC_OK)
        rc = cmc_reader_new(store, &reader, &r->err);
    if (rc == CMC_OK)
        rc = cmc_reader_backup(reader, database, &r->err);
    cmc_reader_free(reader);
    cmc_store_close(store);
    return rc;
}

enum cmc_rc cmcd_cmd_restore(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd restore",
        "FILE",
        1,
        1,
        "Put a backup in the place of the database, which is set aside under another name.\n"
        "cmcd must not be running. What was issued or revoked after the backup is not in it:\n"
        "compare the log, and revoke again.",
        rows};
    struct cmc_conf *conf = NULL;
    struct values v = {0};
    char **files, *aside = NULL, *more = NULL;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &files, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    rc = cmc_conf_load(v.config != NULL ? v.config : CMCD_DEFAULT_CONF, &conf, &r->err);
    if (rc == CMC_OK)
        rc = cmc_store_check(files[0], &r->err);
    if (rc == CMC_OK)
        rc = set_aside(r, conf->database, &aside);
    if (rc == CMC_OK) {
        rc = copy_back(r, files[0], conf->database);
        if (rc != CMC_OK && aside != NULL)
            (void)rename(aside, conf->database);
    }
    if (rc == CMC_OK) {
        more = aside != NULL ? cmc_arena_printf(r->arena, "; the one before is %s", aside)
                             : cmc_arena_strdup(r->arena, "");
        rc = say(r, "restored", conf->database, more != NULL ? more : "");
    }
    cmc_conf_free(conf);
    return rc;
}
