/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several authorities a command is about. */
#include "asn1/codec.h"
#include "base/nearest.h"
#include "key/key.h"
#include "server/cmd.h"

enum cmc_rc cmcd_authority(struct cmcd_run *r, const struct cmc_conf *conf, const char *name,
                           const struct cmc_conf_authority **out)
{
    struct cmc_nearest near = {0};

    *out = cmc_conf_authority(conf, name);
    if (*out != NULL)
        return CMC_OK;
    for (unsigned int i = 0; i < conf->authority_count; i++) {
        if (conf->authorities[i].name != NULL)
            cmc_nearest_offer(&near, name, conf->authorities[i].name);
    }
    return cmc_fail(&r->err, CMC_E_USAGE, NULL, "%s: there is no authority '%.60s'%s%s%s",
                    conf->path, name, near.word != NULL ? "; did you mean '" : "",
                    near.word != NULL ? near.word : "", near.word != NULL ? "'?" : "");
}

enum cmc_rc cmcd_ca_cert(struct cmcd_run *r, const struct cmc_conf_authority *a,
                         struct cmc_slice *der, struct cmc_cert *cert)
{
    const struct cmc_passphrase none = {0};
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc =
        cmc_certs_load(r->crypto, a->ca.certificate, &none, r->arena, &certs, &n, &r->err);

    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, certs[0], r->arena, cert, &r->err);
    if (rc == CMC_OK && der != NULL)
        *der = certs[0];
    return rc;
}

enum cmc_rc cmcd_issuer_name(struct cmcd_run *r, const struct cmc_conf *conf, const char *name,
                             struct cmc_slice *out)
{
    const struct cmc_conf_authority *a = NULL;
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmcd_authority(r, conf, name, &a);

    if (rc == CMC_OK)
        rc = cmcd_ca_cert(r, a, NULL, &cert);
    *out = cert.tbs.subject;
    return rc;
}
