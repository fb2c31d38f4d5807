/* SPDX-License-Identifier: Apache-2.0 */
/* Telling systemd how it stands: sd_notify(3)'s protocol, one datagram. */
#ifndef CMC_SERVER_NOTIFY_H
#define CMC_SERVER_NOTIFY_H

#include "base/err.h"

/*
 * Send state ("READY=1") to the socket that $NOTIFY_SOCKET names. Without it nothing is done.
 * Errors: CMC_E_LOCAL.
 */
enum cmc_rc cmc_notify(const char *state, struct cmc_err *err);

#endif
