/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd doctor: does each target of publication have what it should? */
#include <stdio.h>

#include "server/check.h"
#include "server/target.h"

/* The server's thread may be at it. */
#define PATIENCE_SECONDS 60

struct looking {
    struct checking *c;
    const struct cmc_conf_target *target;
    int64_t failing; /* since */
    bool lags;
};

static enum cmc_rc look(void *arg, const struct cmc_publish_state *st)
{
    struct looking *l = arg;
    int64_t since = l->failing != 0 && l->failing < st->since ? l->failing : st->since;
    char shard[24] = "", number[64] = "";

    if (st->not_taken > 0) {
        l->lags = true;
        cmcd_warn(l->c, "publication target %s did not take %llu certificates; see the log",
                  l->target->name, (unsigned long long)st->not_taken);
    }
    if (!st->due || (since != 0 && l->c->now - since < PATIENCE_SECONDS))
        return CMC_OK;
    l->lags = true;
    if (st->shard != 0)
        (void)snprintf(shard, sizeof shard, " %u", st->shard);
    if (st->newest != 0)
        (void)snprintf(number, sizeof number, " number %llu, and has number %llu",
                       (unsigned long long)st->newest, (unsigned long long)st->has);
    if (since == 0) /* a certificate of the CA: nothing says since when */
        cmcd_warn(l->c, "publication target %s lacks the %s; does cmcd serve?", l->target->name,
                  cmc_publish_kind_name(st->kind));
    else
        cmcd_warn(l->c, "publication target %s lags behind by %lld minutes: it lacks %s%s%s",
                  l->target->name, (long long)(l->c->now - since) / 60,
                  cmc_publish_kind_name(st->kind), shard, number);
    return CMC_OK;
}

static void check_target(struct checking *c, const struct cmc_publish_source *src,
                         const struct cmc_conf_target *conf)
{
    struct looking l = {.c = c, .target = conf};
    const struct cmc_publish_target target = {.name = conf->name, .what = conf->what};
    struct cmc_target_trouble trouble;
    char when[CMCD_TIME_SIZE];

    if (!cmcd_ok(c,
                 cmc_reader_target_trouble(src->reader, conf->name, c->run->arena, &trouble,
                                           &c->run->err),
                 conf->name))
        return;
    l.failing = trouble.since;
    if (trouble.since != 0)
        cmcd_warn(c, "publication target %s fails since %s: %s", conf->name,
                  cmcd_time(trouble.since, when), trouble.text);
    if (cmcd_ok(c, cmc_publish_look(src, &target, look, &l, &c->run->err), conf->name) &&
        trouble.since == 0 && !l.lags)
        cmc_buf_printf(&c->out, "good: publication target %s has what it should\n", conf->name);
}

static void check_targets(struct checking *c, const struct cmc_service_authority *a,
                          struct cmc_store *store, struct cmc_reader *reader)
{
    for (unsigned int k = 0; a->nchain > 0 && k < a->conf->target_count; k++)
        check_target(c,
                     &(struct cmc_publish_source){.crypto = c->run->crypto,
                                                  .store = store,
                                                  .reader = reader,
                                                  .ca_cert = a->chain[0],
                                                  .chain = a->chain_p7c},
                     &a->conf->targets[k]);
}

void cmcd_check_targets(struct checking *c, struct cmc_store *store, struct cmc_reader *reader)
{
    for (size_t i = 0; i < c->service.nauthorities; i++) {
        const struct cmc_service_authority *a = &c->service.authorities[i];

        check_targets(c, a, store, reader);
        for (size_t k = 0; k < a->nprevious; k++)
            check_targets(c, &a->previous[k], store, reader);
    }
}
