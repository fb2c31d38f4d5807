/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/http.h"

struct place {
    char *address;
    uint16_t wanted, port; /* as configured, and as bound */
    int fds[CMC_LIMIT_WORKERS];
    unsigned int n;
};

struct cmc_sockets {
    struct place places[CMC_LIMIT_CONF_LISTENERS];
    unsigned int n;
};

/* The one of `before` that listens where this listener wants to. Port 0 is as good as any, once. */
static const struct place *find(const struct cmc_sockets *before, const bool *taken,
                                const struct cmc_conf_listener *l, unsigned int *which)
{
    for (unsigned int i = 0; before != NULL && i < before->n; i++) {
        if (!taken[i] && before->places[i].wanted == l->port &&
            strcmp(before->places[i].address, l->address) == 0) {
            *which = i;
            return &before->places[i];
        }
    }
    return NULL;
}

/* All of them, also where there are fewer workers now: connections may wait on each. */
static enum cmc_rc take_on(struct place *p, const struct place *from, struct cmc_err *err)
{
    p->port = from->port;
    while (p->n < from->n) {
        int fd = fcntl(from->fds[p->n], F_DUPFD_CLOEXEC, 0);

        if (fd < 0)
            return cmc_fail(err, CMC_E_LOCAL, NULL, "a listening socket cannot be taken on: %s",
                            strerror(errno));
        p->fds[p->n++] = fd;
    }
    return CMC_OK;
}

static enum cmc_rc fill(struct place *p, const struct cmc_conf_listener *l,
                        const struct place *from, unsigned int workers, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    p->wanted = p->port = l->port;
    p->address = strdup(l->address);
    if (p->address == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a listening socket");
    rc = from != NULL ? take_on(p, from, err) : cmc_http_port_check(l->address, l->port, err);
    while (p->n < workers && rc == CMC_OK) {
        rc = cmc_http_bind(l->address, p->port, &p->fds[p->n], &p->port, err);
        p->n += rc == CMC_OK;
    }
    return rc;
}

enum cmc_rc cmc_sockets_new(const struct cmc_conf *conf, const struct cmc_sockets *before,
                            struct cmc_sockets **out, struct cmc_err *err)
{
    struct cmc_sockets *s = calloc(1, sizeof *s);
    bool taken[CMC_LIMIT_CONF_LISTENERS] = {false};
    enum cmc_rc rc = CMC_OK;

    if (s == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for listening sockets");
    for (unsigned int i = 0; i < conf->listener_count && rc == CMC_OK; i++) {
        const struct cmc_conf_listener *l = &conf->listeners[i];
        unsigned int which = 0;
        const struct place *from = find(before, taken, l, &which);

        if (from != NULL)
            taken[which] = true;
        s->n++;
        rc = fill(&s->places[i], l, from, conf->workers, err);
    }
    if (rc == CMC_OK)
        *out = s;
    else
        cmc_sockets_free(s);
    return rc;
}

void cmc_sockets_free(struct cmc_sockets *s)
{
    if (s == NULL)
        return;
    for (unsigned int i = 0; i < s->n; i++) {
        for (unsigned int k = 0; k < s->places[i].n; k++)
            (void)close(s->places[i].fds[k]);
        free(s->places[i].address);
    }
    free(s);
}

int cmc_sockets_fd(const struct cmc_sockets *s, unsigned int listener, unsigned int k)
{
    return k < s->places[listener].n ? s->places[listener].fds[k] : -1;
}

uint16_t cmc_sockets_port(const struct cmc_sockets *s, unsigned int listener)
{
    return s->places[listener].port;
}
