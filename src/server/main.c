/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd: a certification authority that speaks Certificate Management over CMS. */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "server/cmd.h"

static const struct cmcd_command commands[] = {
    {"init", "make an authority: keys, certificates, database, configuration", cmcd_cmd_init},
    {"serve", "serve requests until SIGTERM", cmcd_cmd_serve},
    {"check-config", "read a configuration and all it names, and say what is wrong",
     cmcd_cmd_check_config},
    {"officer", "register officers: add, remove, list", cmcd_cmd_officer},
    {"secret", "shared secrets that prove identity or revoke: add, list, remove", cmcd_cmd_secret},
    {"request", "requests that wait for approval: list, show, approve, refuse", cmcd_cmd_request},
    {"anchors", "the trust anchors that clients are told: publish, list", cmcd_cmd_anchors},
    {"cert", "look at issued certificates: list, search, show", cmcd_cmd_cert},
    {"revoke", "revoke certificates, put them on hold or release them", cmcd_cmd_revoke},
    {"publish", "publish now what is due, and say how each target is", cmcd_cmd_publish},
    {"profile", "what certificates hold: list the profiles, test a request", cmcd_cmd_profile},
    {"backup", "copy the database into a file", cmcd_cmd_backup},
    {"restore", "put such a copy in its place", cmcd_cmd_restore},
    {"doctor", "say how the authority is: database, audit, CRL, clock, permissions",
     cmcd_cmd_doctor},
    {"audit", "the record of all decisions: verify, export", cmcd_cmd_audit},
};
static const struct cmcd_group top = {"cmcd", commands, sizeof commands / sizeof commands[0]};

static int exit_status(enum cmc_rc rc)
{
    switch (rc) {
    case CMC_OK:
        return CMCD_OK;
    case CMC_E_USAGE:
        return CMCD_USAGE;
    case CMC_E_LOCAL:
    case CMC_E_MEM:
    case CMC_E_BUG:
    case CMC_E_RETRY:
        return CMCD_LOCAL;
    case CMC_E_INPUT:
    case CMC_E_LIMIT:
    case CMC_E_REFUSED:
    case CMC_E_CRYPTO:
    case CMC_E_NOTFOUND:
    case CMC_E_CONFLICT:
    default:
        return CMCD_FAILED;
    }
}

int main(int argc, char **argv)
{
    struct cmcd_run r = {.command = ""};
    enum cmc_rc rc;

    (void)signal(SIGPIPE, SIG_IGN);
    /* A file that may not grow is an error to be answered, not an end. */
    (void)signal(SIGXFSZ, SIG_IGN);
    /* Keys and the database are nobody else's, whatever the shell says. */
    (void)umask(077);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("cmcd (Chancery) %s\n", CMC_VERSION);
        return fflush(stdout) == 0 ? CMCD_OK : CMCD_LOCAL;
    }
    r.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (r.arena == NULL)
        rc = cmc_fail(&r.err, CMC_E_MEM, NULL, "no memory to begin");
    else
        rc = cmc_crypto_new(&r.crypto, &r.err);
    if (rc == CMC_OK)
        rc = cmcd_dispatch(&top, &r, argc, argv);
    /* A command that has said all itself leaves no text. */
    if (rc != CMC_OK && r.err.text[0] != '\0')
        (void)fprintf(stderr, "cmcd%s%s: %s%s%s%s\n", r.command[0] != '\0' ? " " : "", r.command,
                      r.err.text, r.err.clause != NULL ? " (" : "",
                      r.err.clause != NULL ? r.err.clause : "", r.err.clause != NULL ? ")" : "");
    cmc_crypto_free(r.crypto);
    cmc_arena_free(r.arena);
    return exit_status(rc);
}
