/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384u

static enum cmc_rc fail_errno(struct cmc_err *err, const char *doing, const char *path, int e)
{
    return cmc_fail(err, CMC_E_LOCAL, NULL, "cannot %s %s: %s", doing, path, strerror(e));
}

static bool is_dash(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* -- reading --------------------------------------------------------------------------------- */

static enum cmc_rc read_all(int fd, const char *name, struct cmc_buf *out, struct cmc_err *err)
{
    uint8_t chunk[CHUNK];
    enum cmc_rc rc = CMC_OK;
    ssize_t n;

    for (;;) {
        n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if ((size_t)n > out->max - out->n) {
            rc = cmc_fail(err, CMC_E_LIMIT, NULL, "%s is larger than %zu octets", name, out->max);
            break;
        }
        cmc_buf_add(out, chunk, (size_t)n);
        if (!cmc_buf_ok(out)) {
            rc = cmc_fail(err, CMC_E_MEM, NULL, "out of memory reading %s", name);
            break;
        }
    }
    if (n < 0)
        rc = fail_errno(err, "read", name, errno);
    /* It may have been a key. */
    OPENSSL_cleanse(chunk, sizeof chunk);
    return rc;
}

enum cmc_rc cmc_file_read(const char *path, struct cmc_buf *out, struct cmc_err *err)
{
    enum cmc_rc rc;
    int fd;

    if (is_dash(path))
        return read_all(STDIN_FILENO, "standard input", out, err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "read", path, errno);
    rc = read_all(fd, path, out, err);
    (void)close(fd);
    return rc;
}

/* -- writing --------------------------------------------------------------------------------- */

static enum cmc_rc write_all(int fd, const char *name, struct cmc_slice data, struct cmc_err *err)
{
    while (data.n > 0) {
        ssize_t n = write(fd, data.p, data.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "write", name, errno);
        data.p += n;
        data.n -= (size_t)n;
    }
    return CMC_OK;
}

enum cmc_rc cmc_file_add(int fd, struct cmc_slice data, struct cmc_err *err)
{
    return write_all(fd, "a file", data, err);
}

static enum cmc_rc write_stdout(struct cmc_slice data, struct cmc_err *err)
{
    /* What was printed before comes before. */
    (void)fflush(stdout);
    return write_all(STDOUT_FILENO, "standard output", data, err);
}

/* A device or a FIFO: there is nothing to rename over it. */
static enum cmc_rc write_in_place(const char *path, struct cmc_slice data, struct cmc_err *err)
{
    enum cmc_rc rc;
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return fail_errno(err, "write", path, errno);
    rc = write_all(fd, path, data, err);
    if (close(fd) != 0 && rc == CMC_OK)
        rc = fail_errno(err, "write", path, errno);
    return rc;
}

enum cmc_rc cmc_file_sync_directory(const char *path, struct cmc_err *err)
{
    char *copy = strdup(path);
    enum cmc_rc rc = CMC_OK;
    int fd;

    if (copy == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot sync a directory and say EINVAL. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        rc = fail_errno(err, "sync the directory of", path, errno);
    if (fd >= 0)
        (void)close(fd);
    free(copy);
    return rc;
}

/* Give the new file its name only if nothing has it. */
static int rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* The file system does not know the flag; a second name comes to the same. */
    if (link(from, to) != 0)
        return -1;
    (void)unlink(from);
    return 0;
}

/* What a file is made of: octets in memory, or the first ones of another file. */
struct content {
    struct cmc_slice data;
    int from; /* -1: data */
    uint64_t octets;
};

/* Through memory, a piece at a time, from *at on. */
static enum cmc_rc copy_piece(int fd, const char *path, int from, uint64_t left, off_t *at,
                              struct cmc_err *err)
{
    uint8_t piece[65536];
    ssize_t n = pread(from, piece, left < sizeof piece ? (size_t)left : sizeof piece, *at);

    if (n < 0)
        return errno == EINTR ? CMC_OK : fail_errno(err, "read what is to be in", path, errno);
    if (n == 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "%s: what is to be in it has become shorter", path);
    *at += n;
    return write_all(fd, path, cmc_slice(piece, (size_t)n), err);
}

static enum cmc_rc copy_all(int fd, const char *path, int from, uint64_t octets,
                            struct cmc_err *err)
{
    bool by_system = true;
    enum cmc_rc rc = CMC_OK;
    off_t at = 0;

    while (rc == CMC_OK && (uint64_t)at < octets) {
        uint64_t left = octets - (uint64_t)at;
        ssize_t n = -1;

        if (by_system)
            n = copy_file_range(from, &at, fd, NULL, left < SSIZE_MAX ? (size_t)left : SSIZE_MAX,
                                0);
        if (n > 0 || (by_system && n < 0 && errno == EINTR))
            continue;
        /* Another file system, or one that does not know how: what is really wrong, say a full
         * disk, the slow way meets too. */
        by_system = false;
        rc = copy_piece(fd, path, from, left, &at, err);
    }
    return rc;
}

static enum cmc_rc fill_temporary(int fd, const char *path, unsigned int mode,
                                  const struct content *c, struct cmc_err *err)
{
    enum cmc_rc rc = c->from < 0 ? write_all(fd, path, c->data, err)
                                 : copy_all(fd, path, c->from, c->octets, err);

    if (rc == CMC_OK && fchmod(fd, (mode_t)(mode & 0777u)) != 0)
        rc = fail_errno(err, "set the mode of", path, errno);
    if (rc == CMC_OK && fsync(fd) != 0)
        rc = fail_errno(err, "write", path, errno);
    if (close(fd) != 0 && rc == CMC_OK)
        rc = fail_errno(err, "write", path, errno);
    return rc;
}

static enum cmc_rc write_file(const char *path, unsigned int mode, const struct content *c,
                              bool replace, struct cmc_err *err)
{
    char *tmp = NULL;
    enum cmc_rc rc;
    int fd;

    if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    /* Mode 0600 until it is complete. */
    fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        rc = fail_errno(err, "write", path, errno);
        goto out;
    }
    rc = fill_temporary(fd, path, mode, c, err);
    if (rc == CMC_OK && (replace ? rename(tmp, path) : rename_new(tmp, path)) != 0)
        rc = errno == EEXIST && !replace
                 ? cmc_fail(err, CMC_E_CONFLICT, NULL, "%s exists already", path)
                 : fail_errno(err, "write", path, errno);
    if (rc != CMC_OK)
        (void)unlink(tmp);
    else
        rc = cmc_file_sync_directory(path, err);
out:
    free(tmp);
    return rc;
}

enum cmc_rc cmc_file_write(const char *path, unsigned int mode, struct cmc_slice data,
                           struct cmc_err *err)
{
    struct stat st;

    if (is_dash(path))
        return write_stdout(data, err);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return write_in_place(path, data, err);
    return write_file(path, mode, &(struct content){.data = data, .from = -1}, true, err);
}

enum cmc_rc cmc_file_copy(const char *path, unsigned int mode, int from, uint64_t octets,
                          struct cmc_err *err)
{
    return write_file(path, mode, &(struct content){.from = from, .octets = octets}, true, err);
}

enum cmc_rc cmc_file_create(const char *path, unsigned int mode, struct cmc_slice data,
                            struct cmc_err *err)
{
    if (is_dash(path))
        return write_stdout(data, err);
    return write_file(path, mode, &(struct content){.data = data, .from = -1}, false, err);
}

enum cmc_rc cmc_file_credential(const char *name, char *buf, size_t size, const char **path,
                                struct cmc_err *err)
{
    static const char scheme[] = "credential:";
    const char *what = name + sizeof scheme - 1, *folder;
    int n;

    *path = name;
    if (strncmp(name, scheme, sizeof scheme - 1) != 0)
        return CMC_OK;
    folder = getenv("CREDENTIALS_DIRECTORY");
    if (*what == '\0' || *what == '.' || strchr(what, '/') != NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s: want the name of a credential alone", name);
    if (folder == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%s: there are no credentials ($CREDENTIALS_DIRECTORY is not set); systemd "
                        "gives them by LoadCredential=",
                        name);
    n = snprintf(buf, size, "%s/%s", folder, what);
    if (n < 0 || (size_t)n >= size)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s: its path is too long", name);
    *path = buf;
    return CMC_OK;
}
