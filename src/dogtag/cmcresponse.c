/* SPDX-License-Identifier: Apache-2.0 */
/* CMCResponse: show a CMC response, and keep it as PKCS#7. */
#include <openssl/bn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"
#include "dogtag/print.h"
#include "dogtag/text.h"
#include "key/key.h"

struct options {
    const char *dbdir, *input, *output, *trust;
    bool verbose;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("dbdir", 'd', STRING, "DIR", struct options, dbdir,
               "NSS database directory (default '.'); only looked\nfor, as nothing in it is used"),
    CMC_OPTION("input", 'i', STRING, "FILE", struct options, input,
               "the CMC response, in binary form"),
    CMC_OPTION("output", 'o', STRING, "FILE", struct options, output,
               "write the response here as PEM (PKCS7), if it is good"),
    CMC_OPTION("trust", 't', STRING, "FILE", struct options, trust,
               "certificates of the CAs whose signature is trusted"),
    CMC_OPTION("verbose", 'v', FLAG, NULL, struct options, verbose,
               "print each certificate in base64 too"),
    CMC_OPTION_END,
};

/* -- certificates ------------------------------------------------------------------------ */

static enum cmc_rc print_certs(struct dog *d, const struct cmc_signed_data *sd, bool verbose)
{
    enum cmc_rc rc = CMC_OK;
    struct cmc_buf text, b64;
    const char *s;

    cmc_buf_init(&text, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_init(&b64, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; i < sd->certs.n && rc == CMC_OK; i++) {
        struct cmc_slice der = *CMC_AT(const struct cmc_slice, sd->certs, i);

        if (verbose) {
            cmc_buf_reset(&b64);
            dog_base64(&b64, der);
            s = cmc_buf_cstr(&b64);
            dog_say("Cert:%zu\n%s\n===\n", i, s != NULL ? s : "");
        }
        rc = dog_print_cert(d, der, &text);
    }
    s = cmc_buf_cstr(&text);
    if (rc == CMC_OK && s == NULL)
        rc = dog_no_memory(d);
    if (rc == CMC_OK)
        dog_say("Certificates: \n%s\n\n", s);
    cmc_buf_free(&text);
    cmc_buf_free(&b64);
    return rc;
}

/* -- controls ---------------------------------------------------------------------------- */

static const char *const statuses[] = {"success",      "reserved",      "failed",
                                       "pending",      "not supported", "confirm required",
                                       "pop required", "partial"};
static const char *const fail_infos[] = {
    "bad algorithm",     "bad message check",      "bad request",
    "bad time",          "bad certificate id",     "unsupported extensions",
    "must archive keys", "bad identity",           "POP required",
    "POP failed",        "no key reuse",           "internal ca error",
    "try later",         "authenticated data fail"};

static void print_oid(struct cmc_slice oid)
{
    char text[128];

    (void)cmc_oid_text(oid, text, sizeof text);
    for (char *p = text; *p != '\0'; p++) {
        if (*p == '.')
            *p = ' ';
    }
    dog_say("   OID: {%s}\n", text);
}

/* "12 " or "(1 2) " for a path. */
static void add_reference(struct cmc_buf *out, const struct cmc_body_part_reference *ref,
                          const char *after)
{
    if (ref->which == CMC_REF_ID) {
        cmc_buf_printf(out, "%u%s", ref->u.id, after);
        return;
    }
    cmc_buf_byte(out, '(');
    for (size_t i = 0; i < ref->u.path.n; i++)
        cmc_buf_printf(out, "%s%u", i > 0 ? " " : "", *CMC_AT(const uint32_t, ref->u.path, i));
    cmc_buf_printf(out, ")%s", after);
}

static void say_text(const char *label, struct cmc_slice text)
{
    struct cmc_buf b;
    const char *s;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    dog_text(&b, text);
    s = cmc_buf_cstr(&b);
    dog_say("%s%s\n", label, s != NULL ? s : "");
    cmc_buf_free(&b);
}

static void print_pending(const struct cmc_pend_info *p)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t when = 0;
    struct tm tm;
    time_t t;

    dog_say("   OtherInfo type: PEND\nPendInfo present...processing...\n");
    if (cmc_time_parse(CMC_T_GENTIME, p->time, &when)) {
        t = (time_t)when;
        if (gmtime_r(&t, &tm) != NULL)
            dog_say("   Date: %02d/%s/%04d:%02d:%02d:%02d UTC\n", tm.tm_mday, months[tm.tm_mon],
                    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
    say_text("   Pending request id: ", p->token);
}

static void print_other(const struct cmc_other_status_info *oi)
{
    char oid[128];

    if (oi == NULL) /* the original cannot read this */
        return;
    if (oi->which == CMC_OI_FAIL) {
        dog_say("   OtherInfo type: FAIL\n");
        if (oi->u.fail_info < CMC_COUNT(fail_infos))
            dog_say("     failInfo=%s\n", fail_infos[oi->u.fail_info]);
        else
            dog_say("     failInfo=%u\n", oi->u.fail_info);
    } else if (oi->which == CMC_OI_PEND) {
        print_pending(&oi->u.pend);
    } else {
        dog_say("   OtherInfo type: EXTENDED FAIL\n     failInfoOID=%s\n",
                cmc_oid_text(oi->u.extended.type, oid, sizeof oid));
    }
}

/* Returns the status. */
static void print_status(const struct cmc_status_info_v2 *si)
{
    struct cmc_buf b;
    const char *list;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; i < si->body_list.n; i++)
        add_reference(&b, CMC_AT(const struct cmc_body_part_reference, si->body_list, i), " ");
    list = cmc_buf_cstr(&b);
    dog_say("   BodyList: %s\n", list != NULL ? list : "");
    cmc_buf_free(&b);
    if (si->status == CMC_STATUS_SUCCESS) {
        dog_say("   Status: SUCCESS\n");
    } else if (si->status != CMC_STATUS_CONFIRM_REQUIRED) {
        if (si->string.p != NULL)
            say_text("   Status String: ", si->string);
        print_other(si->other);
    }
}

static enum cmc_rc print_statuses(struct dog *d, size_t number,
                                  const struct cmc_tagged_attribute *ta)
{
    enum cmc_rc rc = CMC_OK;

    dog_say("Control #%zu: CMCStatusInfoV2\n", number);
    print_oid(ta->type);
    for (size_t i = 0; i < ta->values.n && rc == CMC_OK; i++) {
        struct cmc_status_info_v2 si = {0};

        rc = cmc_decode(&cmc_it_status_info_v2, *CMC_AT(const struct cmc_slice, ta->values, i),
                        d->arena, &si, &d->err);
        if (rc == CMC_OK)
            print_status(&si);
    }
    return rc;
}

/* A two's complement number in decimal. */
static void say_integer(const char *label, struct cmc_slice content)
{
    bool negative = content.n > 0 && (content.p[0] & 0x80) != 0;
    BIGNUM *v = BN_bin2bn(content.p, (int)content.n, NULL);
    BIGNUM *wrap = BN_new();
    char *text = NULL;

    if (v != NULL && wrap != NULL && BN_set_bit(wrap, (int)(8 * content.n)) == 1 &&
        (!negative || BN_sub(v, v, wrap) == 1))
        text = BN_bn2dec(v);
    dog_say("%s%s\n", label, text != NULL ? text : "");
    OPENSSL_free(text);
    BN_free(wrap);
    BN_free(v);
}

enum shape { NUMBER, OCTETS, REQUEST_ID, POP };

static enum cmc_rc print_value(struct dog *d, enum shape shape, struct cmc_slice tlv)
{
    const struct cmc_item *it = shape == NUMBER ? &cmc_it_integer : &cmc_it_octet_string;
    struct cmc_encrypted_pop pop = {0};
    struct cmc_slice v = CMC_SLICE_NONE;
    enum cmc_rc rc;

    if (shape == POP) {
        rc = cmc_decode(&cmc_it_encrypted_pop, tlv, d->arena, &pop, &d->err);
        if (rc == CMC_OK)
            dog_say("     encryptedPOP decoded\n");
        return rc;
    }
    rc = cmc_decode(it, tlv, d->arena, &v, &d->err);
    if (rc != CMC_OK)
        return rc;
    if (shape != OCTETS) {
        say_integer(shape == NUMBER ? "   INTEGER: " : "   requestID: ", v);
        return CMC_OK;
    }
    dog_say("   Value: ");
    for (size_t i = 0; i < v.n; i++)
        dog_say("%d ", v.p[i] < 128 ? v.p[i] : v.p[i] - 256);
    dog_say("\n");
    return CMC_OK;
}

static enum cmc_rc print_control(struct dog *d, size_t number,
                                 const struct cmc_tagged_attribute *ta)
{
    static const struct {
        const struct cmc_slice *oid;
        const char *name;
        enum shape shape;
    } known[] = {
        {&cmc_oid_id_cmc_transactionId, "CMC Transaction Id", NUMBER},
        {&cmc_oid_id_cmc_recipientNonce, "CMC Recipient Nonce", OCTETS},
        {&cmc_oid_id_cmc_senderNonce, "CMC Sender Nonce", OCTETS},
        {&cmc_oid_id_cmc_dataReturn, "CMC Data Return", OCTETS},
        {&cmc_oid_id_cmc_encryptedPOP, "CMC encrypted POP", POP},
        {&cmc_oid_id_cmc_responseInfo, "CMC ResponseInfo", REQUEST_ID},
    };

    if (cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfoV2))
        return print_statuses(d, number, ta);
    for (size_t i = 0; i < CMC_COUNT(known); i++) {
        if (!cmc_slice_eq(ta->type, *known[i].oid))
            continue;
        dog_say("Control #%zu: %s\n", number, known[i].name);
        if (known[i].shape != REQUEST_ID)
            print_oid(ta->type);
        return print_value(d, known[i].shape, *CMC_AT(const struct cmc_slice, ta->values, 0));
    }
    return CMC_OK;
}

/* -- the outcome ------------------------------------------------------------------------- */

/* The first status that is no success ends the run as the original's does. */
static void report(struct dog *d, const struct cmc_status_info_v2 *si)
{
    struct cmc_buf b;
    const char *list;

    if (si->status == CMC_STATUS_SUCCESS || d->status != 0)
        return;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; i < si->body_list.n; i++)
        add_reference(&b, CMC_AT(const struct cmc_body_part_reference, si->body_list, i),
                      i + 1 < si->body_list.n ? ", " : "");
    list = cmc_buf_cstr(&b);
    (void)fflush(stdout);
    if (si->status < CMC_COUNT(statuses))
        (void)fprintf(stderr, "ERROR: CMC status for [%s]: %s\n", list != NULL ? list : "",
                      statuses[si->status]);
    else
        (void)fprintf(stderr, "ERROR: CMC status for [%s]: %u\n", list != NULL ? list : "",
                      si->status);
    cmc_buf_free(&b);
    d->status = 1;
}

static enum cmc_rc report_all(struct dog *d, const struct cmc_list *controls)
{
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);
        bool v1 = cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfo);

        if (v1 && cmc_control_first(controls, cmc_oid_id_cmc_statusInfoV2) == NULL) {
            struct cmc_status_info si = {0};
            enum cmc_rc rc =
                cmc_decode(&cmc_it_status_info, *CMC_AT(const struct cmc_slice, ta->values, 0),
                           d->arena, &si, &d->err);

            if (rc != CMC_OK)
                return rc;
            /* The original does not look at version 1 and takes it for success. */
            if (si.status != CMC_STATUS_SUCCESS)
                report(d, &(struct cmc_status_info_v2){.status = si.status});
        }
        for (size_t k = 0; k < ta->values.n && cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfoV2);
             k++) {
            struct cmc_status_info_v2 si = {0};
            enum cmc_rc rc =
                cmc_decode(&cmc_it_status_info_v2, *CMC_AT(const struct cmc_slice, ta->values, k),
                           d->arena, &si, &d->err);

            if (rc != CMC_OK)
                return rc;
            report(d, &si);
        }
    }
    return CMC_OK;
}

static enum cmc_rc show(struct dog *d, const struct cmc_signed_data *sd, bool verbose)
{
    struct cmc_pkiresponse body = {0};
    enum cmc_rc rc = print_certs(d, sd, verbose);

    if (rc != CMC_OK)
        return rc;
    if (!cmc_slice_eq(sd->encap.type, cmc_oid_id_cct_PKIResponse) &&
        !cmc_slice_eq(sd->encap.type, cmc_oid_id_data))
        dog_say("Invalid CMC Response Format\n");
    if (cmc_is_certs_only(sd)) {
        dog_say("CMC Simple Response.\n");
        return CMC_OK;
    }
    rc = cmc_decode(&cmc_it_pkiresponse, sd->encap.content, d->arena, &body, &d->err);
    if (rc == CMC_OK)
        dog_say("Number of controls is %zu\n", body.controls.n);
    for (size_t i = 0; i < body.controls.n && rc == CMC_OK; i++)
        rc = print_control(d, i, CMC_AT(const struct cmc_tagged_attribute, body.controls, i));
    if (rc == CMC_OK) {
        dog_say("CMC Full Response.\n");
        rc = report_all(d, &body.controls);
    }
    return rc;
}

/* -- whose word it is -------------------------------------------------------------------- */

static enum cmc_rc verify(struct dog *d, const struct options *o, struct cmc_slice data,
                          const struct cmc_signed_data *sd)
{
    struct cmc_trust trust = {.no_eku = true, .now = (int64_t)time(NULL)};
    struct cmc_answer_view view;
    struct cmc_slice *anchors = NULL;
    enum cmc_rc rc = CMC_OK;

    if (cmc_is_certs_only(sd)) {
        dog_warn(d, "a simple response is not signed; nothing was verified");
        return CMC_OK;
    }
    if (o->trust != NULL)
        rc =
            cmc_certs_load(d->crypto, o->trust, NULL, d->arena, &anchors, &trust.nanchors, &d->err);
    trust.anchors = anchors;
    if (rc == CMC_OK)
        rc = cmc_answer_open(d->crypto, data, NULL, o->trust != NULL ? &trust : NULL, d->arena,
                             &view, &d->err);
    if (rc != CMC_OK)
        return rc;
    if (o->trust == NULL)
        dog_warn(d, "the signature of the response verifies, but nobody said whom to trust; "
                    "name the CA's certificate with -t");
    else
        dog_warn(d, "the signature of the response verifies, by a trusted CA");
    return CMC_OK;
}

static enum cmc_rc check_dbdir(struct dog *d, const char *dir)
{
    struct stat st;

    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return dog_usage(d, "-d %s: no such directory", dir);
    return CMC_OK;
}

static enum cmc_rc store(struct dog *d, const char *path, struct cmc_slice data)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, 2u * CMC_LIMIT_FILE_OCTETS);
    dog_pem(&b, "PKCS7", data);
    rc = cmc_buf_ok(&b) ? dog_write(d, path, cmc_buf_get0(&b)) : dog_no_memory(d);
    if (rc == CMC_OK)
        dog_say("\nPKCS#7 now stored in file: %s\n", path);
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    static const struct cmc_options spec = {
        .command = "CMCResponse",
        .operands = "",
        .about = "Show a CMC response; exit 0 when all of it is success.",
        .rows = rows};
    struct options o = {0};
    struct cmc_signed_data sd = {0};
    struct cmc_slice data;
    bool go_on = false;
    enum cmc_rc rc = dog_options(d, &spec, argc, argv, &o, &go_on);

    if (rc != CMC_OK || !go_on) {
        d->status = 1; /* --help too, as ever */
        return rc;
    }
    if (o.input == NULL)
        return dog_usage(d, "ERROR: Missing input CMC response; give it with -i");
    rc = check_dbdir(d, o.dbdir != NULL ? o.dbdir : ".");
    if (rc == CMC_OK)
        rc = dog_read(d, o.input, &data);
    if (rc == CMC_OK) {
        rc = cmc_signed_data_open(data, d->arena, &sd, &d->err);
        if (rc != CMC_OK)
            cmc_err_prefix(&d->err, "%s: no CMC response in binary form", o.input);
    }
    if (rc == CMC_OK && cmc_slice_eq(sd.encap.type, cmc_oid_id_cct_PKIData))
        rc = cmc_fail(&d->err, CMC_E_INPUT, NULL, "%s: is a CMC request, not a response", o.input);
    if (rc == CMC_OK)
        rc = show(d, &sd, o.verbose);
    if (rc == CMC_OK)
        rc = verify(d, &o, data, &sd);
    if (rc == CMC_OK && d->status == 0 && o.output != NULL)
        rc = store(d, o.output, data);
    return rc;
}

int main(int argc, char **argv)
{
    return dog_main("CMCResponse", run, argc, argv);
}
