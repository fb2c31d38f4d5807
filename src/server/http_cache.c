/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_cache.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

/* IMF-fixdate, RFC 9110 section 5.6.7: in English, whatever the locale. */
#define DATE "%a, %d %b %Y %H:%M:%S GMT"
/* Octets of a digest that tell two values apart. */
#define ETAG_OCTETS 16

static void date(char *out, size_t size, int64_t t)
{
    time_t when = (time_t)t;
    struct tm tm;

    if (gmtime_r(&when, &tm) == NULL || strftime(out, size, DATE, &tm) == 0)
        out[0] = '\0';
}

void cmc_http_cache_init(struct cmc_http_cache *c, const char *etag, int64_t modified,
                         int64_t expires, int64_t now, int64_t max_age)
{
    size_t n = 0;

    *c = (struct cmc_http_cache){.modified = modified};
    /* What has ended is to be asked for again at once. */
    if (expires - now < max_age)
        max_age = expires > now ? expires - now : 0;
    c->expires = now + max_age;
    (void)snprintf(c->etag, sizeof c->etag, "\"%.64s\"", etag);
    date(c->modified_text, sizeof c->modified_text, c->modified);
    date(c->expires_text, sizeof c->expires_text, c->expires);
    (void)snprintf(c->control, sizeof c->control, "public, max-age=%" PRId64 ", must-revalidate",
                   max_age);
    c->headers[n++] = "ETag";
    c->headers[n++] = c->etag;
    c->headers[n++] = "Last-Modified";
    c->headers[n++] = c->modified_text;
    c->headers[n++] = "Expires";
    c->headers[n++] = c->expires_text;
    c->headers[n++] = "Cache-Control";
    c->headers[n++] = c->control;
}

void cmc_http_cache_octets(struct cmc_http_cache *c, struct cmc_slice octets, int64_t modified,
                           int64_t now, int64_t max_age)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    char hex[2 * ETAG_OCTETS + 1] = "";

    if (EVP_Q_digest(NULL, "SHA256", NULL, octets.p, octets.n, digest, NULL) == 1) {
        for (size_t i = 0; i < ETAG_OCTETS; i++)
            (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    cmc_http_cache_init(c, hex, modified, INT64_MAX, now, max_age);
}

/* Is the tag in this list? Weak and strong ones are the same here: RFC 9110 section 8.8.3.2. */
static bool is_listed(const char *etag, const char *list)
{
    size_t n = strlen(etag);

    for (const char *p = list; *p != '\0';) {
        const char *end;

        p += strspn(p, ", \t");
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        if (*p == '*')
            return true;
        if (*p != '"')
            return false;
        end = strchr(p + 1, '"');
        if (end == NULL)
            return false;
        if ((size_t)(end - p) + 1 == n && strncmp(p, etag, n) == 0)
            return true;
        p = end + 1;
    }
    return false;
}

bool cmc_http_cache_has(const struct cmc_http_cache *c, const char *if_none_match,
                        const char *if_modified_since)
{
    struct tm tm = {0};
    const char *end;

    if (if_none_match != NULL)
        return is_listed(c->etag, if_none_match);
    if (if_modified_since == NULL)
        return false;
    end = strptime(if_modified_since, DATE, &tm);
    return end != NULL && *end == '\0' && c->modified <= (int64_t)timegm(&tm);
}
