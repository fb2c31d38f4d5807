/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that says what may be issued, and where. */
#include <stdio.h>

#include "server/conf_int.h"

/* -- endpoints --------------------------------------------------------------------------- */

static bool contains(const int *list, uint32_t n, int v)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] == v)
            return true;
    }
    return false;
}

/* accept, answer and reasons are sets in which order may matter, but nothing stands twice. */
static enum cmc_rc check_set(struct cmc_conf_loading *l, uint32_t endpoint, const char *key,
                             const int *list, uint32_t n)
{
    char place[CMC_CONF_PLACE_MAX], entry[CMC_CONF_PLACE_MAX / 2];

    for (uint32_t i = 0; i < n; i++) {
        (void)snprintf(entry, sizeof entry, "%s/%u", key, i);
        if (contains(list, i, list[i]))
            return cmc_conf_tree_fail(l->tree, l->err,
                                      cmc_conf_at(place, "endpoints", endpoint, entry),
                                      "listed twice in '%s'", key);
    }
    return CMC_OK;
}

static enum cmc_rc load_reasons(struct cmc_conf_loading *l, uint32_t i,
                                const struct cmc_raw_revoke *raw, unsigned int *out)
{
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = check_set(l, i, "revoke/reasons", raw->reasons, raw->reasons_count);

    if (rc != CMC_OK)
        return rc;
    *out = 0;
    if (raw->reasons_count == 0 || contains(raw->reasons, raw->reasons_count, CMC_RAW_REASON_ALL)) {
        if (raw->reasons_count > 1)
            return cmc_conf_tree_fail(l->tree, l->err,
                                      cmc_conf_at(place, "endpoints", i, "revoke/reasons"),
                                      "'all' leaves nothing to add; write [all] or the list");
        *out = CMC_REASONS_RFC5280;
        return CMC_OK;
    }
    for (uint32_t k = 0; k < raw->reasons_count; k++)
        *out |= CMC_REASON_BIT(raw->reasons[k]);
    return CMC_OK;
}

static enum cmc_rc load_revoke(struct cmc_conf_loading *l, uint32_t i, struct cmc_endpoint_rules *r)
{
    const struct cmc_raw_endpoint *ep = &l->raw->endpoints[i];
    const struct cmc_raw_revoke *raw = ep->revoke;
    char place[CMC_CONF_PLACE_MAX];

    if (raw == NULL || (raw->allow != NULL && !*raw->allow))
        return CMC_OK;
    if (!contains(ep->accept, ep->accept_count, CMC_TYPE_CMC))
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "revoke"),
                                  "revocation comes in a CMC request; add 'cmc' to 'accept', or "
                                  "write 'allow: false'");
    if (!contains(ep->answer, ep->answer_count, CMC_ANSWER_CMC))
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "revoke"),
                                  "revocation is answered by a Full PKI Response; add 'cmc' to "
                                  "'answer', or write 'allow: false'");
    r->revoke = true;
    r->revoke_max = raw->max;
    r->revoke_quorum = raw->quorum;
    r->revoke_atomic = raw->atomic;
    r->mandatory_fields_only = raw->mandatory_fields_only;
    return load_reasons(l, i, raw, &r->reasons);
}

/* An entry of a name space; a domain is one of mailboxes too. */
static enum cmc_rc load_ra_name(struct cmc_conf_loading *l, uint32_t i, uint32_t k,
                                struct cmc_name_rule *rules, size_t *n)
{
    const char *text = l->raw->endpoints[i].ra_names[k];
    struct cmc_name_rule *r = &rules[*n];
    char place[CMC_CONF_PLACE_MAX], entry[CMC_CONF_PLACE_MAX / 2];
    struct cmc_err why = {0};

    (void)snprintf(entry, sizeof entry, "ra-names/%u", k);
    if (cmc_name_rule_parse(text, l->arena, r, &why) != CMC_OK)
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, entry), "%s",
                                  why.text);
    *n += 1;
    if (r->kind == CMC_NAME_DNS)
        rules[(*n)++] = (struct cmc_name_rule){.kind = CMC_NAME_EMAIL, .base = r->base};
    return CMC_OK;
}

/* What officers with the role ra may do. */
static enum cmc_rc load_ra(struct cmc_conf_loading *l, uint32_t i, struct cmc_endpoint_rules *r)
{
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    struct cmc_name_rule *rules;
    size_t n = 0;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = check_set(l, i, "ra", raw->ra, raw->ra_count);

    for (uint32_t k = 0; k < raw->ra_count; k++)
        r->ra |= (unsigned int)raw->ra[k];
    if (rc == CMC_OK && r->ra != 0 && !contains(raw->accept, raw->accept_count, CMC_TYPE_CMC))
        rc = cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "ra"),
                                "a registration authority speaks CMC; add 'cmc' to 'accept'");
    if (rc == CMC_OK && raw->ra_names_count > 0 && (r->ra & CMC_RA_TEMPLATE) == 0)
        rc = cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "ra-names"),
                                "'ra-names' has no effect without 'ra: [template]'");
    rules = cmc_arena_array(l->arena, 2 * (size_t)raw->ra_names_count, sizeof *rules);
    if (rules == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t k = 0; k < raw->ra_names_count && rc == CMC_OK; k++)
        rc = load_ra_name(l, i, k, rules, &n);
    r->ra_names = (struct cmc_name_space){rules, n};
    return rc;
}

static enum cmc_rc find_profile(struct cmc_conf_loading *l, uint32_t i, const char **out)
{
    const char *name = l->raw->endpoints[i].profile;
    char place[CMC_CONF_PLACE_MAX];

    for (uint32_t k = 0; k < l->conf->profile_count; k++) {
        if (strcmp(l->conf->profiles[k].name, name) == 0) {
            *out = l->conf->profiles[k].name;
            return CMC_OK;
        }
    }
    return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "profile"),
                              "profile '%.60s' is not in 'profiles'%s", name,
                              l->raw->profile_files_count > 0 ? " or 'profile-files'" : "");
}

static enum cmc_rc find_authority(struct cmc_conf_loading *l, uint32_t i,
                                  struct cmc_conf_endpoint *ep)
{
    const char *name = l->raw->endpoints[i].authority;
    const struct cmc_conf_authority *a = cmc_conf_authority(l->conf, name);
    char place[CMC_CONF_PLACE_MAX];

    if (a == NULL)
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "authority"),
                                  "authority '%.60s' is not in 'authorities'", name);
    ep->authority = (unsigned int)(a - l->conf->authorities);
    ep->rules.authority = a->name;
    return CMC_OK;
}

/* Dogtag's ?profileId= chooses among all its servlets, so a name stands at one endpoint only. */
static enum cmc_rc load_profile_ids(struct cmc_conf_loading *l, uint32_t i,
                                    struct cmc_conf_endpoint *ep)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._";
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    char place[CMC_CONF_PLACE_MAX];

    (void)cmc_conf_at(place, "endpoints", i, "profile-ids");
    if (raw->profile_ids_count > 0 && !ep->rules.dogtag)
        return cmc_conf_tree_fail(l->tree, l->err, place,
                                  "'profile-ids' has no effect without 'compat: dogtag'");
    for (uint32_t k = 0; k < raw->profile_ids_count; k++) {
        const char *id = raw->profile_ids[k];

        if (id[0] == '\0' || id[strspn(id, allowed)] != '\0')
            return cmc_conf_tree_fail(l->tree, l->err, place,
                                      "'%.60s' is no profile id; letters, digits and -._ are "
                                      "allowed",
                                      id);
        for (uint32_t m = 0; m < i; m++) {
            if (cmc_conf_has_profile_id(&l->conf->endpoints[m], id))
                return cmc_conf_tree_fail(l->tree, l->err, place,
                                          "profile id '%.60s' already leads to %s", id,
                                          l->conf->endpoints[m].rules.path);
        }
    }
    return cmc_conf_copy_words(l, place, "profile id", raw->profile_ids, raw->profile_ids_count,
                               &ep->profile_ids, &ep->profile_id_count);
}

bool cmc_conf_has_profile_id(const struct cmc_conf_endpoint *ep, const char *id)
{
    for (unsigned int i = 0; i < ep->profile_id_count; i++) {
        if (strcmp(ep->profile_ids[i], id) == 0)
            return true;
    }
    return false;
}

static enum cmc_rc load_endpoint(struct cmc_conf_loading *l, uint32_t i,
                                 struct cmc_conf_endpoint *ep)
{
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    struct cmc_endpoint_rules *r = &ep->rules;
    char *path = NULL, place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    ep->accept_count = raw->accept_count;
    for (uint32_t k = 0; k < raw->accept_count; k++)
        ep->accept[k] = (enum cmc_request_type)raw->accept[k];
    ep->answer_count = raw->answer_count;
    for (uint32_t k = 0; k < raw->answer_count; k++)
        ep->answer[k] = (enum cmc_answer_form)raw->answer[k];
    ep->base64 = raw->base64;
    r->require_officer = raw->officer == CMC_RAW_OFFICER_REQUIRED;
    r->secrets = raw->secrets;
    r->allow_renewal = raw->renewal;
    r->same_key_renewal = raw->same_key;
    /* What everybody gets with a certificate anyway, those who are known may ask for. */
    r->retrieve =
        raw->retrieve != NULL ? (enum cmc_retrieve) * raw->retrieve : CMC_RETRIEVE_AUTHENTICATED;
    r->publish = raw->publish;
    r->publish_anchors = raw->publish_anchors;
    r->status_v1 = raw->status_v1;
    r->allow_weak = raw->weak;
    r->lax_ids = raw->compat == CMC_RAW_COMPAT_DOGTAG;
    r->dogtag = r->lax_ids;
    if (raw->secrets && l->conf->secrets_key == NULL)
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "secrets"),
                                  "shared secrets need the key that they are sealed under; write "
                                  "'secrets: {key: secrets.key}' at the top level");
    if (raw->secrets && !contains(raw->accept, raw->accept_count, CMC_TYPE_CMC))
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "secrets"),
                                  "a shared secret is used in a CMC request; add 'cmc' to "
                                  "'accept'");
    rc = find_authority(l, i, ep);
    if (rc != CMC_OK)
        return rc;
    if (raw->publish && !cmc_conf_publishes_certs(&l->conf->authorities[ep->authority]))
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "publish"),
                                  "certificates are published in a folder; write 'publish: "
                                  "{directory: PATH}' under 'authority', or a target with "
                                  "'certificates' in its 'what' under 'publication' there");
    if (raw->publish_anchors && !contains(raw->answer, raw->answer_count, CMC_ANSWER_CMC))
        return cmc_conf_tree_fail(
            l->tree, l->err, cmc_conf_at(place, "endpoints", i, "publish-anchors"),
            "trust anchors come in a Full PKI Response; add 'cmc' to 'answer'");
    if (raw->same_key && !raw->renewal)
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "same-key"),
                                  "'same-key' has no effect without 'renewal: true'");
    rc = cmc_conf_copy_url_path(l, cmc_conf_at(place, "endpoints", i, "path"), "another endpoint",
                                raw->path, &path);
    r->path = path;
    if (rc == CMC_OK)
        rc = check_set(l, i, "accept", raw->accept, raw->accept_count);
    if (rc == CMC_OK)
        rc = check_set(l, i, "answer", raw->answer, raw->answer_count);
    if (rc == CMC_OK)
        rc = find_profile(l, i, &r->profile);
    if (rc == CMC_OK)
        rc = load_revoke(l, i, r);
    if (rc == CMC_OK)
        rc = load_profile_ids(l, i, ep);
    if (rc == CMC_OK)
        rc = cmc_conf_load_exchange(l, i, r);
    if (rc == CMC_OK)
        rc = load_ra(l, i, r);
    return rc;
}

enum cmc_rc cmc_conf_load_endpoints(struct cmc_conf_loading *l)
{
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc = CMC_OK;

    c->endpoint_count = l->raw->endpoints_count;
    c->endpoints = cmc_arena_array(l->arena, c->endpoint_count, sizeof *c->endpoints);
    if (c->endpoints == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0; i < c->endpoint_count && rc == CMC_OK; i++)
        rc = load_endpoint(l, i, &c->endpoints[i]);
    return rc;
}
