/* SPDX-License-Identifier: Apache-2.0 */
#include "server/media.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#define NAME_MAX_OCTETS 64

/* One element of a header: type/subtype and the parameters that matter here. */
struct media {
    char type[NAME_MAX_OCTETS], subtype[NAME_MAX_OCTETS], smime_type[NAME_MAX_OCTETS];
    unsigned int q; /* thousandths */
};

/* -- reading ----------------------------------------------------------------------------- */

static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip_space(const char **p)
{
    *p += strspn(*p, " \t");
}

/* Copy what fits; a longer value is none of those we know, so its end is no loss. */
static void put(char out[NAME_MAX_OCTETS], size_t *n, char c)
{
    if (*n + 1 < NAME_MAX_OCTETS)
        out[(*n)++] = c;
    out[*n] = '\0';
}

static bool read_token(const char **p, char out[NAME_MAX_OCTETS])
{
    size_t n = 0;

    out[0] = '\0';
    while (is_token_char(**p))
        put(out, &n, *(*p)++);
    return n > 0;
}

static bool read_quoted(const char **p, char out[NAME_MAX_OCTETS])
{
    size_t n = 0;

    out[0] = '\0';
    for ((*p)++; **p != '"'; (*p)++) {
        if (**p == '\\')
            (*p)++;
        if (**p == '\0')
            return false;
        put(out, &n, **p);
    }
    (*p)++;
    return true;
}

/* "0", "0.5", "1.000": RFC 9110 section 12.4.2. */
static bool read_weight(const char *s, unsigned int *q)
{
    unsigned int scale = 100;

    if ((s[0] != '0' && s[0] != '1') || (s[1] != '\0' && s[1] != '.') || strlen(s) > 5)
        return false;
    *q = s[0] == '1' ? 1000 : 0;
    for (const char *d = s[1] == '.' ? s + 2 : s + 1; *d != '\0'; d++) {
        if (!isdigit((unsigned char)*d))
            return false;
        *q += (unsigned int)(*d - '0') * scale;
        scale /= 10;
    }
    return *q <= 1000;
}

static bool read_parameter(const char **p, struct media *m)
{
    char name[NAME_MAX_OCTETS], value[NAME_MAX_OCTETS];

    if (!read_token(p, name) || **p != '=')
        return false;
    (*p)++;
    if (**p == '"' ? !read_quoted(p, value) : !read_token(p, value))
        return false;
    if (strcasecmp(name, "q") == 0)
        return read_weight(value, &m->q);
    if (strcasecmp(name, "smime-type") == 0)
        memcpy(m->smime_type, value, sizeof value);
    return true;
}

/* Up to the end or the comma after it. */
static bool read_media(const char **p, struct media *m)
{
    *m = (struct media){.q = 1000};
    if (!read_token(p, m->type) || **p != '/')
        return false;
    (*p)++;
    if (!read_token(p, m->subtype))
        return false;
    for (skip_space(p); **p == ';'; skip_space(p)) {
        (*p)++;
        skip_space(p);
        if (**p != ';' && **p != '\0' && **p != ',' && !read_parameter(p, m))
            return false;
    }
    return **p == '\0' || **p == ',';
}

static bool is_media(const struct media *m, const char *subtype)
{
    return strcasecmp(m->type, "application") == 0 && strcasecmp(m->subtype, subtype) == 0;
}

/* -- requests ---------------------------------------------------------------------------- */

/* [10003-6.1-a, 10003-6.1-b] */
enum cmc_rc cmc_media_request(const char *content_type, enum cmc_request_type *out,
                              struct cmc_err *err)
{
    const char *p = content_type;
    struct media m;

    if (content_type == NULL)
        return cmc_fail(err, CMC_E_REFUSED, "RFC 10003 section 3",
                        "no Content-Type; send " CMC_MEDIA_REQUEST " or " CMC_MEDIA_PKCS10);
    if (!read_media(&p, &m) || *p != '\0')
        return cmc_fail(err, CMC_E_REFUSED, "RFC 9110 section 8.3",
                        "Content-Type is malformed; send " CMC_MEDIA_REQUEST
                        " or " CMC_MEDIA_PKCS10);
    if (is_media(&m, "pkcs10")) {
        *out = CMC_TYPE_PKCS10;
        return CMC_OK;
    }
    if (is_media(&m, "pkcs7-mime") &&
        (m.smime_type[0] == '\0' || strcasecmp(m.smime_type, "CMC-request") == 0)) {
        *out = CMC_TYPE_CMC;
        return CMC_OK;
    }
    return cmc_fail(
        err, CMC_E_REFUSED, "RFC 10003 section 3",
        "Content-Type %s/%s%s%s is no CMC request; send " CMC_MEDIA_REQUEST " or " CMC_MEDIA_PKCS10,
        m.type, m.subtype, m.smime_type[0] != '\0' ? "; smime-type=" : "", m.smime_type);
}

/* -- answers ----------------------------------------------------------------------------- */

struct form {
    const char *media, *subtype, *smime_type;
};
static const struct form forms[] = {
    [CMC_ANSWER_CMC] = {"application/pkcs7-mime; smime-type=CMC-response", "pkcs7-mime",
                        "CMC-response"},
    [CMC_ANSWER_CERTS_ONLY] = {"application/pkcs7-mime; smime-type=certs-only", "pkcs7-mime",
                               "certs-only"},
    [CMC_ANSWER_CERTS_ONLY_CHAIN] = {"application/pkcs7-mime; smime-type=certs-only", "pkcs7-mime",
                                     "certs-only"},
    [CMC_ANSWER_PKIX_CERT] = {CMC_MEDIA_PKIX_CERT, "pkix-cert", ""},
};

/* How closely a range of the Accept header names the form; 0: not at all. */
static int closeness(const struct media *range, const struct form *f)
{
    if (strcmp(range->type, "*") == 0 && strcmp(range->subtype, "*") == 0)
        return 1;
    if (strcasecmp(range->type, "application") == 0 && strcmp(range->subtype, "*") == 0)
        return 2;
    if (!is_media(range, f->subtype))
        return 0;
    if (range->smime_type[0] == '\0')
        return 3;
    if (strcasecmp(range->smime_type, f->smime_type) == 0)
        return 4;
    return strcasecmp(range->smime_type, "certsonly") == 0 &&
                   strcmp(f->smime_type, "certs-only") == 0
               ? 4
               : 0;
}

/* The weight that the closest range of the header gives each form on offer. False: malformed. */
static bool weigh(const char *accept, const enum cmc_answer_form *offer, size_t n,
                  unsigned int *weight)
{
    int closest[sizeof forms / sizeof forms[0]] = {0};
    struct media range;

    for (const char *p = accept; *p != '\0';) {
        p += strspn(p, ", \t");
        if (*p == '\0')
            break;
        if (!read_media(&p, &range))
            return false;
        for (size_t i = 0; i < n; i++) {
            int c = closeness(&range, &forms[offer[i]]);

            if (c > closest[i]) {
                closest[i] = c;
                weight[i] = range.q;
            }
        }
    }
    return true;
}

static enum cmc_rc none_acceptable(const enum cmc_answer_form *offer, size_t n, struct cmc_err *err)
{
    char list[CMC_LIMIT_ERROR_TEXT / 2] = "";

    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(list);

        /* certs-only with and without chain have one media type. */
        if (strstr(list, forms[offer[i]].media) == NULL)
            (void)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ",
                           forms[offer[i]].media);
    }
    return cmc_fail(err, CMC_E_REFUSED, "RFC 9110 section 12.5.1",
                    "nothing here suits the Accept header; offered: %s", list);
}

enum cmc_rc cmc_media_choose(const char *accept, const enum cmc_answer_form *offer, size_t n,
                             enum cmc_answer_form *out, struct cmc_err *err)
{
    unsigned int weight[sizeof forms / sizeof forms[0]] = {0};
    size_t best = 0;

    if (accept == NULL || accept[strspn(accept, ", \t")] == '\0') {
        *out = offer[0];
        return CMC_OK;
    }
    if (!weigh(accept, offer, n, weight))
        return cmc_fail(err, CMC_E_INPUT, "RFC 9110 section 12.5.1", "Accept is malformed");
    for (size_t i = 1; i < n; i++) {
        if (weight[i] > weight[best])
            best = i;
    }
    if (weight[best] == 0)
        return none_acceptable(offer, n, err);
    *out = offer[best];
    return CMC_OK;
}
