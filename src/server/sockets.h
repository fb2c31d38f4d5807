/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that listen: one for each worker and address. They are the process's, and workers
 * have descriptors of their own, so that workers come and go and no connection that waits to be
 * accepted is lost.
 */
#ifndef CMC_SERVER_SOCKETS_H
#define CMC_SERVER_SOCKETS_H

#include "server/conf.h"

struct cmc_sockets;

/*
 * The sockets for the listeners of conf, as many for each as there are workers. Those of before
 * (or NULL) that listen at the same address are taken on, which leaves before as it is; others are
 * bound. Errors: CMC_E_LOCAL ("127.0.0.1:80: Permission denied"), CMC_E_MEM.
 */
enum cmc_rc cmc_sockets_new(const struct cmc_conf *conf, const struct cmc_sockets *before,
                            struct cmc_sockets **out, struct cmc_err *err) CMC_MUST_USE;
void cmc_sockets_free(struct cmc_sockets *s);

/* Number k of a listener of the configuration, or -1: there are no more. Borrowed. */
int cmc_sockets_fd(const struct cmc_sockets *s, unsigned int listener, unsigned int k);
/* The port that a listener got. */
uint16_t cmc_sockets_port(const struct cmc_sockets *s, unsigned int listener);

#endif
