/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of cmcd share: one run's context, exit codes, small helpers. */
#ifndef CMC_SERVER_CMD_H
#define CMC_SERVER_CMD_H

#include "asn1/pkix.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/options.h"
#include "crypto/crypto.h"
#include "server/conf.h"
#include "store/store.h"

/* cmcd.8, EXIT STATUS, says the same; so does cmc. */
enum cmcd_exit {
    CMCD_OK = 0,
    CMCD_FAILED = 1, /* refused, found wrong, not found */
    CMCD_USAGE = 2,  /* the command line or the configuration is wrong */
    CMCD_LOCAL = 3   /* a file, the database, a socket, this machine */
};

/* One run of one command. */
struct cmcd_run {
    const char *command; /* "officer" */
    struct cmc_arena *arena;
    struct cmc_crypto *crypto;
    struct cmc_err err; /* why the command failed */
};

struct cmcd_command {
    const char *name;
    const char *summary;
    /* argv[0] is the command's name. What is returned becomes the exit status. */
    enum cmc_rc (*run)(struct cmcd_run *r, int argc, char **argv);
};

/* A command that has commands of its own: "officer add". */
struct cmcd_group {
    const char *name; /* "cmcd officer" */
    const struct cmcd_command *rows;
    size_t n;
};
/* Run the row that argv[1] names. With --help, list them. */
enum cmc_rc cmcd_dispatch(const struct cmcd_group *g, struct cmcd_run *r, int argc, char **argv);

/* cmd_NAME.c */
enum cmc_rc cmcd_cmd_init(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_serve(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_check_config(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_officer(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_secret(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_anchors(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_cert(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_profile(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_publish(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_revoke(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_request(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_audit(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_backup(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_restore(struct cmcd_run *r, int argc, char **argv);
enum cmc_rc cmcd_cmd_doctor(struct cmcd_run *r, int argc, char **argv);

/* The configuration that -c names when it is not given. */
#define CMCD_DEFAULT_CONF "cmcd.yaml"
/* The option row that each command that reads the configuration has. */
#define CMCD_OPTION_CONF(T, member)                                                                \
    CMC_OPTION("config", 'c', STRING, "FILE", T, member, "configuration (" CMCD_DEFAULT_CONF ")")

/* The configuration and the database it names, for commands that look and change. */
struct cmcd_db {
    struct cmc_conf *conf;
    struct cmc_store *store;
    struct cmc_reader *reader;
};
/* conf_path NULL: CMCD_DEFAULT_CONF. cmcd_db_close() is due in any case; db is zeroed before. */
enum cmc_rc cmcd_db_open(struct cmcd_db *db, const char *conf_path,
                         struct cmc_err *err) CMC_MUST_USE;
void cmcd_db_close(struct cmcd_db *db);

/* The URL of the CRL as certificates have it: where there are shards, that of the first. */
const char *cmcd_crl_url(struct cmcd_run *r, const struct cmc_conf_authority *a);

/* A serial number in hex, with or without 0x, colons and blanks, as INTEGER content octets. */
enum cmc_rc cmcd_parse_serial(struct cmcd_run *r, const char *text,
                              struct cmc_slice *out) CMC_MUST_USE;

/* The option row of commands that are about one authority's certificates. */
#define CMCD_OPTION_AUTHORITY(T, member)                                                           \
    CMC_OPTION("authority", 0, STRING, "NAME", T, member, "of several authorities (the first)")
/* The authority of that name, the first one for NULL. Errors: CMC_E_USAGE. */
enum cmc_rc cmcd_authority(struct cmcd_run *r, const struct cmc_conf *conf, const char *name,
                           const struct cmc_conf_authority **out) CMC_MUST_USE;
/* Its certificate, decoded into the run's arena; *der is the whole of it, or NULL. */
enum cmc_rc cmcd_ca_cert(struct cmcd_run *r, const struct cmc_conf_authority *a,
                         struct cmc_slice *der, struct cmc_cert *cert) CMC_MUST_USE;
/* The subject of its CA, which is the issuer of all its certificates. */
enum cmc_rc cmcd_issuer_name(struct cmcd_run *r, const struct cmc_conf *conf, const char *name,
                             struct cmc_slice *out) CMC_MUST_USE;
/* Who decides: the name that was given, or (as NULL) the user's. */
enum cmc_rc cmcd_decider(struct cmcd_run *r, const char *as, const char **out) CMC_MUST_USE;
/* Text of an option (or NULL) that goes into the audit log: one line, and not too long. */
enum cmc_rc cmcd_check_line(struct cmcd_run *r, const char *option, const char *text) CMC_MUST_USE;

/* --names, each an entry of a name space: as the store has it, into the run's arena. NULL: none. */
enum cmc_rc cmcd_names_option(struct cmcd_run *r, const struct cmc_option_list *names,
                              const char **out) CMC_MUST_USE;

/* cmcd profile test */
enum cmc_rc cmcd_profile_test(struct cmcd_run *r, int argc, char **argv);
/* cmcd cert list and search; and what they call a state. */
enum cmc_rc cmcd_cert_search(struct cmcd_run *r, int argc, char **argv);
const char *cmcd_cert_state(enum cmc_cert_state state);

/* "2026-01-31T23:59:59Z" into buf; returns buf. */
#define CMCD_TIME_SIZE 32
const char *cmcd_time(int64_t t, char buf[CMCD_TIME_SIZE]);

/* Print what b holds on standard output. Errors: CMC_E_LOCAL, CMC_E_MEM (b failed). */
enum cmc_rc cmcd_print(struct cmc_buf *b, struct cmc_err *err) CMC_MUST_USE;

#endif
