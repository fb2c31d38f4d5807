/* SPDX-License-Identifier: Apache-2.0 */
/* cmc enroll: what its files share. */
#ifndef CMC_TOOL_ENROLL_H
#define CMC_TOOL_ENROLL_H

#include "tool/exchange.h"
#include "tool/items.h"
#include "tool/newcsr.h"
#include "tool/protect.h"

/* The command line. */
struct enroll {
    struct tool_key_options key;
    struct tool_csr_options csr;
    struct cmc_option_list csr_files, request_keys;
    struct tool_officer_options officer;
    const char *renew, *renew_key, *renew_pass;
    bool self, simple;
    struct tool_secret_options secret;
    struct tool_protect_options protect;
    const char *data_return, *reg_info;
    struct tool_net_options net;
    const char *answer;
    struct tool_trust_options trust;
    const char *cert_out, *chain_out, *self_signed_out;
    bool json;
    unsigned int wait;
    const char *pending_out, *reject;
    bool no_confirm;
};

/* One enrolment under way. */
struct enroll_run {
    struct tool *t;
    const struct enroll *o;
    struct tool_signer signer; /* its key is NULL with --self, --simple and --mac-secret */
    struct tool_secret secret;
    struct tool_protection protection, follow;
    struct tool_items items; /* what is asked for */
    bool self, key_made;
    EVP_PKEY *new_key; /* one made in a token, before that is opened for reading */
    struct cmc_exchange_state state;
    struct cmc_trust store;
    const struct cmc_trust *trust;
    struct cmc_answer_view answer;
    const char *left; /* the file to go on with, or NULL */
};

/*
 * enroll_follow.c: a request waits, or a certificate wants to be accepted. *code is the exit code
 * that it comes to, *item the request that it was about; r->answer is then the last answer.
 */
enum cmc_rc tool_enroll_follow(struct enroll_run *r, struct tool_item **item,
                               int *code) CMC_MUST_USE;

/* enroll_save.c: the first request that has its certificate, or NULL. */
const struct tool_item *tool_enroll_granted(const struct enroll_run *r);
/* Write the certificates and their chain where they belong; one of them at least is there. */
enum cmc_rc tool_enroll_save(struct enroll_run *r) CMC_MUST_USE;
/* The result as one JSON object. */
enum cmc_rc tool_enroll_json(struct enroll_run *r) CMC_MUST_USE;

#endif
