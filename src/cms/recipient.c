/* SPDX-License-Identifier: Apache-2.0 */
/* RecipientInfos for a key that several are to have, RFC 5652 section 6.2. */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/envelope_int.h"
#include "cms/signed_data.h"
#include "crypto/agree.h"

#define KEY_ENCIPHERMENT 2u
#define KEY_AGREEMENT    4u

static const uint8_t empty_name[] = {0x30, 0};

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an envelope");
}

enum cmc_rc cmc_random_octets(const struct cmc_crypto *c, size_t n, struct cmc_arena *arena,
                              struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *p = cmc_arena_alloc(arena, n);

    *out = cmc_slice(p, n);
    return p != NULL ? cmc_random(c, p, n, err) : no_memory(err);
}

bool cmc_envelope_may(const struct cmc_list *extensions, EVP_PKEY *key, struct cmc_arena *arena)
{
    const struct cmc_extension *e = cmc_extension_find(extensions, cmc_oid_id_ce_keyUsage);
    struct cmc_slice usage = CMC_SLICE_NONE;

    if (!cmc_envelope_can(key))
        return false;
    if (e == NULL)
        return true;
    return cmc_decode(&cmc_it_bit_string, e->value, arena, &usage, NULL) == CMC_OK &&
           cmc_bits_get(usage, cmc_key_agrees(key) ? KEY_AGREEMENT : KEY_ENCIPHERMENT);
}

/* How the recipient is named: by its certificate, its SKI, or a serial number of ours. */
static enum cmc_rc recipient_id(const struct cmc_envelope_to *to, struct cmc_arena *arena,
                                struct cmc_signer_id *rid, struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc;

    *rid = (struct cmc_signer_id){.which = CMC_SID_SKI, .u.ski = to->ski};
    if (to->ski.p != NULL)
        return CMC_OK;
    *rid = (struct cmc_signer_id){.which = CMC_SID_ISSUER_SERIAL};
    if (to->cert.p != NULL) {
        rc = cmc_decode(&cmc_it_cert, to->cert, arena, &cert, err);
        rid->u.issuer_serial.issuer = cert.tbs.issuer;
        rid->u.issuer_serial.serial = cert.tbs.serial;
        return rc;
    }
    rid->u.issuer_serial.issuer = cmc_slice(empty_name, sizeof empty_name);
    rid->u.issuer_serial.serial = cmc_int_from_u64(arena, to->serial);
    return rid->u.issuer_serial.serial.p != NULL ? CMC_OK : no_memory(err);
}

/* [10004-5.1-k, 10004-5.1-l] */
static enum cmc_rc key_transport(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                 const struct cmc_signer_id *rid, struct cmc_slice key,
                                 struct cmc_arena *arena, struct cmc_ktri *out, struct cmc_err *err)
{
    enum cmc_rc rc = cmc_key_transport_algid(to->padding, arena, &out->key_encryption, err);

    out->version = rid->which == CMC_SID_SKI ? 2 : 0;
    out->rid = *rid;
    if (rc == CMC_OK)
        rc = cmc_rsa_encrypt(c, to->key, to->padding, key, arena, &out->encrypted_key, err);
    return rc;
}

static enum cmc_rc recipient(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                             struct cmc_slice key, struct cmc_arena *arena,
                             struct cmc_recipient_info *ri, struct cmc_err *err)
{
    struct cmc_signer_id rid;
    enum cmc_rc rc;

    if (to->key == NULL && to->password.p != NULL) {
        ri->which = CMC_RI_PWRI;
        return cmc_password_make(c, to->password, to->rounds, key, arena, &ri->u.pwri, err);
    }
    if (to->key == NULL || !cmc_envelope_can(to->key))
        return cmc_fail(err, CMC_E_USAGE, NULL, "nothing can be encrypted to a key of type %s",
                        to->key != NULL ? EVP_PKEY_get0_type_name(to->key) : "none");
    rc = recipient_id(to, arena, &rid, err);
    if (rc != CMC_OK)
        return rc;
    ri->which = cmc_key_agrees(to->key) ? CMC_RI_KARI : CMC_RI_KTRI;
    if (ri->which == CMC_RI_KARI)
        return cmc_key_agree_make(c, to, &rid, key, arena, &ri->u.kari, err);
    return key_transport(c, to, &rid, key, arena, &ri->u.ktri, err);
}

enum cmc_rc cmc_recipients_make(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                size_t n, struct cmc_slice key, struct cmc_arena *arena,
                                struct cmc_list *out, struct cmc_err *err)
{
    struct cmc_recipient_info *ri;
    enum cmc_rc rc = CMC_OK;

    *out = (struct cmc_list){0};
    if (n == 0 || n > CMC_LIMIT_CMS_RECIPIENTS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "%zu recipients; want 1 to CMC_LIMIT_CMS_RECIPIENTS (%u)", n,
                        CMC_LIMIT_CMS_RECIPIENTS);
    ri = cmc_list_add(arena, &cmc_it_recipient_infos, out, n);
    if (ri == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n && rc == CMC_OK; i++)
        rc = recipient(c, &to[i], key, arena, &ri[i], err);
    return rc;
}

/* RFC 5652 section 6.1 */
uint32_t cmc_enveloped_version(const struct cmc_list *recipients, bool attributes)
{
    bool all_zero = true;

    for (size_t i = 0; i < recipients->n; i++) {
        const struct cmc_recipient_info *ri =
            CMC_AT(const struct cmc_recipient_info, *recipients, i);

        if (ri->which == CMC_RI_PWRI || ri->which == CMC_RI_ORI)
            return 3;
        all_zero = all_zero && ri->which == CMC_RI_KTRI && ri->u.ktri.version == 0;
    }
    return all_zero && !attributes ? 0 : 2;
}
