/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const softhsm_modules[] = {
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so"};

const char *tokens_softhsm_module(void)
{
    for (size_t i = 0; i < sizeof softhsm_modules / sizeof softhsm_modules[0]; i++) {
        if (access(softhsm_modules[i], R_OK) == 0)
            return softhsm_modules[i];
    }
    return NULL;
}

static bool in_path(const char *name)
{
    const char *p = getenv("PATH");
    char file[512];

    while (p != NULL && *p != '\0') {
        size_t n = strcspn(p, ":");

        (void)snprintf(file, sizeof file, "%.*s/%s", (int)n, p, name);
        if (access(file, X_OK) == 0)
            return true;
        p += n + (p[n] == ':' ? 1 : 0);
    }
    return false;
}

const char *tokens_missing(void)
{
    if (!in_path("certutil"))
        return "certutil is not installed (Debian package libnss3-tools)";
    if (!in_path("softhsm2-util") || tokens_softhsm_module() == NULL)
        return "SoftHSM is not installed (Debian package softhsm2)";
    return NULL;
}

bool tokens_run(const char *file, const char *const args[])
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        int fd = open(file != NULL ? file : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);

        (void)dup2(fd, 1);
        (void)dup2(fd, 2);
        (void)execvp(args[0], (char *const *)(uintptr_t)args);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static bool put(const struct tokens *t, const char *name, const char *text, size_t n)
{
    char path[128];
    FILE *f;
    bool ok;

    (void)snprintf(path, sizeof path, "%s/%s", t->dir, name);
    f = fopen(path, "w");
    ok = f != NULL && fwrite(text, 1, n, f) == n;
    return f != NULL && fclose(f) == 0 && ok;
}

bool tokens_setup(struct tokens *t)
{
    char noise[64], conf[256], path[128];
    FILE *f = fopen("/dev/urandom", "r");
    bool ok = f != NULL && fread(noise, 1, sizeof noise, f) == sizeof noise;

    if (f != NULL)
        (void)fclose(f);
    (void)snprintf(t->dir, sizeof t->dir, "/tmp/cmc-token-XXXXXX");
    ok = ok && mkdtemp(t->dir) != NULL;
    (void)snprintf(t->nss, sizeof t->nss, "%s/nss", t->dir);
    (void)snprintf(path, sizeof path, "%s/hsm", t->dir);
    (void)snprintf(conf, sizeof conf, "directories.tokendir = %s\nlog.level = ERROR\n", path);
    ok = ok && mkdir(path, 0700) == 0 && put(t, "noise", noise, sizeof noise) &&
         put(t, "password", TOKENS_PASSWORD "\n", sizeof TOKENS_PASSWORD) &&
         put(t, "softhsm2.conf", conf, strlen(conf));
    (void)snprintf(path, sizeof path, "%s/softhsm2.conf", t->dir);
    return ok && setenv("SOFTHSM2_CONF", path, 1) == 0;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void tokens_teardown(struct tokens *t)
{
    (void)nftw(t->dir, drop, 16, FTW_DEPTH | FTW_PHYS);
}

bool tokens_nss_new(const struct tokens *t, const char *dir)
{
    char db[160], password[128];
    const char *const args[] = {"certutil", "-N", "-d", db, "-f", password, NULL};

    (void)snprintf(db, sizeof db, "sql:%s", dir);
    (void)snprintf(password, sizeof password, "%s/password", t->dir);
    return mkdir(dir, 0700) == 0 && tokens_run(NULL, args);
}

bool tokens_nss_cert(const struct tokens *t, const char *nickname, const char *issuer,
                     const char *kind, int serial, int months)
{
    char db[160], password[128], noise[128], subject[128], number[16], begin[16];
    const bool rsa = strcmp(kind, "rsa") == 0;
    const char *args[32] = {"certutil",
                            "-S",
                            "-d",
                            db,
                            "-f",
                            password,
                            "-z",
                            noise,
                            "-n",
                            nickname,
                            "-s",
                            subject,
                            "-m",
                            number,
                            "-w",
                            begin,
                            "-v",
                            "24",
                            "-k",
                            kind,
                            rsa ? "-g" : "-q",
                            rsa ? "2048" : "nistp256",
                            "-t",
                            issuer != NULL ? ",," : "CT,C,C"};
    size_t n = 24;

    (void)snprintf(db, sizeof db, "sql:%s", t->nss);
    (void)snprintf(password, sizeof password, "%s/password", t->dir);
    (void)snprintf(noise, sizeof noise, "%s/noise", t->dir);
    (void)snprintf(subject, sizeof subject, "CN=%s", nickname);
    (void)snprintf(number, sizeof number, "%d", serial);
    (void)snprintf(begin, sizeof begin, "%d", months);
    args[n++] = issuer != NULL ? "-c" : "-x";
    args[n++] = issuer;
    return tokens_run(NULL, args);
}

bool tokens_softhsm_new(const struct tokens *t, const char *label)
{
    const char *const args[] = {"softhsm2-util", "--init-token", "--free",   "--label", label,
                                "--pin",         "1234",         "--so-pin", "43210",   NULL};

    (void)t;
    return tokens_run(NULL, args);
}
