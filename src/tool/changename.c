/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/changename.h"

#include "asn1/codec.h"
#include "asn1/oids.h"

static enum cmc_rc choose_subject(struct tool *t, const struct tool_change_options *o,
                                  const struct cmc_request_params *p,
                                  struct cmc_change_subject_name *csn)
{
    enum cmc_rc rc = CMC_OK;

    csn->subject = p->subject;
    if (o->subject != NULL)
        rc = cmc_name_parse(o->subject, t->arena, &csn->subject, &t->err);
    if (csn->subject.n <= 2)
        csn->subject = CMC_SLICE_NONE; /* an absent one is an empty one */
    return rc;
}

static enum cmc_rc choose_san(struct tool *t, const struct tool_change_options *o,
                              const struct cmc_request_params *p,
                              struct cmc_change_subject_name *csn)
{
    struct cmc_extension made = {0};
    const struct cmc_extension *san = NULL;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < p->nexts && o->san == NULL; i++) {
        if (cmc_slice_eq(p->exts[i].extn_id, cmc_oid_id_ce_subjectAltName))
            san = &p->exts[i];
    }
    if (o->san != NULL && o->san[0] != '\0') {
        rc = cmc_san_parse(o->san, t->arena, &made, &t->err);
        san = &made;
    }
    if (rc == CMC_OK && san != NULL)
        rc = cmc_decode(&cmc_it_general_names, san->value, t->arena, &csn->alt_names, &t->err);
    return rc;
}

static enum cmc_rc attach(struct tool *t, enum cmc_request_form form, struct cmc_slice value,
                          struct cmc_request_params *p)
{
    struct cmc_attribute *attr = cmc_arena_alloc(t->arena, sizeof *attr);
    struct cmc_atv *control = cmc_arena_alloc(t->arena, sizeof *control);
    struct cmc_slice *v;

    if (attr == NULL || control == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a request");
    *control = (struct cmc_atv){.type = cmc_oid_id_cmc_changeSubjectName, .value = value};
    attr->type = cmc_oid_id_cmc_changeSubjectName;
    v = cmc_list_add(t->arena, &cmc_it_set_any, &attr->values, 1);
    if (v == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a request");
    *v = value;
    if (form == CMC_FORM_CRMF) {
        p->controls = control;
        p->ncontrols = 1;
    } else {
        p->attrs = attr;
        p->nattrs = 1;
    }
    return CMC_OK;
}

/* [10002-7.1-a, 10002-7.1-b, 10002-7.1-u1] */
enum cmc_rc tool_change_name(struct tool *t, const struct tool_change_options *o,
                             enum cmc_request_form form, struct cmc_request_params *p)
{
    struct cmc_change_subject_name csn = {0};
    struct cmc_slice value;
    enum cmc_rc rc;

    if (o->subject == NULL && o->san == NULL)
        return CMC_OK;
    rc = choose_subject(t, o, p, &csn);
    if (rc == CMC_OK)
        rc = choose_san(t, o, p, &csn);
    if (rc == CMC_OK && csn.subject.p == NULL && csn.alt_names.v == NULL)
        rc = tool_usage(t, "a certificate needs a name: give --change-subject or --change-san one");
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_change_subject_name, &csn, t->arena, &value, &t->err);
    return rc == CMC_OK ? attach(t, form, value, p) : rc;
}
