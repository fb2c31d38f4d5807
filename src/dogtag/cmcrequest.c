/* SPDX-License-Identifier: Apache-2.0 */
/* CMCRequest: a Full PKI Request from a configuration file. */
#include <stdio.h>
#include <stdlib.h>

#include "dogtag/request.h"

static const struct dog_param params[] = {
    {"dbdir", DOG_TEXT, NULL},
    {"password", DOG_TEXT, NULL},
    {"tokenname", DOG_TEXT, NULL},
    {"nickname", DOG_TEXT, NULL},
    {"format", DOG_TEXT, NULL},
    {"numRequests", DOG_TEXT, NULL},
    {"input", DOG_TEXT, NULL},
    {"output", DOG_TEXT, NULL},
    {"request.useSharedSecret", DOG_BOOL_EXACT, NULL},
    {"request.selfSign", DOG_BOOL_EXACT, NULL},
    {"request.privKeyId", DOG_TEXT, NULL},
    {"identification.enable", DOG_BOOL_EXACT, NULL},
    {"identification", DOG_TEXT, NULL},
    {"witness.sharedSecret", DOG_TEXT, NULL},
    {"identityProofV2.enable", DOG_BOOL_EXACT, NULL},
    {"identityProofV2.hashAlg", DOG_TEXT, NULL},
    {"identityProofV2.macAlg", DOG_TEXT, NULL},
    {"popLinkWitnessV2.enable", DOG_BOOL_EXACT, NULL},
    {"popLinkWitnessV2.keyGenAlg", DOG_TEXT, NULL},
    {"popLinkWitnessV2.macAlg", DOG_TEXT, NULL},
    {"decryptedPop.enable", DOG_BOOL, NULL},
    {"encryptedPopResponseFile", DOG_TEXT, NULL},
    {"decryptedPopRequestFile", DOG_TEXT, NULL},
    {"oaep", DOG_BOOL, NULL},
    {"revRequest.enable", DOG_BOOL, NULL},
    {"revRequest.serial", DOG_TEXT, NULL},
    {"revRequest.reason", DOG_TEXT, NULL},
    {"revRequest.issuer", DOG_TEXT, NULL},
    {"revRequest.sharedSecret", DOG_TEXT, NULL},
    {"revRequest.comment", DOG_TEXT, NULL},
    {"revRequest.invalidityDatePresent", DOG_BOOL_EXACT, NULL},
    {"revRequest.nickname", DOG_OBSOLETE, "the signer is 'nickname'"},
    {"senderNonce.enable", DOG_BOOL, NULL},
    {"senderNonce", DOG_TEXT, NULL},
    {"senderNonce.id", DOG_OBSOLETE, "the value is 'senderNonce'"},
    {"transactionMgt.enable", DOG_BOOL_EXACT, NULL},
    {"transactionMgt.id", DOG_TEXT, NULL},
    {"dataReturn.enable", DOG_BOOL, NULL},
    {"dataReturn.data", DOG_TEXT, NULL},
    {"getCert.enable", DOG_BOOL, NULL},
    {"getCert.serial", DOG_TEXT, NULL},
    {"getCert.issuer", DOG_TEXT, NULL},
    {"confirmCertAcceptance.enable", DOG_BOOL, NULL},
    {"confirmCertAcceptance.serial", DOG_TEXT, NULL},
    {"confirmCertAcceptance.issuer", DOG_TEXT, NULL},
    {"LraPopWitness.enable", DOG_BOOL, NULL},
    {"LraPopWitness.bodyPartIDs", DOG_TEXT, NULL},
    {"identityProof.enable", DOG_BOOL_EXACT, NULL},
    {"identityProof.sharedSecret", DOG_TEXT, NULL},
    {"popLinkWitness.enable", DOG_BOOL, NULL},
    /* Ours alone. */
    {"rfc", DOG_BOOL, NULL},
};

/* -- what must be there ------------------------------------------------------------------ */

enum mode { MODE_ENROL, MODE_REVOKE, MODE_DECRYPTED_POP, MODE_TEST };

static enum mode mode_of(const struct dog_config *cfg, const char *format)
{
    if (strcmp(format, "test_cmc") == 0)
        return MODE_TEST;
    if (dog_config_on(cfg, "decryptedPop.enable"))
        return MODE_DECRYPTED_POP;
    return dog_config_on(cfg, "revRequest.enable") ? MODE_REVOKE : MODE_ENROL;
}

static enum cmc_rc check_count(struct dog_request *rq)
{
    const char *text = dog_config_get(rq->cfg, "numRequests");
    size_t n;

    if (text == NULL)
        return dog_usage(rq->d, "Missing numRequests.");
    n = strlen(text);
    if (n == 0 || n > 5 || strspn(text, "0123456789") != n || strtoul(text, NULL, 10) == 0 ||
        strtoul(text, NULL, 10) > CMC_LIMIT_REQUESTS)
        return dog_usage(rq->d, "numRequests must be integer, 1 to %u; it is '%s'",
                         CMC_LIMIT_REQUESTS, text);
    return CMC_OK;
}

static enum cmc_rc check_format(struct dog_request *rq, enum mode *mode)
{
    const char *format = dog_config_get(rq->cfg, "format");

    if (format == NULL)
        return dog_usage(rq->d, "Missing format; want pkcs10 or crmf.");
    if (strcmp(format, "pkcs10") != 0 && strcmp(format, "crmf") != 0 &&
        strcmp(format, "test_cmc") != 0)
        return dog_usage(rq->d, "Unrecognized request format: %s; want pkcs10 or crmf", format);
    rq->crmf = strcmp(format, "crmf") == 0;
    rq->fixed_ids = rq->crmf;
    *mode = mode_of(rq->cfg, format);
    return CMC_OK;
}

static enum cmc_rc check(struct dog_request *rq, enum mode *mode, const char **output)
{
    const struct dog_config *cfg = rq->cfg;
    const char *nickname = dog_config_get(cfg, "nickname");
    enum cmc_rc rc = check_format(rq, mode);

    if (rc != CMC_OK)
        return rc;
    if (dog_config_get(cfg, "password") == NULL)
        return dog_usage(rq->d, "Missing password.");
    if ((nickname == NULL || *nickname == '\0') && !rq->self_signed && *mode != MODE_TEST &&
        dog_config_get(cfg, "revRequest.sharedSecret") == NULL)
        return dog_usage(rq->d, "Missing nickname.");
    if (*mode == MODE_DECRYPTED_POP)
        return dog_config_want(rq->d, cfg, "decryptedPopRequestFile",
                               "where the new request is to go", output);
    if (*mode != MODE_TEST)
        rc = check_count(rq);
    if (rc == CMC_OK)
        rc = dog_config_want(rq->d, cfg, "output", "Missing output filename for the CMC request.",
                             output);
    return rc;
}

/* -- the message ------------------------------------------------------------------------- */

static enum cmc_rc enrol(struct dog_request *rq, struct cmc_slice *out)
{
    enum cmc_rc rc = dog_request_read(rq);

    if (rc == CMC_OK)
        rc = dog_request_early_controls(rq);
    if (rc == CMC_OK)
        rc = dog_request_pop_link_v2(rq);
    if (rc == CMC_OK)
        rc = dog_request_tag(rq);
    if (rc == CMC_OK)
        rc = dog_request_late_controls(rq);
    return rc == CMC_OK ? dog_request_envelope(rq, true, out) : rc;
}

static enum cmc_rc revoke(struct dog_request *rq, struct cmc_slice *out)
{
    bool signed_ = true;
    enum cmc_rc rc = dog_request_early_controls(rq);

    if (rc == CMC_OK)
        rc = dog_request_revoke(rq, &signed_);
    return rc == CMC_OK ? dog_request_envelope(rq, signed_, out) : rc;
}

static enum cmc_rc make(struct dog_request *rq, enum mode mode, struct cmc_slice *out)
{
    const char *path = NULL;
    enum cmc_rc rc;

    switch (mode) {
    case MODE_REVOKE:
        return revoke(rq, out);
    case MODE_DECRYPTED_POP:
        rc = dog_request_decrypted_pop(rq);
        return rc == CMC_OK ? dog_request_envelope(rq, true, out) : rc;
    case MODE_TEST:
        rc = dog_config_want(rq->d, rq->cfg, "input", "the message to sign again", &path);
        return rc == CMC_OK ? dog_request_resign(rq, path, out) : rc;
    case MODE_ENROL:
    default:
        return enrol(rq, out);
    }
}

static enum cmc_rc open_keys(struct dog_request *rq, enum mode mode)
{
    const struct dog_db_place place = {.dbdir = dog_config_get(rq->cfg, "dbdir"),
                                       .token = dog_config_get(rq->cfg, "tokenname"),
                                       .password = dog_config_get(rq->cfg, "password")};
    const char *nickname = dog_config_get(rq->cfg, "nickname");
    const char *secret = dog_config_get(rq->cfg, "revRequest.sharedSecret");
    enum cmc_rc rc = dog_db_open(rq->d, &place, &rq->db);

    if (rc != CMC_OK || nickname == NULL || *nickname == '\0')
        return rc;
    if (mode == MODE_REVOKE && secret != NULL && *secret != '\0')
        return rc; /* nothing is signed */
    return dog_db_signer(rq->d, &rq->db, nickname, &rq->signer);
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    struct dog_request rq = {.d = d, .next_id = 1};
    struct dog_config *cfg = NULL;
    enum mode mode = MODE_ENROL;
    const char *output = NULL;
    struct cmc_slice message = CMC_SLICE_NONE;
    enum cmc_rc rc;

    if (argc != 2) {
        (void)printf("Usage: CMCRequest <configuration file>\n"
                     "The man page CMCRequest(1) lists the parameters.\n");
        return dog_usage(d, "want one argument, the configuration file");
    }
    rc = dog_config_read(d, argv[1], DOG_CONFIG_PLAIN, params, CMC_COUNT(params), &cfg);
    if (rc != CMC_OK)
        return rc;
    rq.cfg = cfg;
    rq.rfc = dog_config_on(cfg, "rfc");
    rq.self_signed =
        dog_config_on(cfg, "request.useSharedSecret") || dog_config_on(cfg, "request.selfSign");
    rc = check(&rq, &mode, &output);
    if (rc == CMC_OK)
        rc = open_keys(&rq, mode);
    if (rc == CMC_OK)
        rc = make(&rq, mode, &message);
    if (rc == CMC_OK)
        rc = dog_write(d, output, message);
    if (rc == CMC_OK)
        dog_request_say(message, output);
    EVP_PKEY_free(rq.own);
    dog_signer_clean(&rq.signer);
    dog_db_close(&rq.db);
    return rc;
}

int main(int argc, char **argv)
{
    return dog_main("CMCRequest", run, argc, argv);
}
