/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a certification request becomes before a certificate is made of it: the changes of a
 * registration authority (modCertTemplate, addExtensions: RFC 10002 section 6.5), and the change
 * of name that its holder asks for (changeSubjectName: section 7.1).
 *
 * The request itself stays as it is, because the proof of possession covers it: plan_item.asked.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE_MOD  "RFC 10002 section 6.5.1"
#define CLAUSE_ADD  "RFC 10002 section 6.5.2"
#define CLAUSE_NAME "RFC 10002 section 7.1"

/* One control, read and found permissible. Each field that is absent stays as it was. */
struct template_change {
    uint32_t control;           /* its body part id */
    bool remove;                /* the fields, instead of setting them */
    struct cmc_slice subject;   /* Name, or absent */
    struct cmc_list extensions; /* struct cmc_extension */
};

static const char *clause_of(const struct cmc_tagged_attribute *ta)
{
    return cmc_slice_eq(ta->type, cmc_oid_id_cmc_addExtensions) ? CLAUSE_ADD : CLAUSE_MOD;
}

static enum cmc_rc bad(const struct cmc_tagged_attribute *ta, struct cmc_err *err, const char *text)
{
    enum cmc_rc rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, clause_of(ta),
                                   "control %s %s", cmc_control_find(ta->type)->name, text);

    cmc_err_body_part(err, ta->body_part_id);
    return rc;
}

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate template");
}

/* -- reading the controls ---------------------------------------------------------------- */

/*
 * What of a CertTemplate may be changed: names and extensions. The rest is the CA's to decide,
 * and a changed publicKey would be one that nobody has proved to hold (RFC 8756 section 5).
 */
static enum cmc_rc check_fields(const struct cmc_tagged_attribute *ta,
                                const struct cmc_cert_template *t, struct cmc_err *err)
{
    const struct {
        const char *text;
        bool present;
    } fixed[] = {
        {"must not change publicKey: possession of it was proved by nobody", t->spki != NULL},
        {"must not change version", t->version.p != NULL},
        {"must not change serialNumber: the CA chooses it", t->serial.p != NULL},
        {"must not change signingAlg: the CA chooses it", t->signing_alg != NULL},
        {"must not change issuer: the endpoint tells which CA it is", t->issuer.p != NULL},
        {"must not change validity: the profile says it", t->validity != NULL},
        {"must not change issuerUID", t->issuer_uid.p != NULL},
        {"must not change subjectUID", t->subject_uid.p != NULL},
    };

    for (size_t i = 0; i < CMC_COUNT(fixed); i++) {
        if (fixed[i].present)
            return bad(ta, err, fixed[i].text);
    }
    for (size_t i = 0; i < t->extensions.n; i++) {
        const struct cmc_extension *e = CMC_AT(const struct cmc_extension, t->extensions, i);

        if (cmc_extension_find(&t->extensions, e->extn_id) != e)
            return bad(ta, err, "holds the same extension twice");
    }
    return CMC_OK;
}

/* [10002-6.5.1-u1, 10002-6.5.2-u1] Every reference has its request, or the control is refused. */
static enum cmc_rc link_requests(struct job *j, const struct cmc_tagged_attribute *ta,
                                 const struct cmc_list *refs, const struct template_change *change,
                                 struct cmc_err *err)
{
    for (size_t i = 0; i < refs->n; i++) {
        struct ra_request *r = cmc_ra_request(j, *CMC_AT(const uint32_t, *refs, i));
        struct template_link *link;

        if (r == NULL)
            return bad(ta, err, "names a body part that is no certification request here");
        if (r->last != NULL && r->last->change == change)
            return bad(ta, err, "names the same certification request twice");
        link = cmc_arena_alloc(j->arena, sizeof *link);
        if (link == NULL)
            return no_memory(err);
        link->change = change;
        if (r->last != NULL)
            r->last->next = link;
        else
            r->changes = link;
        r->last = link;
    }
    if (refs->n == 0)
        return bad(ta, err, "names no certification request");
    return CMC_OK;
}

static enum cmc_rc read_mod(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct template_change *change, struct cmc_list *refs,
                            struct cmc_err *err)
{
    struct cmc_mod_cert_template m = {0};
    enum cmc_rc rc = cmc_control_decode(ta, j->arena, &m, err);

    if (rc == CMC_OK)
        rc = check_fields(ta, &m.tmpl, err);
    if (rc != CMC_OK)
        return rc;
    if (m.pki_data_reference.n != 1 || *CMC_AT(const uint32_t, m.pki_data_reference, 0) != 0)
        return bad(ta, err,
                   "points into a nested message, which is not processed here; the path 0 means "
                   "this one");
    change->remove = !m.replace;
    change->subject = m.tmpl.subject;
    change->extensions = m.tmpl.extensions;
    *refs = m.cert_references;
    return CMC_OK;
}

static enum cmc_rc read_add(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct template_change *change, struct cmc_list *refs,
                            struct cmc_err *err)
{
    struct cmc_add_extensions a = {0};
    struct cmc_cert_template t = {0};
    enum cmc_rc rc = cmc_control_decode(ta, j->arena, &a, err);

    t.extensions = a.extensions;
    if (rc == CMC_OK)
        rc = check_fields(ta, &t, err);
    if (rc != CMC_OK)
        return rc;
    if (a.pki_data_reference != 0)
        return bad(ta, err,
                   "points into a nested message, which is not processed here; "
                   "pkiDataReference 0 means this one");
    change->extensions = a.extensions;
    *refs = a.cert_references;
    return CMC_OK;
}

/* [10004-5.2-ah, 10004-5.2-af] */
enum cmc_rc cmc_plan_template(struct job *j, const struct cmc_tagged_attribute *ta,
                              struct cmc_err *err)
{
    struct template_change *change = cmc_arena_alloc(j->arena, sizeof *change);
    struct cmc_list refs = {0};
    enum cmc_rc rc = cmc_ra_permitted(j, CMC_RA_TEMPLATE, ta, err);

    if (rc != CMC_OK)
        return rc;
    if (change == NULL)
        return no_memory(err);
    change->control = ta->body_part_id;
    rc = cmc_slice_eq(ta->type, cmc_oid_id_cmc_addExtensions) ? read_add(j, ta, change, &refs, err)
                                                              : read_mod(j, ta, change, &refs, err);
    return rc == CMC_OK ? link_requests(j, ta, &refs, change, err) : rc;
}

/* -- applying them ----------------------------------------------------------------------- */

/* A request on its way from what was asked to what is due. */
struct working {
    struct job *j;
    struct plan_item *it;
    struct cmc_extension *exts; /* a copy with room */
    size_t nexts, max;
    const struct template_link *first; /* all changes, to see what collides */
    struct cmc_buf changes;            /* text for the audit log */
};

static const char *name_of(struct cmc_slice oid, char *buf, size_t size)
{
    const char *name = cmc_oid_name(oid);

    return name != NULL ? name : cmc_oid_text(oid, buf, size);
}

static void note(struct working *w, const char *what, bool removed)
{
    cmc_buf_printf(&w->changes, "%s%s%s", w->changes.n > 0 ? ", " : "", removed ? "no " : "", what);
}

static struct cmc_extension *find(struct working *w, struct cmc_slice oid)
{
    for (size_t i = 0; i < w->nexts; i++) {
        if (cmc_slice_eq(w->exts[i].extn_id, oid))
            return &w->exts[i];
    }
    return NULL;
}

static enum cmc_rc conflict(struct cmc_err *err, const struct template_change *a,
                            const struct template_change *b, const char *what)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE_ADD,
                         "controls %u and %u of the registration authority contradict each other "
                         "in %s, and nothing says which comes first",
                         b->control, a->control, what);
}

/*
 * [10002-6.5.2-u2, 10002-6.5.1-u4] Within one PKIData the order of changes is not determined, so
 * two that differ have no outcome.
 */
static enum cmc_rc check_conflicts(const struct working *w, const struct template_link *link,
                                   struct cmc_err *err)
{
    const struct template_change *c = link->change;
    char buf[128];

    for (const struct template_link *l = w->first; l != link; l = l->next) {
        const struct template_change *before = l->change;

        if (c->subject.p != NULL && before->subject.p != NULL &&
            (c->remove != before->remove ||
             (!c->remove && !cmc_slice_eq(c->subject, before->subject))))
            return conflict(err, c, before, "subject");
        for (size_t i = 0; i < c->extensions.n; i++) {
            const struct cmc_extension *x = CMC_AT(const struct cmc_extension, c->extensions, i);
            const struct cmc_extension *y = cmc_extension_find(&before->extensions, x->extn_id);

            if (y != NULL &&
                (c->remove != before->remove ||
                 (!c->remove && (x->critical != y->critical || !cmc_slice_eq(x->value, y->value)))))
                return conflict(err, c, before, name_of(x->extn_id, buf, sizeof buf));
        }
    }
    return CMC_OK;
}

/* [10002-6.5.1-u3] Each extension by itself. */
static enum cmc_rc apply_extension(struct working *w, const struct template_change *c,
                                   const struct cmc_extension *e, struct cmc_err *err)
{
    struct cmc_extension *old = find(w, e->extn_id);
    char buf[128];

    /* [10002-6.5.1-c, 10002-6.5.2-c] What the client wants its key for is its own to say; RFC
     * 8756 section 5 refuses it altogether. */
    if (old != NULL && cmc_slice_eq(e->extn_id, cmc_oid_id_ce_keyUsage) &&
        (c->remove || !cmc_slice_eq(old->value, e->value)))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE_MOD,
                             "control %u would change the keyUsage that the client asked for",
                             c->control);
    if (c->remove) {
        if (old == NULL)
            return CMC_OK;
        *old = w->exts[--w->nexts];
    } else if (old != NULL) {
        *old = *e;
    } else if (w->nexts < w->max) {
        w->exts[w->nexts++] = *e;
    } else {
        return cmc_fail_info(err, CMC_E_LIMIT, CMC_FAIL_BAD_REQUEST, CLAUSE_MOD,
                             "more than CMC_LIMIT_EXTENSIONS (%u) extensions",
                             CMC_LIMIT_EXTENSIONS);
    }
    note(w, name_of(e->extn_id, buf, sizeof buf), c->remove);
    return CMC_OK;
}

/* [10002-6.5.1-u2] Replaced or removed where the field is there; else nothing happens. */
static enum cmc_rc apply_change(struct working *w, const struct template_change *c,
                                struct cmc_err *err)
{
    static const uint8_t empty_name[] = {0x30, 0};
    enum cmc_rc rc = CMC_OK;

    if (c->subject.p != NULL) {
        w->it->request.subject = c->remove ? cmc_slice(empty_name, sizeof empty_name) : c->subject;
        note(w, "subject", c->remove);
    }
    for (size_t i = 0; i < c->extensions.n && rc == CMC_OK; i++)
        rc = apply_extension(w, c, CMC_AT(const struct cmc_extension, c->extensions, i), err);
    return rc;
}

static enum cmc_rc apply_ra(struct working *w, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    for (const struct template_link *l = w->first; l != NULL && rc == CMC_OK; l = l->next) {
        rc = check_conflicts(w, l, err);
        if (rc == CMC_OK)
            rc = apply_change(w, l->change, err);
    }
    return rc;
}

/* -- the holder's own change of name ----------------------------------------------------- */

/*
 * The one value (whole TLV) of changeSubjectName in a request, absent if there is none.
 * [10002-7.1-u1]
 */
static enum cmc_rc find_change_of_name(const struct cmc_request *rq, struct cmc_slice *out,
                                       struct cmc_err *err)
{
    size_t n = 0, values = 1;

    *out = CMC_SLICE_NONE;
    for (size_t i = 0; i < rq->attributes.n; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, rq->attributes, i);

        if (!cmc_slice_eq(a->type, cmc_oid_id_cmc_changeSubjectName))
            continue;
        n++;
        values = a->values.n;
        if (values == 1)
            *out = *CMC_AT(const struct cmc_slice, a->values, 0);
    }
    for (size_t i = 0; i < rq->controls.n; i++) {
        const struct cmc_atv *a = CMC_AT(const struct cmc_atv, rq->controls, i);

        if (!cmc_slice_eq(a->type, cmc_oid_id_cmc_changeSubjectName))
            continue;
        n++;
        *out = a->value;
    }
    if (n > 1 || values != 1)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE_NAME,
                             "changeSubjectName is there more than once, or without one value");
    return CMC_OK;
}

/* [10002-7.1-u3] The new subjectAltName, or none. */
static enum cmc_rc change_alt_names(struct working *w, const struct cmc_list *names,
                                    struct cmc_err *err)
{
    const struct cmc_extension none = {.extn_id = cmc_oid_id_ce_subjectAltName};
    struct template_change c = {.remove = names->v == NULL};
    struct cmc_extension san = none;
    enum cmc_rc rc = CMC_OK;

    if (names->v != NULL)
        rc = cmc_encode_arena(&cmc_it_general_names, names, w->j->arena, &san.value, err);
    return rc == CMC_OK ? apply_extension(w, &c, &san, err) : rc;
}

static enum cmc_rc apply_change_of_name(struct working *w, struct cmc_slice value,
                                        struct cmc_err *err)
{
    static const uint8_t empty_name[] = {0x30, 0};
    struct cmc_change_subject_name csn = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_change_subject_name, value, w->j->arena, &csn, err);

    if (rc != CMC_OK) {
        if (err != NULL)
            err->fail_info = CMC_FAIL_BAD_REQUEST;
        cmc_err_prefix(err, "changeSubjectName");
        return rc;
    }
    /* [10002-7.1-b, 10002-A-az] */
    if (csn.subject.p == NULL && csn.alt_names.v == NULL)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE_NAME,
                             "changeSubjectName names neither a subject nor a subjectAlt");
    /* [10002-7.1-u2] */
    w->it->request.subject =
        csn.subject.p != NULL ? csn.subject : cmc_slice(empty_name, sizeof empty_name);
    note(w, "subject", csn.subject.p == NULL);
    w->it->request.change_of_name = true;
    return change_alt_names(w, &csn.alt_names, err);
}

/* -- the whole --------------------------------------------------------------------------- */

static enum cmc_rc begin(struct working *w, struct cmc_err *err)
{
    const struct cmc_list *asked = &w->it->asked.extensions;

    w->max = CMC_LIMIT_EXTENSIONS;
    w->exts = cmc_arena_array(w->j->arena, w->max, sizeof *w->exts);
    if (w->exts == NULL || asked->n > w->max)
        return no_memory(err);
    if (asked->n > 0)
        memcpy(w->exts, asked->v, asked->n * sizeof *w->exts);
    w->nexts = asked->n;
    return CMC_OK;
}

enum cmc_rc cmc_template_apply(struct job *j, struct plan_item *it, struct cmc_err *err)
{
    const struct ra_request *r = j->ra.requests != NULL ? cmc_ra_request(j, it->body_part) : NULL;
    struct working w = {.j = j, .it = it, .first = r != NULL ? r->changes : NULL};
    struct cmc_slice change_of_name = CMC_SLICE_NONE;
    enum cmc_rc rc = find_change_of_name(&it->asked, &change_of_name, err);

    it->request = it->asked;
    if (rc != CMC_OK || (w.first == NULL && change_of_name.p == NULL))
        return rc;
    cmc_buf_init(&w.changes, CMC_LIMIT_LOG_LINE);
    rc = begin(&w, err);
    if (rc == CMC_OK && change_of_name.p != NULL)
        rc = apply_change_of_name(&w, change_of_name, err);
    /* The RA's layer is around the client's: what it says comes last. */
    if (rc == CMC_OK)
        rc = apply_ra(&w, err);
    if (rc == CMC_OK) {
        char *text = cmc_buf_cstr(&w.changes);

        it->request.extensions = (struct cmc_list){w.exts, w.nexts};
        it->changes = cmc_arena_strdup(j->arena, text != NULL ? text : "many");
        it->ra_changed = w.first != NULL;
        if (it->ra_changed)
            rc = cmc_ra_check_names(&j->rules->ra_names, &it->asked, &it->request, j->arena, err);
    }
    cmc_buf_free(&w.changes);
    return rc;
}
