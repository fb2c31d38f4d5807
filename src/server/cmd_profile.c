/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd profile list: what the profiles of the configuration are. */
#include <stdio.h>

#include "ca/profile.h"
#include "server/cmd.h"

struct values {
    const char *config;
};

/* -- list -------------------------------------------------------------------------------- */

static void print_words(struct cmc_buf *out, const char *title, char *const *words, unsigned int n)
{
    if (n == 0)
        return;
    cmc_buf_printf(out, "  %s:", title);
    for (unsigned int i = 0; i < n; i++)
        cmc_buf_printf(out, " %s", words[i]);
    cmc_buf_str(out, "\n");
}

static void print_validity(const struct cmc_profile_spec *p, struct cmc_buf *out)
{
    char when[CMCD_TIME_SIZE];

    if (p->days > 0)
        cmc_buf_printf(out, "  days: %u\n", p->days);
    if (p->hours > 0)
        cmc_buf_printf(out, "  hours: %u\n", p->hours);
    if (p->not_after > 0)
        cmc_buf_printf(out, "  not after: %s\n", cmcd_time(p->not_after, when));
    if (p->no_expiry)
        cmc_buf_str(out, "  without an end\n");
    if (p->validity_from_request)
        cmc_buf_str(out, "  a request may ask for less\n");
}

static void print_subject(const struct cmc_profile_spec *p, struct cmc_buf *out)
{
    for (unsigned int i = 0; i < p->subject_count; i++) {
        const struct cmc_profile_attribute *a = &p->subject[i];

        cmc_buf_printf(out, "  subject %s: ", a->type);
        if (a->from == CMC_FROM_PROFILE)
            cmc_buf_str(out, a->value);
        else
            cmc_buf_str(out, a->from == CMC_FROM_OFFICER ? "the officer's" : "from the request");
        if (a->max > 1)
            cmc_buf_printf(out, ", up to %u", a->max);
        if (a->optional)
            cmc_buf_str(out, ", or none");
        if (a->pattern != NULL)
            cmc_buf_printf(out, ", like %s", a->pattern);
        cmc_buf_str(out, "\n");
    }
    if (p->subject_count > 0)
        cmc_buf_printf(out, "  other attributes of the subject are %s\n",
                       p->drop_other_names ? "dropped" : "refused");
}

static void print_san(const struct cmc_profile_san *s, struct cmc_buf *out)
{
    if (s == NULL)
        return;
    print_words(out, "names may be", s->kinds, s->kind_count);
    print_words(out, "names within", s->permitted, s->permitted_count);
    print_words(out, "names not within", s->excluded, s->excluded_count);
    print_words(out, "names like", s->patterns, s->pattern_count);
    if (s->fixed != NULL)
        cmc_buf_printf(out, "  always named: %s\n", s->fixed);
    if (s->max > 0)
        cmc_buf_printf(out, "  names: %u at most\n", s->max);
    if (s->from_cn)
        cmc_buf_str(out, "  the commonName becomes one of them\n");
    if (s->wildcards)
        cmc_buf_str(out, "  wildcards may be asked for\n");
}

static void print_spec(const struct cmc_profile_spec *p, struct cmc_buf *out)
{
    cmc_buf_printf(out, "%s\n", p->name);
    print_validity(p, out);
    cmc_buf_str(out, "  keys:");
    for (unsigned int i = 0; i < p->key_type_count; i++)
        cmc_buf_printf(out, " %s", p->key_types[i]);
    cmc_buf_str(out, p->key_type_count == 0 ? " any, RSA from 2048 bits\n" : "\n");
    if (p->signature != NULL)
        cmc_buf_printf(out, "  signed with: %s\n", p->signature);
    print_subject(p, out);
    print_san(p->san, out);
    for (unsigned int i = 0; i < p->extension_count; i++)
        cmc_buf_printf(out, "  %s: %s\n", p->extensions[i].name, p->extensions[i].value);
    cmc_buf_str(out, "  from the request:");
    for (unsigned int i = 0; i < p->request_extension_count; i++)
        cmc_buf_printf(out, " %s", p->request_extensions[i]);
    cmc_buf_printf(out, "%s; others are %s\n",
                   p->request_extension_count > 0 ? ""
                   : p->san != NULL               ? " subjectAltName"
                                                  : " nothing",
                   p->refuse_other_extensions ? "refused" : "left out");
    print_words(out, "overridden", p->overridden, p->overridden_count);
    print_words(out, "refused", p->refused, p->refused_count);
    if (p->allow_empty_subject)
        cmc_buf_str(out, "  the subject may be empty\n");
    if (p->require_san)
        cmc_buf_str(out, "  a subjectAltName is required\n");
    if (p->unique_keys)
        cmc_buf_str(out, "  each key gets one certificate\n");
    if (p->require_archive)
        cmc_buf_str(out, "  the private key must be archived\n");
}

static enum cmc_rc list(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd profile list", "", 0, 0, "What each profile gives and takes.", rows};
    struct values v = {0};
    struct cmc_conf *conf = NULL;
    struct cmc_buf out;
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_conf_load(v.config != NULL ? v.config : CMCD_DEFAULT_CONF, &conf, &r->err);
    for (unsigned int i = 0; rc == CMC_OK && i < conf->profile_count; i++)
        print_spec(&conf->profiles[i], &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmc_conf_free(conf);
    cmc_buf_free(&out);
    return rc;
}

enum cmc_rc cmcd_cmd_profile(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"list", "what each profile gives and takes", list},
        {"test", "what a profile makes of a request", cmcd_profile_test},
    };
    static const struct cmcd_group group = {"cmcd profile", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
