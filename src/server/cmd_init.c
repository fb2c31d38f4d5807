/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd init DIR: a whole authority, or nothing. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "server/cmd.h"
#include "server/init.h"

#define DEFAULT_PORT     8080u
#define DEFAULT_TLS_PORT 8443u

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("The authority"),
    CMC_OPTION("name", 'n', STRING, "NAME", struct cmc_init, name,
               "subject of the new CA (\"CN=Chancery CA\")"),
    CMC_OPTION("key-type", 'k', STRING, "KIND", struct cmc_init, key_type,
               "of all keys made: ec:P-256 (the default), ec:P-384,\n"
               "ec:P-521, rsa:2048, rsa:3072, rsa:4096, ed25519, ed448"),
    CMC_OPTION("encryption-key", 0, STRING, "KIND", struct cmc_init, encryption_type,
               "of the key that clients encrypt requests to: rsa:2048\n"
               "(the default, which all clients know), rsa:3072,\n"
               "rsa:4096, ec:P-256, ec:P-384, ec:P-521, x25519, x448"),
    CMC_OPTION("ca-cert", 0, STRING, "FILE", struct cmc_init, ca_cert,
               "take this existing CA instead of a new one"),
    CMC_OPTION("ca-key", 0, STRING, "URI", struct cmc_init, ca_key,
               "its key, which stays where it is"),
    CMC_OPTION("ca-pass", 0, STRING, "FILE", struct cmc_init, ca_pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("ca-chain", 0, STRING, "FILE", struct cmc_init, ca_chain,
               "certificates from its issuer up to the root"),
    CMC_OPTION_HEADING("The server"),
    CMC_OPTION("host", 'H', LIST, "NAME", struct cmc_init, hosts,
               "name or address in the TLS certificate; may be repeated\n"
               "(localhost, 127.0.0.1 and ::1)"),
    CMC_OPTION("address", 'a', STRING, "ADDRESS", struct cmc_init, address,
               "listen here (127.0.0.1)"),
    CMC_OPTION("port", 'p', UINT, "N", struct cmc_init, port, "for HTTP (8080)"),
    CMC_OPTION("tls-port", 0, UINT, "N", struct cmc_init, tls_port, "for HTTPS (8443)"),
    CMC_OPTION("url", 'u', STRING, "BASE", struct cmc_init, url,
               "how clients reach it, for the CRL's address in\n"
               "certificates (http://HOST:PORT of the above)"),
    CMC_OPTION("profiles", 0, STRING, "DIR", struct cmc_init, profiles,
               "take the profiles in this folder, which stays where it\n"
               "is; tls-server.yaml and tls-client.yaml must be there"),
    CMC_OPTION_HEADING("The first officer"),
    CMC_OPTION("officer", 0, STRING, "NAME", struct cmc_init, officer, "their name (officer)"),
    CMC_OPTION_END,
};
static const struct cmc_options options = {
    "cmcd init",
    "DIR",
    1,
    1,
    "Make a certification authority in DIR, which must be empty or absent: keys, certificates,\n"
    "a first officer, the database and the configuration.",
    rows};

/* -- what was asked for ------------------------------------------------------------------ */

/* A path that still holds when the folder of the configuration is another; URIs as they are. */
static enum cmc_rc absolute(struct cmcd_run *r, const char **path)
{
    const char *p = *path;
    char *real;

    if (p == NULL || strncmp(p, "pkcs11:", 7) == 0 || strncmp(p, "nss:", 4) == 0)
        return CMC_OK;
    if (strncmp(p, "file:", 5) == 0)
        p += 5;
    real = realpath(p, NULL);
    if (real == NULL)
        return cmc_fail(&r->err, CMC_E_LOCAL, NULL, "%s: %s", p, strerror(errno));
    *path = cmc_arena_strdup(r->arena, real);
    free(real);
    return *path != NULL ? CMC_OK : cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a path");
}

static enum cmc_rc check_url(const char *url, struct cmc_err *err)
{
    if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) ||
        strpbrk(url, " <>\"\\?#") != NULL || url[strlen(url) - 1] == '/')
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "--url %s: want http://HOST[:PORT] without a path or a '/' at its end",
                        url);
    return CMC_OK;
}

static enum cmc_rc fill_url(struct cmcd_run *r, struct cmc_init *in)
{
    const char *host = in->hosts.v[0];
    bool six = strchr(host, ':') != NULL;

    if (in->url != NULL)
        return check_url(in->url, &r->err);
    if (in->port == 0)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--port 0 (any free one) needs --url: certificates must name the CRL");
    in->url = in->port == 80 ? cmc_arena_printf(r->arena, "http://%s%s%s", six ? "[" : "", host,
                                                six ? "]" : "")
                             : cmc_arena_printf(r->arena, "http://%s%s%s:%u", six ? "[" : "", host,
                                                six ? "]" : "", in->port);
    return in->url != NULL ? check_url(in->url, &r->err)
                           : cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a URL");
}

static enum cmc_rc check_server(struct cmcd_run *r, const struct cmc_init *in)
{
    unsigned char binary[sizeof(struct in6_addr)];

    if (in->port > 65535 || in->tls_port > 65535)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "a port is 0 to 65535");
    if (in->port == in->tls_port && in->port != 0)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--port and --tls-port are both %u", in->port);
    if (inet_pton(AF_INET, in->address, binary) != 1 &&
        inet_pton(AF_INET6, in->address, binary) != 1)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--address %s: want an IP address, or 0.0.0.0 or :: for all", in->address);
    return CMC_OK;
}

/* The endpoints that are written name two profiles. */
static enum cmc_rc fill_profiles(struct cmcd_run *r, struct cmc_init *in)
{
    static const char *const needed[] = {"tls-server.yaml", "tls-client.yaml"};
    enum cmc_rc rc = absolute(r, &in->profiles);

    for (size_t i = 0; rc == CMC_OK && in->profiles != NULL && i < 2; i++) {
        const char *path = cmc_arena_printf(r->arena, "%s/%s", in->profiles, needed[i]);

        if (path == NULL)
            rc = cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a path");
        else if (access(path, R_OK) != 0)
            rc = cmc_fail(&r->err, CMC_E_LOCAL, NULL, "%s: %s", path, strerror(errno));
    }
    return rc;
}

static enum cmc_rc fill(struct cmcd_run *r, struct cmc_init *in)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "::1"};
    enum cmc_rc rc;

    if ((in->ca_cert == NULL) != (in->ca_key == NULL))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--ca-cert and --ca-key go together");
    if (in->ca_cert == NULL && (in->ca_chain != NULL || in->ca_pass != NULL))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--ca-chain and --ca-pass need --ca-cert and --ca-key");
    if (in->ca_cert != NULL && in->name != NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--name is for a new CA; an existing one (--ca-cert) has its name");
    if (in->hosts.n == 0) {
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
            in->hosts.v[in->hosts.n++] = hosts[i];
    }
    in->name = in->name != NULL ? in->name : "CN=Chancery CA";
    in->key_type = in->key_type != NULL ? in->key_type : "ec:P-256";
    in->encryption_type = in->encryption_type != NULL ? in->encryption_type : "rsa:2048";
    in->address = in->address != NULL ? in->address : "127.0.0.1";
    in->officer = in->officer != NULL ? in->officer : "officer";
    in->now = time(NULL);
    rc = check_server(r, in);
    if (rc == CMC_OK)
        rc = fill_url(r, in);
    if (rc == CMC_OK)
        rc = absolute(r, &in->ca_cert);
    if (rc == CMC_OK)
        rc = absolute(r, &in->ca_key);
    if (rc == CMC_OK)
        rc = absolute(r, &in->ca_pass);
    if (rc == CMC_OK)
        rc = absolute(r, &in->ca_chain);
    if (rc == CMC_OK)
        rc = fill_profiles(r, in);
    return rc;
}

/* -- the folder -------------------------------------------------------------------------- */

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static enum cmc_rc check_empty(const char *dir, struct cmc_err *err)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    enum cmc_rc rc = CMC_OK;

    if (d == NULL)
        return errno == ENOENT ? CMC_OK
                               : cmc_fail(err, CMC_E_LOCAL, NULL, "%s: %s", dir, strerror(errno));
    while (rc == CMC_OK && (e = readdir(d)) != NULL) {
        if (!is_dot(e->d_name))
            rc = cmc_fail(err, CMC_E_CONFLICT, NULL,
                          "%s is not empty (it holds %s); name a folder that is empty or absent",
                          dir, e->d_name);
    }
    (void)closedir(d);
    return rc;
}

/* Away with a folder of ours, which holds files only. */
static void remove_folder(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        if (!is_dot(e->d_name))
            (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(dir);
}

/* The name must survive a crash too. */
static void sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

/* "DIR" without slashes at its end; its parent. */
static enum cmc_rc name_folder(struct cmcd_run *r, const char *arg, char **dir, char **parent)
{
    size_t n = strlen(arg);
    char *slash;

    while (n > 1 && arg[n - 1] == '/')
        n--;
    *dir = cmc_arena_strndup(r->arena, arg, n);
    *parent = cmc_arena_strndup(r->arena, arg, n);
    if (*dir == NULL || *parent == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a path");
    if (n == 0 || strcmp(*dir, "/") == 0 || strcmp(*dir, ".") == 0 || strcmp(*dir, "..") == 0 ||
        (n > 2 && strcmp(*dir + n - 3, "/..") == 0) || (n > 1 && strcmp(*dir + n - 2, "/.") == 0))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "'%s': name a folder to be made", arg);
    slash = strrchr(*parent, '/');
    if (slash == NULL)
        (*parent)[0] = '\0';
    else
        slash[slash == *parent ? 1 : 0] = '\0';
    return CMC_OK;
}

/* -- the end ----------------------------------------------------------------------------- */

static enum cmc_rc report(struct cmcd_run *r, const struct cmc_init *in,
                          const struct cmc_init_result *made, const char *dir)
{
    char when[CMCD_TIME_SIZE];
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_printf(&b, "%s holds an authority:\n  CA         ", dir);
    cmc_name_print(made->ca_subject, &b);
    cmc_buf_printf(&b, " (%s, until %s)\n", made->ca_key_kind, cmcd_time(made->ca_not_after, when));
    cmc_buf_printf(&b, "  officer    %s, roles enroll,revoke: %s/%s and %s/%s\n", in->officer, dir,
                   CMC_INIT_OFFICER_CERT, dir, CMC_INIT_OFFICER_KEY);
    cmc_buf_printf(&b, "  encrypt to %s/%s, which is also at %s%s\n", dir, CMC_INIT_ENCRYPTION_CERT,
                   in->url, CMC_INIT_ENCRYPTION_PATH);
    cmc_buf_printf(&b, "  addresses  %s port %u (HTTP) and %u (HTTPS)\n  CRL        %s%s\n\n",
                   in->address, in->port, in->tls_port, in->url, CMC_INIT_CRL_PATH);
    cmc_buf_printf(&b,
                   "Next:\n  cmcd serve -c %s/%s\n  cmc enroll -u %s/cmc -T %s/%s "
                   "--officer-cert %s/%s --officer-key %s/%s --new-key ec:P-256 --key-out "
                   "server.key -s CN=server.example --san DNS:server.example -o server.crt\n",
                   dir, CMC_INIT_CONF, in->url, dir, CMC_INIT_CA_CERT, dir, CMC_INIT_OFFICER_CERT,
                   dir, CMC_INIT_OFFICER_KEY);
    rc = cmcd_print(&b, &r->err);
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc cmcd_cmd_init(struct cmcd_run *r, int argc, char **argv)
{
    struct cmc_init in = {.port = DEFAULT_PORT, .tls_port = DEFAULT_TLS_PORT};
    struct cmc_init_result made = {0};
    char **dirs, *dir, *parent, *temp;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &in, &dirs, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    rc = fill(r, &in);
    if (rc == CMC_OK)
        rc = name_folder(r, dirs[0], &dir, &parent);
    if (rc == CMC_OK)
        rc = check_empty(dir, &r->err);
    if (rc != CMC_OK)
        return rc;
    /* Beside its place, so that the rename at the end is all or nothing. */
    temp = cmc_arena_printf(r->arena, "%s.XXXXXX", dir);
    if (temp == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a path");
    if (mkdtemp(temp) == NULL)
        return cmc_fail(&r->err, CMC_E_LOCAL, NULL, "%s: %s", temp, strerror(errno));
    rc = cmc_init_make(&in, r->crypto, temp, r->arena, &made, &r->err);
    if (rc == CMC_OK)
        rc = cmc_init_write_conf(&in, &made, temp, &r->err);
    if (rc == CMC_OK && rename(temp, dir) != 0)
        rc = cmc_fail(&r->err, errno == EEXIST || errno == ENOTEMPTY ? CMC_E_CONFLICT : CMC_E_LOCAL,
                      NULL, "%s: %s", dir, strerror(errno));
    if (rc != CMC_OK) {
        remove_folder(temp);
        return rc;
    }
    sync_folder(parent[0] != '\0' ? parent : ".");
    return report(r, &in, &made, dir);
}
