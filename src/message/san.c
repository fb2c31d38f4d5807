/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectAltName from text, RFC 5280 section 4.2.1.6. */
#include <arpa/inet.h>
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request.h"

static enum cmc_rc one_name(const char *kind, char *value, struct cmc_arena *arena,
                            struct cmc_general_name *out, struct cmc_err *err)
{
    uint8_t ip[16];

    out->v = cmc_slice_str(value);
    if (*value == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "subjectAltName: \"%s:\" without a value", kind);
    if (strcasecmp(kind, "DNS") == 0) {
        out->which = CMC_GN_DNS;
    } else if (strcasecmp(kind, "email") == 0) {
        out->which = CMC_GN_EMAIL;
    } else if (strcasecmp(kind, "URI") == 0) {
        out->which = CMC_GN_URI;
    } else if (strcasecmp(kind, "dirName") == 0) {
        out->which = CMC_GN_DIRECTORY;
        return cmc_name_parse(value, arena, &out->v, err);
    } else if (strcasecmp(kind, "IP") == 0) {
        out->which = CMC_GN_IP;
        if (inet_pton(AF_INET, value, ip) == 1)
            out->v = cmc_arena_slice(arena, cmc_slice(ip, 4));
        else if (inet_pton(AF_INET6, value, ip) == 1)
            out->v = cmc_arena_slice(arena, cmc_slice(ip, 16));
        else
            return cmc_fail(err, CMC_E_USAGE, NULL, "subjectAltName: \"%s\" is no IP address",
                            value);
        return CMC_OK;
    } else {
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "subjectAltName: \"%s\" is not known; use DNS, IP, email, URI or dirName",
                        kind);
    }
    for (const char *p = value; *p != '\0'; p++) {
        if ((unsigned char)*p >= 0x80 || (unsigned char)*p <= 0x20)
            return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1.6",
                            "subjectAltName: only printable ASCII may stand in \"%s\"", value);
    }
    return CMC_OK;
}

enum cmc_rc cmc_san_parse(const char *text, struct cmc_arena *arena, struct cmc_extension *out,
                          struct cmc_err *err)
{
    char *copy = cmc_arena_strdup(arena, text);
    struct cmc_list names = {0};
    enum cmc_rc rc;

    if (copy == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a subjectAltName");
    for (char *p = copy; p != NULL;) {
        char *end = strchr(p, ','), *colon;
        struct cmc_general_name *gn;

        if (end != NULL)
            *end++ = '\0';
        while (*p == ' ')
            p++;
        colon = strchr(p, ':');
        if (colon == NULL)
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "subjectAltName: \"%s\" should be like DNS:host.example", p);
        *colon = '\0';
        gn = cmc_list_add(arena, &cmc_it_general_names, &names, 1);
        if (gn == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a subjectAltName");
        rc = one_name(p, colon + 1, arena, gn, err);
        if (rc != CMC_OK)
            return rc;
        p = end;
    }
    *out = (struct cmc_extension){.extn_id = cmc_oid_id_ce_subjectAltName};
    return cmc_encode_arena(&cmc_it_general_names, &names, arena, &out->value, err);
}
