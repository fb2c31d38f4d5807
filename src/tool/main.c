/* SPDX-License-Identifier: Apache-2.0 */
/* cmc: Certificate Management over CMS from the command line. */
#include <signal.h>
#include <stdio.h>

#include "base/nearest.h"
#include "tool/tool.h"

static const struct tool_command commands[] = {
    {"csr", "make a certification request, and a key for it", tool_cmd_csr},
    {"request", "make a signed CMC request of certification requests", tool_cmd_request},
    {"enroll", "get a certificate: request, submit, check, save", tool_cmd_enroll},
    {"poll", "ask again for a certificate that waits for approval", tool_cmd_poll},
    {"confirm", "accept a new certificate, or reject it", tool_cmd_confirm},
    {"revoke", "revoke certificates, put them on hold or release them", tool_cmd_revoke},
    {"anchors", "take over the trust anchors that a CA publishes", tool_cmd_anchors},
    {"publish", "have certificates published, or taken back", tool_cmd_publish},
    {"get", "ask for certificates or a CRL", tool_cmd_get},
    {"secret", "make a shared secret, or seal one to a CA", tool_cmd_secret},
    {"submit", "send a request file and save the answer", tool_cmd_submit},
    {"sign", "add a signature to a request file", tool_cmd_sign},
    {"verify", "check the signature of a request or response file", tool_cmd_verify},
    {"show", "print any message, request, certificate or CRL as text", tool_cmd_show},
};
#define NCOMMANDS (sizeof commands / sizeof commands[0])

static void usage(FILE *to)
{
    (void)fprintf(to, "usage: cmc COMMAND [options] [arguments]\n\nCommands:\n");
    for (size_t i = 0; i < NCOMMANDS; i++)
        (void)fprintf(to, "  %-10s%s\n", commands[i].name, commands[i].summary);
    (void)fprintf(to, "\n'cmc COMMAND --help' lists the options of a command; "
                      "'cmc --version' tells the version.\n");
}

static const struct tool_command *find(const char *name)
{
    for (size_t i = 0; i < NCOMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static int unknown_command(struct tool *t, const char *name)
{
    struct cmc_nearest near = {0};

    for (size_t i = 0; i < NCOMMANDS; i++)
        cmc_nearest_offer(&near, name, commands[i].name);
    if (near.word != NULL)
        return tool_end(t,
                        tool_usage(t, "unknown command '%s'; did you mean '%s'?", name, near.word));
    return tool_end(t, tool_usage(t, "unknown command '%s'; see 'cmc --help'", name));
}

int main(int argc, char **argv)
{
    struct tool t = {0};
    const struct tool_command *cmd;
    int code;

    /* A peer or pipe that goes away is an error of a write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        usage(stderr);
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return fflush(stdout) == 0 ? TOOL_OK : TOOL_LOCAL;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("cmc (Chancery) %s\n", CMC_VERSION);
        return fflush(stdout) == 0 ? TOOL_OK : TOOL_LOCAL;
    }
    cmd = find(argv[1]);
    if (cmd == NULL)
        return unknown_command(&t, argv[1]);
    t.command = cmd->name;
    t.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (t.arena == NULL)
        return tool_end(&t, cmc_fail(&t.err, CMC_E_MEM, NULL, "no memory to begin"));
    code = cmd->run(&t, argc - 1, argv + 1);
    cmc_crypto_free(t.crypto);
    cmc_arena_free(t.arena);
    return code;
}
