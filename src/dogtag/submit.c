/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/submit.h"

#include <ctype.h>

#include "client/client.h"

#define SERVLET "/ca/ee/ca/profileSubmit"
/* Of what the CA's page says, so much is shown. */
#define WORD_MAX 200

enum cmc_rc dog_submit_check(struct dog *d, const struct dog_submission *s)
{
    const char *colon = strrchr(s->place, ':');

    if (colon == NULL || colon == s->place || strpbrk(s->place, "/?#@ ") != NULL ||
        colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return dog_usage(d, "ERROR: -m %s: want HOST:PORT", s->place);
    return CMC_OK;
}

/* application/x-www-form-urlencoded */
static void add_param(struct cmc_buf *b, const char *name, const char *value)
{
    cmc_buf_printf(b, "&%s=", name);
    for (const char *p = value; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if (isalnum(c) || strchr("-._*", c) != NULL)
            cmc_buf_byte(b, c);
        else if (c == ' ')
            cmc_buf_byte(b, '+');
        else
            cmc_buf_printf(b, "%%%02X", c);
    }
}

/* The page sets JavaScript variables, each on a line of its own: NAME="VALUE"; */
static const char *value_of(struct dog *d, struct cmc_slice page, const char *name)
{
    const size_t n = strlen(name);
    const char *p = (const char *)page.p, *end = p + page.n;

    while (p < end) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t line = (size_t)((eol != NULL ? eol : end) - p);

        if (line > n + 2 && memcmp(p, name, n) == 0 && p[n] == '=' && p[n + 1] == '"') {
            const char *from = p + n + 2, *to = memchr(from, '"', line - n - 2);
            size_t len = to != NULL ? (size_t)(to - from) : 0;
            char *word = cmc_arena_strndup(d->arena, from, len < WORD_MAX ? len : WORD_MAX);

            for (char *c = word; c != NULL && *c != '\0'; c++)
                *c = isprint((unsigned char)*c) ? *c : '?';
            return word;
        }
        p += line + 1;
    }
    return NULL;
}

/* Numbers are shown as the original shows them. */
static void say_id(const char *id)
{
    if (strspn(id, "0123456789") == strlen(id) && strlen(id) < 19)
        dog_say("Request ID: 0x%llx\n", strtoull(id, NULL, 10));
    else
        dog_say("Request ID: %s\n", id);
}

static enum cmc_rc report(struct dog *d, struct cmc_slice page)
{
    static const char *const states[] = {"completed", "failed", "pending", "rejected"};
    const char *id = value_of(d, page, "requestList.requestId");
    const char *code = value_of(d, page, "errorCode");
    const char *reason = value_of(d, page, "errorReason");
    const char *state = "unknown";

    for (size_t i = 0; code != NULL && i < CMC_COUNT(states); i++) {
        if (code[0] == (char)('0' + i) && code[1] == '\0')
            state = states[i];
    }
    if (id != NULL)
        say_id(id);
    if (code != NULL)
        dog_say("Request Status: %s\n", state);
    if (reason != NULL)
        dog_say("Reason: %s\n", reason);
    if (code == NULL)
        return cmc_fail(&d->err, CMC_E_INPUT, NULL,
                        "the answer says no status: it is not of a Dogtag CA's profileSubmit");
    if (state != states[0] && state != states[2])
        return cmc_fail(&d->err, CMC_E_REFUSED, NULL, "the CA's status for the request is %s%s%s",
                        state, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    return CMC_OK;
}

enum cmc_rc dog_submit(struct dog *d, const struct dog_submission *s, const char *request,
                       bool verbose)
{
    struct cmc_http_options o = {.get = true};
    struct cmc_http_transport *http = NULL;
    struct cmc_transport_reply reply = {0};
    struct cmc_transport t;
    struct cmc_buf url;
    enum cmc_rc rc;

    cmc_buf_init(&url, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_printf(&url, "http://%s%s?cert_request_type=crmf", s->place, SERVLET);
    add_param(&url, "cert_request", request);
    cmc_buf_str(&url, "&renewal=false&xmlOutput=false");
    add_param(&url, "profileId", s->profile);
    cmc_buf_str(&url, "&SubId=profile");
    if (s->user != NULL) {
        add_param(&url, "uid", s->user);
        add_param(&url, "sn_uid", s->user);
    }
    if (s->requestor != NULL)
        add_param(&url, "requestor_name", s->requestor);
    o.url = cmc_buf_cstr(&url);
    rc = o.url != NULL ? cmc_http_transport_new(&o, &http, &d->err) : dog_no_memory(d);
    if (rc == CMC_OK) {
        dog_say("Submitting CRMF request to %s\n", s->place);
        t = cmc_http_transport_get(http);
        rc = t.exchange(t.self, NULL, NULL, CMC_SLICE_NONE, d->arena, &reply, &d->err);
    }
    if (rc == CMC_OK && verbose)
        dog_say("--------------------\n%.*s\n--------------------\n", (int)reply.body.n,
                (const char *)reply.body.p);
    if (rc == CMC_OK)
        rc = report(d, reply.body);
    cmc_http_transport_free(http);
    cmc_buf_free(&url);
    return rc;
}
