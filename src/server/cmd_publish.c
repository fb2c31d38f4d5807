/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd publish: do what is due now, and say how each target is. Also while cmcd serves. */
#include <stdio.h>
#include <time.h>

#include "server/cmd.h"
#include "server/service.h"
#include "server/target.h"

struct values {
    const char *config, *target;
    bool dry_run, again;
};

struct publishing {
    struct cmcd_run *run;
    struct cmcd_db db;
    struct cmc_service service; /* the certificates of it */
    const struct values *v;
    struct cmc_buf out;
    const char *target; /* that is looked at */
    bool failed;
};

/* "crl 3: number 7 since 2026-01-31T23:59:59Z" */
static enum cmc_rc tell(void *arg, const struct cmc_publish_state *st)
{
    struct publishing *p = arg;
    char when[CMCD_TIME_SIZE];
    const char *since = st->at > 0 ? cmcd_time(st->at, when) : "never";

    cmc_buf_printf(&p->out, "%s\t%s", p->target, cmc_publish_kind_name(st->kind));
    if (st->shard != 0)
        cmc_buf_printf(&p->out, " %u", st->shard);
    switch (st->kind) {
    case CMC_PUBLISH_CRL:
    case CMC_PUBLISH_DELTA:
        if (st->newest == 0)
            cmc_buf_str(&p->out, "\tnone was made yet\n");
        else if (st->due)
            cmc_buf_printf(&p->out, "\tdue: number %llu; has %llu, published %s\n",
                           (unsigned long long)st->newest, (unsigned long long)st->has, since);
        else
            cmc_buf_printf(&p->out, "\tgood: number %llu, published %s\n",
                           (unsigned long long)st->has, since);
        break;
    case CMC_PUBLISH_CERT:
        cmc_buf_printf(&p->out, "\t%s: %llu due, %llu not taken\n",
                       st->due || st->not_taken > 0 ? "due" : "good",
                       (unsigned long long)st->waiting, (unsigned long long)st->not_taken);
        break;
    case CMC_PUBLISH_CA_CERT:
    case CMC_PUBLISH_CHAIN:
    default:
        cmc_buf_printf(&p->out, "\t%s: published %s\n", st->due ? "due" : "good", since);
        break;
    }
    return CMC_OK;
}

static enum cmc_rc work(struct publishing *p, const struct cmc_publish_source *src,
                        struct cmc_target *t)
{
    const struct cmc_target_trouble none = {.target = t->conf->name};
    struct cmc_err *err = &p->run->err;
    size_t done, refused;
    enum cmc_rc rc = cmc_publish(src, &t->base, p->v->again, time(NULL), &done, &refused, err);

    cmc_target_rest(t);
    /* A place in trouble is a finding, and the next one may be well. */
    if (rc != CMC_OK || refused > 0) {
        cmc_buf_printf(&p->out, "%s\tfailed: %s\n", t->conf->name, err->text);
        p->failed = true;
    }
    return rc == CMC_OK ? cmc_store_target_trouble(p->db.store, &none, err) : CMC_OK;
}

static enum cmc_rc one_target(struct publishing *p, const struct cmc_service_authority *a,
                              const struct cmc_conf_target *conf)
{
    const struct cmc_publish_source src = {.crypto = p->run->crypto,
                                           .store = p->db.store,
                                           .reader = p->db.reader,
                                           .ca_cert = a->chain[0],
                                           .chain = a->chain_p7c};
    struct cmc_target t;
    enum cmc_rc rc = cmc_target_init(&t, conf, NULL, &p->run->err);

    p->target = conf->name;
    if (rc == CMC_OK && !p->v->dry_run)
        rc = work(p, &src, &t);
    if (rc == CMC_OK)
        rc = cmc_publish_look(&src, &t.base, tell, p, &p->run->err);
    cmc_target_end(&t);
    return rc;
}

/* The targets of an authority, or of a key that it had before. */
static enum cmc_rc all_targets(struct publishing *p, const struct cmc_service_authority *a,
                               bool *found)
{
    enum cmc_rc rc = CMC_OK;

    for (unsigned int k = 0; rc == CMC_OK && k < a->conf->target_count; k++) {
        if (p->v->target != NULL && strcmp(p->v->target, a->conf->targets[k].name) != 0)
            continue;
        *found = true;
        rc = one_target(p, a, &a->conf->targets[k]);
    }
    return rc;
}

static enum cmc_rc publish(struct publishing *p)
{
    bool found = false;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < p->service.nauthorities; i++) {
        const struct cmc_service_authority *a = &p->service.authorities[i];

        rc = all_targets(p, a, &found);
        for (size_t k = 0; rc == CMC_OK && k < a->nprevious; k++)
            rc = all_targets(p, &a->previous[k], &found);
    }
    if (rc == CMC_OK && !found && p->v->target != NULL)
        return cmc_fail(&p->run->err, CMC_E_NOTFOUND, NULL, "no publication target is called '%s'",
                        p->v->target);
    if (rc == CMC_OK && !found)
        return cmc_fail(&p->run->err, CMC_E_NOTFOUND, NULL,
                        "the configuration names no place to publish to; see cmcd.conf(5), "
                        "publication");
    return rc;
}

enum cmc_rc cmcd_cmd_publish(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION("target", 't', STRING, "NAME", struct values, target, "only this one"),
        CMC_OPTION("dry-run", 'n', FLAG, NULL, struct values, dry_run,
                   "publish nothing, only say how each target is"),
        CMC_OPTION("again", 0, FLAG, NULL, struct values, again,
                   "publish all there is, also what a target has by our notes"),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd publish",
        "",
        0,
        0,
        "Publish now what is due at the targets under 'publication', and print a line for each\n"
        "object: target, object, state. Exit status 1 if something could not be published.",
        rows};
    struct values v = {0};
    struct publishing p = {.run = r, .v = &v};
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&p.out, CMC_LIMIT_FILE_OCTETS);
    rc = cmcd_db_open(&p.db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_service_load(&p.service, p.db.conf, r->crypto, &r->err);
    if (rc == CMC_OK)
        rc = publish(&p);
    if (rc == CMC_OK) {
        /* The lines are the answer; nothing is left for main() to say. */
        r->err = (struct cmc_err){0};
        rc = cmcd_print(&p.out, &r->err);
        if (rc == CMC_OK && p.failed)
            rc = CMC_E_REFUSED;
    }
    cmc_service_close(&p.service);
    cmcd_db_close(&p.db);
    cmc_buf_free(&p.out);
    return rc;
}
