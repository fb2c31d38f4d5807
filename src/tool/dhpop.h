/* SPDX-License-Identifier: Apache-2.0 */
/* Diffie-Hellman keys on the command line: they prove themselves to the CA's DH certificate. */
#ifndef CMC_TOOL_DHPOP_H
#define CMC_TOOL_DHPOP_H

#include "message/request.h"
#include "tool/tool.h"

#define TOOL_DH_ROWS(T, m)                                                                         \
    CMC_OPTION("dh-pop", 0, STRING, "FILE", T, m.dh_pop,                                           \
               "prove possession of a Diffie-Hellman key to this\n"                                \
               "certificate of the CA (RFC 6955); with --new-key dh a key\n"                       \
               "with its parameters is made")

/* A new key with the parameters of the certificate; the caller frees. */
enum cmc_rc tool_dh_key(struct tool *t, const char *cert, EVP_PKEY **out) CMC_MUST_USE;
/* Let p be proved to the certificate instead of signed. */
enum cmc_rc tool_dh_prove(struct tool *t, const char *cert,
                          struct cmc_request_params *p) CMC_MUST_USE;

#endif
