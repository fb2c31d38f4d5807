/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate as Dogtag prints it. Times are in UTC whatever the place. */
#include <openssl/evp.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "dogtag/md2.h"
#include "dogtag/print.h"

const char *dog_alg_name(const struct cmc_algid *id, char *buf, size_t size)
{
    static const struct {
        const struct cmc_slice *oid;
        const char *name;
    } names[] = {
        {&cmc_oid_sha256WithRSAEncryption, "SHA256withRSA"},
        {&cmc_oid_sha384WithRSAEncryption, "SHA384withRSA"},
        {&cmc_oid_sha512WithRSAEncryption, "SHA512withRSA"},
        {&cmc_oid_sha1WithRSAEncryption, "SHA1withRSA"},
        {&cmc_oid_md5WithRSAEncryption, "MD5withRSA"},
        {&cmc_oid_ecdsa_with_SHA256, "SHA256withEC"},
        {&cmc_oid_ecdsa_with_SHA384, "SHA384withEC"},
        {&cmc_oid_ecdsa_with_SHA512, "SHA512withEC"},
        {&cmc_oid_ecdsa_with_SHA1, "SHA1withEC"},
        {&cmc_oid_rsaEncryption, "RSA"},
        {&cmc_oid_id_ecPublicKey, "EC"},
        {&cmc_oid_id_dsa, "DSA"},
        {&cmc_oid_id_ML_DSA_44, "ML-DSA-44"},
        {&cmc_oid_id_ML_DSA_65, "ML-DSA-65"},
        {&cmc_oid_id_ML_DSA_87, "ML-DSA-87"},
    };

    for (size_t i = 0; i < CMC_COUNT(names); i++) {
        if (cmc_slice_eq(*names[i].oid, id->algorithm))
            return names[i].name;
    }
    return cmc_oid_text(id->algorithm, buf, size);
}

static void print_alg(struct cmc_buf *out, unsigned int indent, const char *label,
                      const struct cmc_algid *id)
{
    char name[128], oid[128];

    dog_indent(out, indent);
    cmc_buf_printf(out, "%s%s - %s\n", label, dog_alg_name(id, name, sizeof name),
                   cmc_oid_text(id->algorithm, oid, sizeof oid));
}

static void print_name_line(struct dog *d, struct cmc_buf *out, const char *label,
                            struct cmc_slice name)
{
    dog_indent(out, 12);
    cmc_buf_str(out, label);
    dog_print_name(d, name, false, out);
    cmc_buf_byte(out, '\n');
}

static void print_time(struct cmc_buf *out, const char *label, struct cmc_slice tlv)
{
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    struct cmc_tlv t;
    struct tm tm;
    int64_t when = 0;
    time_t tt;

    dog_indent(out, 16);
    cmc_buf_str(out, label);
    if (cmc_tlv_next(&tlv, &t, NULL) == CMC_OK &&
        cmc_time_parse((uint16_t)t.tag, t.content, &when)) {
        tt = (time_t)when;
        if (gmtime_r(&tt, &tm) != NULL)
            cmc_buf_printf(out,
                           "%s, %s %d, %d at %d:%02d:%02d %s Coordinated Universal Time Etc/UTC",
                           days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday, tm.tm_year + 1900,
                           tm.tm_hour % 12 == 0 ? 12 : tm.tm_hour % 12, tm.tm_min, tm.tm_sec,
                           tm.tm_hour < 12 ? "AM" : "PM");
    }
    cmc_buf_byte(out, '\n');
}

/* RSAPublicKey, RFC 8017 appendix A.1.1 */
struct cmc_rsa_public_key {
    struct cmc_slice modulus, exponent;
};
static const struct cmc_field f_rsa_public_key[] = {
    CMC_FIELD(cmc_rsa_public_key, modulus, "modulus", cmc_it_integer),
    CMC_FIELD(cmc_rsa_public_key, exponent, "publicExponent", cmc_it_integer),
};
static CMC_SEQUENCE(cmc_rsa_public_key, "RSAPublicKey", rsa_public_key, f_rsa_public_key);

static void print_key(struct dog *d, struct cmc_buf *out, const struct cmc_spki *spki)
{
    struct cmc_slice bits = cmc_slice(spki->public_key.p + 1, spki->public_key.n - 1);
    struct cmc_rsa_public_key rsa = {0};
    uint64_t e = 0;
    size_t nbits;

    print_alg(out, 16, "Algorithm: ", &spki->algorithm);
    dog_indent(out, 16);
    cmc_buf_str(out, "Public Key: \n");
    if (!cmc_slice_eq(spki->algorithm.algorithm, cmc_oid_rsaEncryption) ||
        cmc_decode(&rsa_public_key, bits, d->arena, &rsa, NULL) != CMC_OK ||
        !cmc_int_get_u64(rsa.exponent, &e)) {
        dog_hex(out, 20, bits);
        return;
    }
    if (rsa.modulus.n > 1 && rsa.modulus.p[0] == 0)
        rsa.modulus = cmc_slice(rsa.modulus.p + 1, rsa.modulus.n - 1);
    nbits = 8 * rsa.modulus.n;
    for (unsigned int top = rsa.modulus.p[0]; nbits > 0 && (top & 0x80) == 0 && top != 0; top <<= 1)
        nbits--;
    dog_indent(out, 20);
    cmc_buf_printf(out, "Exponent: %llu\n", (unsigned long long)e);
    dog_indent(out, 20);
    cmc_buf_printf(out, "Public Key Modulus: (%zu bits) :\n", nbits);
    dog_hex(out, 24, rsa.modulus);
}

static void print_fingerprints(struct dog *d, struct cmc_buf *out, struct cmc_slice der)
{
    static const char *const names[] = {"MD2", "MD5", "SHA-1", "SHA-256", "SHA-512"};
    static const char *const evp[] = {NULL, "MD5", "SHA1", "SHA2-256", "SHA2-512"};

    cmc_buf_str(out, "        FingerPrint\n");
    for (size_t i = 0; i < CMC_COUNT(names); i++) {
        unsigned char md[EVP_MAX_MD_SIZE];
        size_t n = DOG_MD2_OCTETS;

        if (evp[i] == NULL)
            dog_md2(der, md);
        else if (EVP_Q_digest(cmc_crypto_get0_libctx(d->crypto), evp[i], NULL, der.p, der.n, md,
                              &n) != 1)
            continue;
        dog_indent(out, 12);
        cmc_buf_printf(out, "%s:\n", names[i]);
        dog_hex(out, 16, cmc_slice(md, n));
    }
}

enum cmc_rc dog_print_cert(struct dog *d, struct cmc_slice der, struct cmc_buf *out)
{
    struct cmc_cert cert = {0};
    const struct cmc_tbs_cert *tbs = &cert.tbs;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, d->arena, &cert, &d->err);
    size_t skip = 0;

    if (rc != CMC_OK)
        return rc;
    cmc_buf_str(out, "    Certificate: \n        Data: \n");
    cmc_buf_printf(out, "            Version:  v%u\n            Serial Number: 0x",
                   tbs->version + 1);
    while (skip + 1 < tbs->serial.n && tbs->serial.p[skip] == 0)
        skip++;
    for (size_t i = skip; i < tbs->serial.n; i++)
        cmc_buf_printf(out, i == skip ? "%X" : "%02X", tbs->serial.p[i]);
    cmc_buf_byte(out, '\n');
    print_alg(out, 12, "Signature Algorithm: ", &cert.signature_algorithm);
    print_name_line(d, out, "Issuer: ", tbs->issuer);
    cmc_buf_str(out, "            Validity: \n");
    print_time(out, "Not Before: ", tbs->validity.not_before);
    print_time(out, "Not  After: ", tbs->validity.not_after);
    print_name_line(d, out, "Subject: ", tbs->subject);
    cmc_buf_str(out, "            Subject Public Key Info: \n");
    print_key(d, out, &tbs->spki);
    cmc_buf_str(out, "            Extensions: \n");
    for (size_t i = 0; i < tbs->extensions.n; i++)
        dog_print_extension(d, CMC_AT(const struct cmc_extension, tbs->extensions, i), out);
    cmc_buf_str(out, "        Signature: \n");
    print_alg(out, 12, "Algorithm: ", &cert.signature_algorithm);
    cmc_buf_str(out, "            Signature: \n");
    if (cert.signature.n > 0)
        dog_hex(out, 16, cmc_slice(cert.signature.p + 1, cert.signature.n - 1));
    print_fingerprints(d, out, der);
    return cmc_buf_ok(out) ? CMC_OK : dog_no_memory(d);
}
