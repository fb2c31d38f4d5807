/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate extensions as Dogtag prints them. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "dogtag/print.h"

#define INDENT 16u

struct printer {
    struct dog *d;
    struct cmc_buf *out;
    struct cmc_slice value;
};

static void line(struct printer *p, unsigned int indent, const char *text)
{
    dog_indent(p->out, indent);
    cmc_buf_str(p->out, text);
    cmc_buf_byte(p->out, '\n');
}

static bool decode(struct printer *p, const struct cmc_item *it, void *out)
{
    return cmc_decode(it, p->value, p->d->arena, out, NULL) == CMC_OK;
}

/* -- one function for each kind; false: the value does not decode ------------------------ */

static bool bit_names(struct printer *p, const char *const *names, size_t n)
{
    struct cmc_slice bits = CMC_SLICE_NONE;

    if (!decode(p, &cmc_it_bit_string, &bits))
        return false;
    for (unsigned int i = 0; i < n; i++) {
        if (names[i] != NULL && cmc_bits_get(bits, i))
            line(p, INDENT + 8, names[i]);
    }
    return true;
}

static bool key_usage(struct printer *p)
{
    static const char *const names[] = {
        "Digital Signature ", "Non Repudiation ", "Key Encipherment ",
        "Data Encipherment ", "Key Agreement ",   "Key CertSign ",
        "Crl Sign ",          "Encipher Only ",   "Decipher Only "};

    line(p, INDENT + 4, "Key Usage: ");
    return bit_names(p, names, CMC_COUNT(names));
}

static bool netscape_cert_type(struct printer *p)
{
    static const char *const names[] = {
        "SSL Client ", "SSL Server ", "Secure Email ",    "Object Signing ",
        NULL,          "SSL CA ",     "Secure Email CA ", "ObjectSigning CA "};

    line(p, INDENT + 4, "Certificate Usage: ");
    return bit_names(p, names, CMC_COUNT(names));
}

static bool basic_constraints(struct printer *p)
{
    struct cmc_basic_constraints bc = {0};
    uint64_t n = 0;

    if (!decode(p, &cmc_it_basic_constraints, &bc))
        return false;
    line(p, INDENT + 4, bc.ca ? "Is CA: yes " : "Is CA: no ");
    dog_indent(p->out, INDENT + 4);
    if (bc.path_len.p != NULL && cmc_int_get_u64(bc.path_len, &n))
        cmc_buf_printf(p->out, "Path Length Constraint: %llu\n", (unsigned long long)n);
    else
        cmc_buf_str(p->out, "Path Length Constraint: UNLIMITED\n");
    return true;
}

static bool extended_key_usage(struct printer *p)
{
    struct cmc_list oids = {0};
    char text[128];

    if (!decode(p, &cmc_it_eku, &oids))
        return false;
    line(p, INDENT + 4, "Extended Key Usage: ");
    for (size_t i = 0; i < oids.n; i++)
        line(p, INDENT + 8,
             cmc_oid_text(*CMC_AT(const struct cmc_slice, oids, i), text, sizeof text));
    return true;
}

static bool subject_key_id(struct printer *p)
{
    struct cmc_slice id = CMC_SLICE_NONE;

    if (!decode(p, &cmc_it_octet_string, &id))
        return false;
    line(p, INDENT + 4, "Key Identifier: ");
    dog_hex(p->out, INDENT + 8, id);
    return true;
}

static bool authority_key_id(struct printer *p)
{
    struct cmc_authority_key_id id = {0};

    if (!decode(p, &cmc_it_authority_key_id, &id))
        return false;
    if (id.key_id.p != NULL) {
        line(p, INDENT + 4, "Key Identifier: ");
        dog_hex(p->out, INDENT + 8, id.key_id);
    }
    for (size_t i = 0; i < id.issuer.n; i++) {
        dog_indent(p->out, INDENT + 4);
        cmc_buf_str(p->out, "Authority Name: ");
        dog_print_general_name(p->d, CMC_AT(const struct cmc_general_name, id.issuer, i), p->out);
        cmc_buf_byte(p->out, '\n');
    }
    if (id.serial.p != NULL) {
        dog_indent(p->out, INDENT + 4);
        cmc_buf_str(p->out, "Serial Number: 0x");
        for (size_t i = 0; i < id.serial.n; i++)
            cmc_buf_printf(p->out, i == 0 ? "%X" : "%02X", id.serial.p[i]);
        cmc_buf_byte(p->out, '\n');
    }
    return true;
}

static bool alt_names(struct printer *p)
{
    struct cmc_list names = {0};

    if (!decode(p, &cmc_it_general_names, &names))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, names, i);

        dog_indent(p->out, INDENT + 8);
        if (gn->which == CMC_GN_DIRECTORY)
            cmc_buf_str(p->out, "DirectoryName: ");
        dog_print_general_name(p->d, gn, p->out);
        cmc_buf_byte(p->out, '\n');
    }
    return true;
}

static bool subject_alt_name(struct printer *p)
{
    line(p, INDENT + 4, "Value: ");
    return alt_names(p);
}

static bool issuer_alt_name(struct printer *p)
{
    line(p, INDENT + 4, "Issuer Names: ");
    return alt_names(p);
}

static bool info_access(struct printer *p)
{
    struct cmc_list list = {0};
    char text[128];

    if (!decode(p, &cmc_it_access_info, &list))
        return false;
    line(p, INDENT + 4, "Access Description: ");
    for (size_t i = 0; i < list.n; i++) {
        const struct cmc_access_description *ad =
            CMC_AT(const struct cmc_access_description, list, i);
        bool ocsp = cmc_slice_eq(ad->method, cmc_oid_id_ad_ocsp);

        dog_indent(p->out, INDENT + 8);
        cmc_buf_printf(p->out, "Method #%zu: %s\n", i,
                       ocsp ? "ocsp" : cmc_oid_text(ad->method, text, sizeof text));
        dog_indent(p->out, INDENT + 8);
        cmc_buf_printf(p->out, "Location #%zu: ", i);
        dog_print_general_name(p->d, &ad->location, p->out);
        cmc_buf_byte(p->out, '\n');
    }
    return true;
}

static void names_in_brackets(struct printer *p, const struct cmc_list *names)
{
    cmc_buf_byte(p->out, '[');
    for (size_t i = 0; i < names->n; i++) {
        if (i > 0)
            cmc_buf_str(p->out, ", ");
        dog_print_general_name(p->d, CMC_AT(const struct cmc_general_name, *names, i), p->out);
    }
    cmc_buf_str(p->out, "]\n");
}

static bool crl_dist_points(struct printer *p)
{
    struct cmc_list points = {0};

    if (!decode(p, &cmc_it_dist_points, &points))
        return false;
    dog_indent(p->out, INDENT + 4);
    cmc_buf_printf(p->out, "Number of Points: %zu\n", points.n);
    for (size_t i = 0; i < points.n; i++) {
        const struct cmc_dist_point *dp = CMC_AT(const struct cmc_dist_point, points, i);

        dog_indent(p->out, INDENT + 4);
        cmc_buf_printf(p->out, "Point %zu\n", i);
        if (dp->name != NULL && dp->name->which == 0) {
            dog_indent(p->out, INDENT + 8);
            cmc_buf_str(p->out, "Distribution Point: ");
            names_in_brackets(p, &dp->name->u.full_name);
        }
        if (dp->crl_issuer.v != NULL) {
            dog_indent(p->out, INDENT + 8);
            cmc_buf_str(p->out, "CRL Issuer: ");
            names_in_brackets(p, &dp->crl_issuer);
        }
    }
    return true;
}

static bool nothing_more(struct printer *p)
{
    (void)p;
    return true;
}

/* -- which is which ---------------------------------------------------------------------- */

struct row {
    const struct cmc_slice *oid;
    const char *name;
    bool (*print)(struct printer *p);
};
static const uint8_t ocsp_nocheck_oid[] = {0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5};
static const struct cmc_slice ocsp_nocheck = {ocsp_nocheck_oid, sizeof ocsp_nocheck_oid};

static const struct row rows[] = {
    {&cmc_oid_id_ce_keyUsage, "Key Usage: ", key_usage},
    {&cmc_oid_netscape_cert_type, "Netscape Certificate Type ", netscape_cert_type},
    {&cmc_oid_id_ce_authorityKeyIdentifier, "Authority Key Identifier ", authority_key_id},
    {&cmc_oid_id_ce_subjectKeyIdentifier, "Subject Key Identifier ", subject_key_id},
    {&cmc_oid_id_ce_basicConstraints, "Basic Constraints ", basic_constraints},
    {&cmc_oid_id_ce_issuerAltName, "Issuer Alternative Name ", issuer_alt_name},
    {&cmc_oid_id_ce_subjectAltName, "Subject Alternative Name ", subject_alt_name},
    {&cmc_oid_id_ce_freshestCRL, "Freshest CRL ", crl_dist_points},
    {&cmc_oid_id_ce_cRLDistributionPoints, "CRL Distribution Points ", crl_dist_points},
    {&cmc_oid_id_ce_extKeyUsage, "Extended Key Usage: ", extended_key_usage},
    {&cmc_oid_id_pe_authorityInfoAccess, "Authority Info Access: ", info_access},
    {&cmc_oid_id_pe_subjectInfoAccess, "Subject Info Access: ", info_access},
    {&ocsp_nocheck, "OCSP NoCheck: ", nothing_more},
};

void dog_print_extension(struct dog *d, const struct cmc_extension *e, struct cmc_buf *out)
{
    struct printer p = {d, out, e->value};
    const struct row *row = NULL;
    size_t before;
    char oid[128];

    for (size_t i = 0; i < CMC_COUNT(rows) && row == NULL; i++) {
        if (cmc_slice_eq(*rows[i].oid, e->extn_id))
            row = &rows[i];
    }
    dog_indent(out, INDENT);
    cmc_buf_printf(out, "Identifier: %s%s%s\n", row != NULL ? row->name : "",
                   row != NULL ? "- " : "", cmc_oid_text(e->extn_id, oid, sizeof oid));
    line(&p, INDENT + 4, e->critical ? "Critical: yes " : "Critical: no ");
    before = out->n;
    if (row != NULL && row->print(&p))
        return;
    /* Unknown, or not what its name says: the octets. */
    out->n = before;
    line(&p, INDENT + 4, "Value: ");
    dog_hex(out, INDENT + 8, e->value);
}
