/* SPDX-License-Identifier: Apache-2.0 */
/* Which entry of a directory a certificate belongs to. */
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "asn1/codec.h"
#include "base/buf.h"
#include "server/publish_ldap.h"

/* Octets of a distinguished name as text. */
#define DN_OCTETS 8192u

/* RFC 4514 section 2.4 */
static void add_escaped(struct cmc_buf *b, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool edge = (i == 0 && (p[i] == ' ' || p[i] == '#')) || (i == n - 1 && p[i] == ' ');

        if (p[i] < 0x20 || p[i] == 0x7f) {
            cmc_buf_printf(b, "\\%02x", p[i]);
            continue;
        }
        if (edge || strchr("\"+,;<>=\\", p[i]) != NULL)
            cmc_buf_byte(b, '\\');
        cmc_buf_byte(b, p[i]);
    }
}

static enum cmc_rc add_subject(struct cmc_buf *b, X509_NAME *name, struct cmc_err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum cmc_rc rc = CMC_OK;
    char *p = NULL;
    long n = 0;

    if (bio == NULL ||
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
        rc = cmc_fail_openssl(err, CMC_E_REFUSED, "the subject cannot be written as a DN");
    else
        n = BIO_get_mem_data(bio, &p);
    if (rc == CMC_OK && n <= 0)
        rc = cmc_fail(err, CMC_E_REFUSED, NULL, "the subject is empty; it names no entry");
    if (rc == CMC_OK)
        cmc_buf_add(b, p, (size_t)n);
    BIO_free(bio);
    return rc;
}

/* The last attribute of a type, which is the most special one. */
static enum cmc_rc add_attribute(struct cmc_buf *b, const X509_NAME *name, const char *type,
                                 struct cmc_err *err)
{
    static const struct {
        const char *type;
        int nid;
    } rows[] = {
        {"cn", NID_commonName},
        {"o", NID_organizationName},
        {"ou", NID_organizationalUnitName},
        {"uid", NID_userId},
        {"mail", NID_pkcs9_emailAddress},
        {"serialNumber", NID_serialNumber},
        {"sn", NID_surname},
        {"givenName", NID_givenName},
        {"c", NID_countryName},
        {"l", NID_localityName},
        {"st", NID_stateOrProvinceName},
        {"dc", NID_domainComponent},
    };
    int nid = NID_undef, at = -1, found = -1, n = -1;
    unsigned char *text = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        nid = strcmp(rows[i].type, type) == 0 ? rows[i].nid : nid;
    while (nid != NID_undef && (at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
        found = at;
    if (found >= 0)
        n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, found)));
    if (n > 0)
        add_escaped(b, text, (size_t)n);
    OPENSSL_free(text);
    return n > 0 ? CMC_OK
                 : cmc_fail(err, CMC_E_REFUSED, NULL,
                            "the subject has no %s, which its entry would be named by", type);
}

static enum cmc_rc fill(const char *pattern, X509_NAME *name, struct cmc_buf *b,
                        struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    while (rc == CMC_OK && *pattern != '\0') {
        const char *end = *pattern == '{' ? strchr(pattern, '}') : NULL;
        char type[32];

        if (end == NULL) {
            cmc_buf_byte(b, (uint8_t)*pattern++);
            continue;
        }
        (void)snprintf(type, sizeof type, "%.*s", (int)(end - pattern - 1), pattern + 1);
        rc = strcmp(type, "subject") == 0 ? add_subject(b, name, err)
                                          : add_attribute(b, name, type, err);
        pattern = end + 1;
    }
    return rc;
}

enum cmc_rc cmc_publish_ldap_dn(const char *pattern, struct cmc_slice cert, struct cmc_arena *arena,
                                char **out, struct cmc_err *err)
{
    struct cmc_cert parsed = {0};
    const unsigned char *p;
    X509_NAME *name = NULL;
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, DN_OCTETS);
    rc = cmc_decode(&cmc_it_cert, cert, arena, &parsed, err);
    if (rc != CMC_OK)
        goto out;
    p = parsed.tbs.subject.p;
    name = d2i_X509_NAME(NULL, &p, (long)parsed.tbs.subject.n);
    if (name == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_REFUSED, "the subject cannot be read");
        goto out;
    }
    rc = fill(pattern, name, &b, err);
    if (rc == CMC_OK) {
        *out = cmc_buf_cstr(&b) != NULL ? cmc_arena_strdup(arena, cmc_buf_cstr(&b)) : NULL;
        if (*out == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a DN");
    }
out:
    X509_NAME_free(name);
    cmc_buf_free(&b);
    return rc;
}
