/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd cert show: one of what was issued. */
#include <ctype.h>
#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "key/key.h"
#include "server/cmd.h"

struct values {
    const char *config, *authority;
    bool pem;
};

/* -- show -------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

enum cmc_rc cmcd_parse_serial(struct cmcd_run *r, const char *text, struct cmc_slice *out)
{
    const char *p = text[0] == '0' && tolower((unsigned char)text[1]) == 'x' ? text + 2 : text;
    size_t digits = 0, octets;
    uint8_t *magnitude;

    for (const char *q = p; *q != '\0'; q++) {
        if (hex_digit(*q) >= 0)
            digits++;
        else if (*q != ':' && *q != ' ')
            return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                            "'%.80s' is no serial number; write it in hexadecimal", text);
    }
    octets = (digits + 1) / 2;
    magnitude = cmc_arena_alloc(r->arena, octets);
    if (digits == 0 || magnitude == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "a serial number has at least one digit");
    for (const char *q = p; *q != '\0'; q++) {
        int digit = hex_digit(*q);

        if (digit < 0)
            continue;
        digits--; /* now its place, counted from the right */
        magnitude[octets - 1 - digits / 2] |= (uint8_t)((unsigned int)digit << (digits % 2 * 4));
    }
    *out = cmc_int_from_magnitude(r->arena, cmc_slice(magnitude, octets));
    if (out->p == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a serial number");
    return CMC_OK;
}

static enum cmc_rc print_record(struct cmcd_run *r, const struct cmc_cert_record *c,
                                struct cmc_buf *out)
{
    char when[CMCD_TIME_SIZE];
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, c->der, r->arena, &cert, &r->err);

    if (rc != CMC_OK)
        return rc;
    cmc_buf_printf(out, "state: %s\n", cmcd_cert_state(c->state));
    if (c->state != CMC_CERT_VALID) {
        cmc_buf_printf(out, "reason: %u\nrevoked: %s\n", c->reason, cmcd_time(c->revoked_at, when));
        if (c->invalidity_at != 0)
            cmc_buf_printf(out, "invalid since: %s\n", cmcd_time(c->invalidity_at, when));
    }
    cmc_buf_printf(out, "issued: %s\nprofile: %s\nrequester: %s\n", cmcd_time(c->issued_at, when),
                   c->profile != NULL ? c->profile : "-",
                   c->requester != NULL ? c->requester : "-");
    return cmc_item_print(&cmc_it_cert, &cert, r->arena, 0, out, &r->err);
}

static enum cmc_rc show(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("pem", 'p', FLAG, NULL, struct values, pem, "the certificate alone, as PEM"),
        CMCD_OPTION_AUTHORITY(struct values, authority),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd cert show",
        "SERIAL",
        1,
        1,
        "One certificate and its state, by serial number in hex.",
        rows};
    struct cmc_cert_record record = {0};
    struct cmcd_db db = {0};
    struct values v = {0};
    struct cmc_slice issuer, serial;
    struct cmc_buf out;
    char **serials;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &serials, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = cmcd_parse_serial(r, serials[0], &serial);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmcd_issuer_name(r, db.conf, v.authority, &issuer);
    if (rc == CMC_OK)
        rc = cmc_reader_cert(db.reader, issuer, serial, r->arena, &record, &r->err);
    if (rc == CMC_OK)
        rc = v.pem ? cmc_pem_write("CERTIFICATE", record.der, &out, &r->err)
                   : print_record(r, &record, &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

enum cmc_rc cmcd_cmd_cert(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"list", "list issued certificates, newest first", cmcd_cert_search},
        {"search", "the same: find some of them", cmcd_cert_search},
        {"show", "show one certificate and its state", show},
    };
    static const struct cmcd_group group = {"cmcd cert", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
