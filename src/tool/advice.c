/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/advice.h"

#include <stdio.h>

#include "asn1/cmc.h"
#include "tool/tool.h"

/* RFC 10002 section 6.1.4, in its order; cmc.1, DIAGNOSTICS, says the same. */
static const struct {
    const char *advice;
    int exit;
} failures[] = {
    [CMC_FAIL_BAD_ALG] =
        {"use an algorithm that this server takes: another kind of key, --sig-alg, "
         "--proof or --pop-link; SHA-256 with RSA or P-256 is taken everywhere",
         TOOL_FAILED},
    [CMC_FAIL_BAD_MESSAGE_CHECK] =
        {"the server read a signature that does not verify, or could not "
         "decrypt: check that key and certificate belong together, then "
         "send it anew",
         TOOL_FAILED},
    [CMC_FAIL_BAD_REQUEST] = {"mend the request as the text says; asking again as it is helps "
                              "nothing",
                              TOOL_FAILED},
    [CMC_FAIL_BAD_TIME] = {"set the clock of this machine, or mend the date in the request, then "
                           "ask again",
                           TOOL_FAILED},
    [CMC_FAIL_BAD_CERT_ID] = {"the CA has no such certificate: check issuer and serial number "
                              "against the certificate itself",
                              TOOL_FAILED},
    [CMC_FAIL_UNSUPPORTED_EXT] = {"leave the extension out, or ask at an endpoint whose profile "
                                  "takes it",
                                  TOOL_FAILED},
    [CMC_FAIL_MUST_ARCHIVE_KEYS] =
        {"this CA keeps copies of such private keys, and cmc sends none: "
         "use an endpoint that does not, or a key that only signs",
         TOOL_FAILED},
    [CMC_FAIL_BAD_IDENTITY] = {"check who asks: the officer's certificate and registration, or "
                               "--identification and secret; after some failures the CA locks a "
                               "secret",
                               TOOL_FAILED},
    [CMC_FAIL_POP_REQUIRED] =
        {"the CA wants to see the private key at work: name it with --key, so "
         "that cmc can sign or answer the challenge",
         TOOL_FAILED},
    [CMC_FAIL_POP_FAILED] = {"the key does not fit its request, or the POP link does not fit the "
                             "secret: make the request anew with its own key and --pop-link",
                             TOOL_FAILED},
    [CMC_FAIL_NO_KEY_REUSE] = {"the CA takes no key twice: make a new one with --new-key",
                               TOOL_FAILED},
    [CMC_FAIL_INTERNAL_CA_ERROR] = {"the fault is on the CA's side: tell its operator the time and "
                                    "the transaction, and ask again when it is mended",
                                    TOOL_FAILED},
    [CMC_FAIL_TRY_LATER] = {"nothing is wrong with the request: send the same again after a while",
                            TOOL_TRY_LATER},
    [CMC_FAIL_AUTH_DATA_FAIL] =
        {"the CA could not authenticate the data that was sent along: check "
         "the shared secret it was made with",
         TOOL_FAILED},
};

/* RFC 10002 section 6.1.3; 1 is not used. */
static const struct {
    const char *advice;
    int exit;
} statuses[] = {
    [CMC_STATUS_SUCCESS] = {NULL, TOOL_OK},
    [1] = {NULL, TOOL_FAILED},
    [CMC_STATUS_FAILED] = {"the CA gives no reason: ask its operator", TOOL_FAILED},
    [CMC_STATUS_PENDING] =
        {"the CA has not decided yet: keep the key, and ask again with the token "
         "when it is time",
         TOOL_PENDING},
    [CMC_STATUS_NO_SUPPORT] = {"the CA does not do this kind of request: use PKCS#10 or CRMF, or "
                               "another endpoint",
                               TOOL_FAILED},
    [CMC_STATUS_CONFIRM_REQUIRED] = {"confirm the certificate to the CA, and do not use it before "
                                     "its answer to that",
                                     TOOL_PENDING},
    [CMC_STATUS_POP_REQUIRED] = {"the CA wants proof of possession: name the private key with "
                                 "--key, so that cmc can answer the challenge",
                                 TOOL_FAILED},
    [CMC_STATUS_PARTIAL] = {"a part is done, the rest is not decided yet: ask again with the token "
                            "when it is time",
                            TOOL_PENDING},
};

enum { PRIVATE_FIRST = 1000, PRIVATE_LAST = 1999 };

const char *tool_advice(const struct cmc_outcome *o)
{
    if (o->fail_info >= 0 && (size_t)o->fail_info < CMC_COUNT(failures))
        return failures[o->fail_info].advice;
    /* [10002-6.1.4-b] */
    if (o->fail_info >= PRIVATE_FIRST && o->fail_info <= PRIVATE_LAST)
        return "the code is a private one of this CA: its operator knows what it means";
    if (o->fail_info != CMC_FAIL_INFO_NONE)
        return "the code is in no RFC that cmc knows: ask the operator of the CA";
    if (o->status < CMC_COUNT(statuses) && statuses[o->status].advice != NULL)
        return statuses[o->status].advice;
    return o->status == CMC_STATUS_SUCCESS
               ? NULL
               : "the status is in no RFC that cmc knows: ask the operator of the CA";
}

int tool_outcome_exit(const struct cmc_outcome *o)
{
    if (o->status != CMC_STATUS_SUCCESS && o->fail_info >= 0 &&
        (size_t)o->fail_info < CMC_COUNT(failures))
        return failures[o->fail_info].exit;
    return o->status < CMC_COUNT(statuses) ? statuses[o->status].exit : TOOL_FAILED;
}

const char *tool_fail_info_text(int fail_info, char *buf, size_t size)
{
    if (fail_info >= 0 && (size_t)fail_info < CMC_COUNT(failures))
        return cmc_fail_info_name((uint32_t)fail_info);
    (void)snprintf(buf, size, "failInfo %d", fail_info);
    return buf;
}
