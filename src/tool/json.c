/* SPDX-License-Identifier: Apache-2.0 */
/* Results for programs. Text of the server goes in as it is: JSON escapes what is unsafe. */
#include <jansson.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "tool/advice.h"
#include "tool/exchange.h"
#include "tool/summary.h"

/* Strings that are no UTF-8 are escaped as for a terminal. */
static json_t *string(struct cmc_slice text)
{
    json_t *s = json_stringn(text.p != NULL ? (const char *)text.p : "", text.n);

    if (s == NULL) {
        struct cmc_buf b;

        cmc_buf_init(&b, 16u * CMC_LIMIT_ERROR_TEXT);
        tool_safe(&b, text);
        s = json_stringn((const char *)cmc_buf_get0(&b).p, b.n);
        cmc_buf_free(&b);
    }
    return s;
}

static json_t *outcome(const struct cmc_outcome *o)
{
    json_t *out = json_object();
    json_t *parts = json_array();
    char number[32];

    for (size_t i = 0; i < o->nbody_parts; i++)
        (void)json_array_append_new(parts, json_integer(o->body_parts[i]));
    (void)json_object_set_new(out, "status", json_string(cmc_status_name(o->status)));
    if (o->fail_info != CMC_FAIL_INFO_NONE)
        (void)json_object_set_new(
            out, "failInfo", json_string(tool_fail_info_text(o->fail_info, number, sizeof number)));
    if (tool_advice(o) != NULL)
        (void)json_object_set_new(out, "advice", json_string(tool_advice(o)));
    (void)json_object_set_new(out, "bodyParts", parts);
    if (o->text.p != NULL)
        (void)json_object_set_new(out, "text", string(o->text));
    if (o->pend_token.p != NULL) {
        struct cmc_buf hex;

        cmc_buf_init(&hex, CMC_LIMIT_FILE_OCTETS);
        cmc_buf_hex(&hex, o->pend_token);
        (void)json_object_set_new(out, "pendToken", string(cmc_buf_get0(&hex)));
        (void)json_object_set_new(out, "pendTime", json_integer(o->pend_time));
        cmc_buf_free(&hex);
    }
    return out;
}

json_t *tool_json_outcomes(const struct cmc_answer_view *answer)
{
    json_t *list = json_array();

    for (size_t i = 0; i < answer->noutcomes; i++)
        (void)json_array_append_new(list, outcome(&answer->outcomes[i]));
    return list;
}

static json_t *name(struct cmc_slice der)
{
    struct cmc_buf b;
    json_t *s;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_name_print(der, &b);
    s = string(cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return s;
}

json_t *tool_json_cert(struct tool *t, struct cmc_slice der, const char *file)
{
    struct cmc_cert cert = {0};
    struct cmc_buf hex;
    json_t *out;

    if (cmc_decode(&cmc_it_cert, der, t->arena, &cert, NULL) != CMC_OK)
        return json_null();
    out = json_object();
    cmc_buf_init(&hex, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_hex(&hex, cert.tbs.serial);
    (void)json_object_set_new(out, "subject", name(cert.tbs.subject));
    (void)json_object_set_new(out, "issuer", name(cert.tbs.issuer));
    (void)json_object_set_new(out, "serial", string(cmc_buf_get0(&hex)));
    if (file != NULL)
        (void)json_object_set_new(out, "file", string(cmc_slice_str(file)));
    cmc_buf_free(&hex);
    return out;
}

enum cmc_rc tool_json_print(struct tool *t, json_t *object)
{
    enum cmc_rc rc;
    char *text = object != NULL ? json_dumps(object, JSON_ENSURE_ASCII) : NULL;

    json_decref(object);
    if (text == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for JSON");
    rc = tool_print(t, cmc_slice_str(text));
    if (rc == CMC_OK)
        rc = tool_print(t, CMC_SLICE_LIT("\n"));
    free(text);
    return rc;
}
