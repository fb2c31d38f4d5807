/* SPDX-License-Identifier: Apache-2.0 */
#include "server/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum cmc_rc cmc_notify(const char *state, struct cmc_err *err)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    enum cmc_rc rc = CMC_OK;
    socklen_t size;
    size_t n;
    int fd;

    if (path == NULL || path[0] == '\0')
        return CMC_OK;
    n = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || n >= sizeof to.sun_path)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "NOTIFY_SOCKET is no socket address");
    memcpy(to.sun_path, path, n);
    /* "@" stands for the NUL that begins an abstract address, which has no NUL at its end. */
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, size) < 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "NOTIFY_SOCKET: %s", strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return rc;
}
