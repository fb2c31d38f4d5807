/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd init: the configuration that fits what was made. */
#include <stdio.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "server/init.h"

#define CONF_MAX 65536u

/* A YAML scalar in double quotes is JSON's string. */
static void quoted(struct cmc_buf *b, const char *key, const char *value)
{
    cmc_buf_str(b, key);
    cmc_json_quote(b, cmc_slice_str(value));
    cmc_buf_str(b, "\n");
}

static void authority(struct cmc_buf *b, const struct cmc_init *in,
                      const struct cmc_init_result *made)
{
    cmc_buf_str(b, "authority:\n  certificate: " CMC_INIT_CA_CERT "\n");
    quoted(b, "  key: ", in->ca_key != NULL ? in->ca_key : CMC_INIT_CA_KEY);
    if (in->ca_pass != NULL)
        quoted(b, "  passphrase-file: ", in->ca_pass);
    if (made->nchain > 1)
        cmc_buf_str(b, "  chain: [" CMC_INIT_CHAIN "]\n");
    cmc_buf_str(b, "  crl:\n    path: " CMC_INIT_CRL_PATH "\n");
    cmc_buf_str(b, "    # goes into every certificate as its CRL distribution point\n    url: \"");
    cmc_buf_printf(b, "%s%s\"\n    hours: 168\n", in->url, CMC_INIT_CRL_PATH);
    cmc_buf_str(b, "  certificate-path: /ca.crt\n  chain-path: /ca.p7c\n\n");
}

static void listeners(struct cmc_buf *b, const struct cmc_init *in)
{
    cmc_buf_str(b, "listen:\n");
    quoted(b, "  - address: ", in->address);
    cmc_buf_printf(b, "    port: %u\n", in->port);
    quoted(b, "  - address: ", in->address);
    cmc_buf_printf(b, "    port: %u\n", in->tls_port);
    cmc_buf_str(b, "    tls: {certificate: " CMC_INIT_TLS_CERT ", key: " CMC_INIT_TLS_KEY
                   ", client: optional}\n\n");
}

static const char profiles[] =
    "profiles:\n"
    "  - name: tls-server\n"
    "    days: 397\n"
    "    backdate: 5         # minutes\n"
    "    extensions:         # values as in openssl.cnf\n"
    "      - {name: basicConstraints, value: \"critical,CA:FALSE\"}\n"
    "      - {name: keyUsage, value: \"critical,digitalSignature,keyEncipherment,keyAgreement\"}\n"
    "      - {name: extendedKeyUsage, value: \"serverAuth,clientAuth\"}\n"
    "    from-request: [subjectAltName]\n"
    "  - name: tls-client\n"
    "    days: 397\n"
    "    backdate: 5\n"
    "    extensions:\n"
    "      - {name: basicConstraints, value: \"critical,CA:FALSE\"}\n"
    "      - {name: keyUsage, value: \"critical,digitalSignature\"}\n"
    "      - {name: extendedKeyUsage, value: \"clientAuth\"}\n"
    "    from-request: [subjectAltName]\n\n";

static const char endpoints[] =
    "endpoints:\n"
    "  - path: /cmc\n"
    "    accept: [cmc, pkcs10]\n"
    "    answer: [cmc, certs-only, certs-only-chain, pkix-cert]   # the Accept header chooses\n"
    "    profile: tls-server\n"
    "    officer: required   # signer of a CMC request; TLS client for a bare PKCS#10\n"
    "    renewal: true       # by the holder of a certificate, without an officer\n"
    "    revoke: {allow: true}\n"
    "  - path: /cmc/client\n"
    "    accept: [cmc, pkcs10]\n"
    "    answer: [cmc, certs-only, certs-only-chain, pkix-cert]\n"
    "    profile: tls-client\n"
    "    officer: required\n"
    "    renewal: true\n";

enum cmc_rc cmc_init_write_conf(const struct cmc_init *in, const struct cmc_init_result *made,
                                const char *dir, struct cmc_err *err)
{
    char path[4096];
    struct cmc_buf b;
    enum cmc_rc rc;
    int n = snprintf(path, sizeof path, "%s/%s", dir, CMC_INIT_CONF);

    if (n < 0 || (size_t)n >= sizeof path)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s: the name is too long", dir);
    cmc_buf_init(&b, CONF_MAX);
    cmc_buf_str(&b,
                "# Written by cmcd init. Each key is explained in cmcd.conf(5); relative paths\n"
                "# are relative to this folder. After a change: cmcd check-config cmcd.yaml\n"
                "database: " CMC_INIT_DATABASE "\n"
                "log: {level: info, format: text}\n"
                "status: /status\n\n");
    authority(&b, in, made);
    cmc_buf_str(&b, "# Signs the answers, so that the CA's key signs certificates and CRLs alone.\n"
                    "responder:\n  certificate: " CMC_INIT_RESPONDER_CERT
                    "\n  key: " CMC_INIT_RESPONDER_KEY "\n\n");
    cmc_buf_str(&b,
                "# What clients encrypt requests to (cmc enroll --encrypt-to).\n"
                "encryption:\n  certificate: " CMC_INIT_ENCRYPTION_CERT
                "\n  key: " CMC_INIT_ENCRYPTION_KEY "\n  path: " CMC_INIT_ENCRYPTION_PATH "\n\n");
    cmc_buf_str(&b, "# Tells the status of certificates, one by one.\n"
                    "ocsp: {path: " CMC_INIT_OCSP_PATH ", certificate: " CMC_INIT_OCSP_CERT
                    ", key: " CMC_INIT_OCSP_KEY "}\n\n");
    cmc_buf_str(&b, "# Seals the shared secrets in the database: back it up, but not beside it.\n"
                    "secrets: {key: " CMC_INIT_SECRETS_KEY "}\n\n");
    listeners(&b, in);
    if (in->profiles != NULL) {
        cmc_buf_str(&b, "# Each *.yaml in this folder is one.\nprofile-files: [");
        cmc_json_quote(&b, cmc_slice_str(in->profiles));
        cmc_buf_str(&b, "]\n\n");
    } else {
        cmc_buf_str(&b, profiles);
    }
    cmc_buf_str(&b, endpoints);
    rc = cmc_buf_ok(&b) ? cmc_file_create(path, 0600, cmc_buf_get0(&b), err)
                        : cmc_fail(err, CMC_E_MEM, NULL, "no memory for the configuration");
    cmc_buf_free(&b);
    return rc;
}
