/* SPDX-License-Identifier: Apache-2.0 */
#include "server/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/nearest.h"
#include "base/shard.h"

/* -- commands and their commands --------------------------------------------------------- */

static enum cmc_rc list_commands(const struct cmcd_group *g, FILE *to, struct cmc_err *err)
{
    (void)fprintf(to, "usage: %s COMMAND [options] [arguments]\n\nCommands:\n", g->name);
    for (size_t i = 0; i < g->n; i++)
        (void)fprintf(to, "  %-14s%s\n", g->rows[i].name, g->rows[i].summary);
    (void)fprintf(to, "\n'%s COMMAND --help' lists the options of a command.\n", g->name);
    if (fflush(to) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "standard output: %s", strerror(errno));
    return CMC_OK;
}

enum cmc_rc cmcd_dispatch(const struct cmcd_group *g, struct cmcd_run *r, int argc, char **argv)
{
    struct cmc_nearest near = {0};

    if (argc < 2) {
        (void)list_commands(g, stderr, NULL);
        return CMC_E_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return list_commands(g, stdout, &r->err);
    for (size_t i = 0; i < g->n; i++) {
        if (strcmp(argv[1], g->rows[i].name) == 0) {
            if (r->command[0] == '\0')
                r->command = g->rows[i].name;
            return g->rows[i].run(r, argc - 1, argv + 1);
        }
        cmc_nearest_offer(&near, argv[1], g->rows[i].name);
    }
    if (near.word != NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "unknown command '%s'; did you mean '%s'?",
                        argv[1], near.word);
    return cmc_fail(&r->err, CMC_E_USAGE, NULL, "unknown command '%s'; see '%s --help'", argv[1],
                    g->name);
}

/* -- helpers ----------------------------------------------------------------------------- */

const char *cmcd_time(int64_t t, char buf[CMCD_TIME_SIZE])
{
    time_t when = (time_t)t;
    struct tm tm;

    if (gmtime_r(&when, &tm) == NULL ||
        strftime(buf, CMCD_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(buf, CMCD_TIME_SIZE, "%lld", (long long)t);
    return buf;
}

enum cmc_rc cmcd_print(struct cmc_buf *b, struct cmc_err *err)
{
    if (!cmc_buf_ok(b))
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the output");
    if (b->n > 0 && fwrite(b->p, 1, b->n, stdout) != b->n)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "standard output: %s", strerror(errno));
    if (fflush(stdout) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "standard output: %s", strerror(errno));
    return CMC_OK;
}

enum cmc_rc cmcd_db_open(struct cmcd_db *db, const char *conf_path, struct cmc_err *err)
{
    enum cmc_rc rc =
        cmc_conf_load(conf_path != NULL ? conf_path : CMCD_DEFAULT_CONF, &db->conf, err);

    if (rc == CMC_OK)
        rc = cmc_store_open(db->conf->database, false, &db->store, err);
    if (rc == CMC_OK)
        rc = cmc_reader_new(db->store, &db->reader, err);
    return rc;
}

void cmcd_db_close(struct cmcd_db *db)
{
    cmc_reader_free(db->reader);
    cmc_store_close(db->store);
    cmc_conf_free(db->conf);
    *db = (struct cmcd_db){0};
}

const char *cmcd_crl_url(struct cmcd_run *r, const struct cmc_conf_authority *a)
{
    return a->crl_url != NULL ? cmc_shard_expand(a->crl_url, 1, r->arena) : NULL;
}
