/* SPDX-License-Identifier: Apache-2.0 */
/* Where a passphrase comes from: text in memory, the first line of a file, or the terminal. */
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "key/key_int.h"

#define PASSPHRASE_FILE_MAX 65536u

static bool keep(struct cmc_pass *pass, const void *p, size_t n, const char *where)
{
    if (n >= sizeof pass->text) {
        (void)cmc_fail(&pass->err, CMC_E_USAGE, NULL,
                       "%s: the passphrase is longer than %zu octets", where,
                       sizeof pass->text - 1);
        return false;
    }
    if (n > 0)
        memcpy(pass->text, p, n);
    pass->text[n] = '\0';
    pass->n = n;
    pass->have = true;
    return true;
}

static bool from_file(struct cmc_pass *pass, const char *name)
{
    char buf[PATH_MAX];
    const char *path;
    struct cmc_buf b;
    const uint8_t *end;
    bool ok = false;
    size_t n;

    if (cmc_file_credential(name, buf, sizeof buf, &path, &pass->err) != CMC_OK)
        return false;
    cmc_buf_init(&b, PASSPHRASE_FILE_MAX);
    if (cmc_file_read(path, &b, &pass->err) == CMC_OK) {
        end = b.n > 0 ? memchr(b.p, '\n', b.n) : NULL;
        n = end != NULL ? (size_t)(end - b.p) : b.n;
        if (n > 0 && b.p[n - 1] == '\r')
            n--;
        ok = keep(pass, b.p, n, path);
    }
    cmc_buf_free(&b);
    return ok;
}

static bool from_terminal(struct cmc_pass *pass)
{
    char prompt[256];
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

    /* Without this test OpenSSL would read the passphrase from standard input. */
    if (fd < 0) {
        (void)cmc_fail(&pass->err, CMC_E_USAGE, NULL,
                       "%s: a passphrase is needed and there is no terminal to ask on; give it "
                       "in a file",
                       pass->what);
        return false;
    }
    (void)close(fd);
    (void)snprintf(prompt, sizeof prompt, "Passphrase for %s: ", pass->what);
    if (EVP_read_pw_string(pass->text, (int)sizeof pass->text, prompt, 0) != 0) {
        (void)cmc_fail(&pass->err, CMC_E_USAGE, NULL, "%s: no passphrase was given", pass->what);
        OPENSSL_cleanse(pass->text, sizeof pass->text);
        return false;
    }
    pass->n = strlen(pass->text);
    pass->have = true;
    return true;
}

bool cmc_pass_get(struct cmc_pass *pass)
{
    const struct cmc_passphrase *from = pass->from;

    if (pass->asked)
        return pass->have;
    pass->asked = true;
    if (from != NULL && from->text != NULL)
        return keep(pass, from->text, strlen(from->text), pass->what);
    if (from != NULL && from->file != NULL)
        return from_file(pass, from->file);
    if (from != NULL && from->prompt)
        return from_terminal(pass);
    (void)cmc_fail(&pass->err, CMC_E_USAGE, NULL, "%s: is encrypted, and no passphrase was given",
                   pass->what);
    return false;
}

int cmc_pass_callback(char *buf, int size, int rwflag, void *u)
{
    struct cmc_pass *pass = u;

    (void)rwflag;
    if (!cmc_pass_get(pass) || size < 0 || pass->n > (size_t)size)
        return -1;
    memcpy(buf, pass->text, pass->n);
    return (int)pass->n;
}

void cmc_pass_clean(struct cmc_pass *pass)
{
    OPENSSL_cleanse(pass, sizeof *pass);
}
