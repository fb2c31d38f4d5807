/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/conf.h"

/* A configuration that is right; each case below replaces one piece of it. */
static const char good[] = "database: db/chancery.db\n"                                     /* 1 */
                           "authority:\n"                                                   /* 2 */
                           "  certificate: ca.crt\n"                                        /* 3 */
                           "  key: file:ca.key\n"                                           /* 4 */
                           "  crl: {path: /ca.crl, url: \"http://ca.example/a.crl\"}\n"     /* 5 */
                           "  certificate-path: /ca.crt\n"                                  /* 6 */
                           "responder:\n"                                                   /* 7 */
                           "  certificate: r.crt\n"                                         /* 8 */
                           "  key: pkcs11:object=r\n"                                       /* 9 */
                           "listen:\n"                                                      /* 10 */
                           "  - address: 127.0.0.1\n"                                       /* 11 */
                           "    port: 0\n"                                                  /* 12 */
                           "  - address: \"::1\"\n"                                         /* 13 */
                           "    port: 8443\n"                                               /* 14 */
                           "    tls: {certificate: /t.crt, key: t.key, client: optional}\n" /* 15 */
                           "profiles:\n"                                                    /* 16 */
                           "  - name: tls-server\n"                                         /* 17 */
                           "    days: 397\n"                                                /* 18 */
                           "    keys: [\"ec:P-256\", \"rsa:2048\"]\n"                       /* 19 */
                           "    extensions:\n"                                              /* 20 */
                           "      - {name: keyUsage, value: \"critical,digitalSignature\"}\n"
                           "    from-request: [subjectAltName]\n" /* 22 */
                           "endpoints:\n"                         /* 23 */
                           "  - path: /cmc\n"                     /* 24 */
                           "    accept: [cmc, pkcs10]\n"          /* 25 */
                           "    answer: [cmc, certs-only]\n"      /* 26 */
                           "    profile: tls-server\n"            /* 27 */
                           "    officer: required\n"              /* 28 */
                           "    revoke: {max: 1}\n";              /* 29 */

struct state {
    char dir[64], path[96];
};

static int setup(void **state)
{
    struct state *s = calloc(1, sizeof *s);

    assert_non_null(s);
    (void)snprintf(s->dir, sizeof s->dir, "/tmp/test_conf.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(s->path, sizeof s->path, "%s/cmcd.yaml", s->dir);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct state *s = *state;

    (void)unlink(s->path);
    (void)rmdir(s->dir);
    free(s);
    return 0;
}

static enum cmc_rc load_octets(const struct state *s, const char *text, size_t n,
                               struct cmc_conf **conf, struct cmc_err *err)
{
    FILE *f = fopen(s->path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return cmc_conf_load(s->path, conf, err);
}

static enum cmc_rc load(const struct state *s, const char *text, struct cmc_conf **conf,
                        struct cmc_err *err)
{
    return load_octets(s, text, strlen(text), conf, err);
}

/* good with the one occurrence of `from` replaced; "" as `from` appends. The caller frees. */
static char *replaced(const char *from, const char *to)
{
    const char *at = from[0] != '\0' ? strstr(good, from) : good + strlen(good);
    size_t n = sizeof good + strlen(to) + 1;
    char *text = malloc(n);

    assert_non_null(text);
    assert_non_null(at);
    if (from[0] != '\0')
        assert_null(strstr(at + 1, from));
    (void)snprintf(text, n, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return text;
}

static void test_good(void **state)
{
    const struct state *s = *state;
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};
    char expected[128];

    if (load(s, good, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_string_equal(c->path, s->path);
    assert_string_equal(c->directory, s->dir);
    (void)snprintf(expected, sizeof expected, "%s/db/chancery.db", s->dir);
    assert_string_equal(c->database, expected);
    (void)snprintf(expected, sizeof expected, "%s/ca.key", s->dir);
    assert_string_equal(c->authorities[0].ca.key, expected);
    assert_string_equal(c->authorities[0].responder.key, "pkcs11:object=r");
    assert_null(c->authorities[0].responder.passphrase_file);
    assert_true(c->workers >= 1 && c->workers <= CMC_LIMIT_WORKERS);
    assert_int_equal(c->log_level, CMC_LOG_INFO);
    assert_int_equal(c->log_format, CMC_LOG_TEXT);
    assert_int_equal(c->message_octets, 4u * 1024u * 1024u);
    assert_null(c->status_path);
    assert_string_equal(c->authorities[0].crl_path, "/ca.crl");
    assert_string_equal(c->authorities[0].crl_url, "http://ca.example/a.crl");
    assert_int_equal(c->authorities[0].crl_hours, 168);
    assert_string_equal(c->authorities[0].ca_path, "/ca.crt");
    assert_null(c->authorities[0].chain_path);
    assert_int_equal(c->authorities[0].chain_count, 0);

    assert_int_equal(c->listener_count, 2);
    assert_null(c->listeners[0].tls);
    assert_int_equal(c->listeners[0].port, 0);
    assert_string_equal(c->listeners[1].address, "::1");
    assert_int_equal(c->listeners[1].port, 8443);
    assert_string_equal(c->listeners[1].tls->certificate, "/t.crt");
    assert_int_equal(c->listeners[1].tls->client_auth, CMC_CLIENT_OPTIONAL);
    assert_null(c->listeners[1].tls->client_ca);

    assert_int_equal(c->profile_count, 1);
    assert_string_equal(c->profiles[0].name, "tls-server");
    assert_int_equal(c->profiles[0].days, 397);
    assert_int_equal(c->profiles[0].backdate_minutes, 5);
    assert_int_equal(c->profiles[0].key_type_count, 2);
    assert_string_equal(c->profiles[0].key_types[1], "rsa:2048");
    assert_int_equal(c->profiles[0].extension_count, 1);
    assert_string_equal(c->profiles[0].extensions[0].value, "critical,digitalSignature");
    assert_int_equal(c->profiles[0].request_extension_count, 1);
    assert_false(c->profiles[0].refuse_other_extensions);

    assert_int_equal(c->endpoint_count, 1);
    assert_string_equal(c->endpoints[0].rules.path, "/cmc");
    assert_string_equal(c->endpoints[0].rules.profile, "tls-server");
    assert_int_equal(c->endpoints[0].accept_count, 2);
    assert_int_equal(c->endpoints[0].accept[0], CMC_TYPE_CMC);
    assert_int_equal(c->endpoints[0].accept[1], CMC_TYPE_PKCS10);
    assert_int_equal(c->endpoints[0].answer_count, 2);
    assert_int_equal(c->endpoints[0].answer[0], CMC_ANSWER_CMC);
    assert_int_equal(c->endpoints[0].answer[1], CMC_ANSWER_CERTS_ONLY);
    assert_true(c->endpoints[0].rules.require_officer);
    assert_false(c->endpoints[0].rules.allow_renewal);
    assert_true(c->endpoints[0].rules.revoke);
    assert_int_equal(c->endpoints[0].rules.revoke_max, 1);
    assert_int_equal(c->endpoints[0].rules.reasons, CMC_REASONS_RFC5280);
    cmc_conf_free(c);
}

/* Values other than the defaults arrive where they belong. */
static void test_values(void **state)
{
    static const struct {
        const char *from, *to;
    } edits[] = {
        {"database: db/chancery.db\n",
         "database: sqlite:/x.db\nworkers: 3\nlog: {level: debug, format: json}\n"
         "status: /status\nlimits: {message: 2000}\nofficers: {trust: [o.crt, /p.crt]}\n"},
        {"certificate-path: /ca.crt\n",
         "certificate-path: /ca.crt\n  chain: [root.crt]\n  passphrase-file: p\n"},
        {"days: 397\n", "days: 1\n    backdate: 0\n    other-extensions: refuse\n"
                        "    empty-subject: yes\n    require-san: true\n"},
        {"revoke: {max: 1}\n",
         "revoke: {reasons: [keyCompromise, aACompromise], mandatory-fields-only: true}\n"
         "    renewal: true\n    same-key: true\n    status-v1: true\n    weak: true\n"
         "    compat: dogtag\n"},
        {"officer: required", "officer: optional"},
    };
    const struct state *s = *state;

    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        char *text = replaced(edits[i].from, edits[i].to);
        const struct cmc_endpoint_rules *r;
        struct cmc_conf *c = NULL;
        struct cmc_err err = {0};
        char expected[128];

        if (load(s, text, &c, &err) != CMC_OK)
            fail_msg("%s", err.text);
        r = &c->endpoints[0].rules;
        switch (i) {
        case 0:
            assert_string_equal(c->database, "/x.db");
            assert_int_equal(c->workers, 3);
            assert_int_equal(c->log_level, CMC_LOG_DEBUG);
            assert_int_equal(c->log_format, CMC_LOG_JSON);
            assert_string_equal(c->status_path, "/status");
            assert_int_equal(c->message_octets, 2000);
            assert_int_equal(c->authorities[0].officer_trust_count, 2);
            assert_string_equal(c->authorities[0].officer_trust[1], "/p.crt");
            break;
        case 1:
            assert_int_equal(c->authorities[0].chain_count, 1);
            (void)snprintf(expected, sizeof expected, "%s/p", s->dir);
            assert_string_equal(c->authorities[0].ca.passphrase_file, expected);
            break;
        case 2:
            assert_int_equal(c->profiles[0].backdate_minutes, 0);
            assert_true(c->profiles[0].refuse_other_extensions);
            assert_true(c->profiles[0].allow_empty_subject);
            assert_true(c->profiles[0].require_san);
            break;
        case 3:
            assert_int_equal(r->reasons, CMC_REASON_BIT(1) | CMC_REASON_BIT(10));
            assert_int_equal(r->revoke_max, 0);
            assert_true(r->mandatory_fields_only);
            assert_true(r->allow_renewal && r->same_key_renewal && r->status_v1);
            assert_true(r->allow_weak && r->lax_ids);
            break;
        default:
            assert_false(r->require_officer);
            break;
        }
        cmc_conf_free(c);
        free(text);
    }
}

/* What a profile says of names, validity and who asks. */
static void test_rules(void **state)
{
    const struct state *s = *state;
    char *text = replaced(
        "days: 397\n",
        "hours: 12\n    not-after: 2035-12-31\n    validity-from-request: true\n"
        "    signature: sha384\n    other-names: drop\n    overridden: [keyUsage]\n"
        "    refuse: [a, b]\n    pop: signature\n    identity: officer\n"
        "    subject: [{type: C, value: SE}, {type: O, from: officer, max: 2},\n"
        "              {type: CN, pattern: \"a*\", optional: true}]\n"
        "    san: {kinds: [DNS, IP], max: 3, permitted: [\"DNS:a\"], excluded: [\"DNS:b\"],\n"
        "          patterns: [\"DNS:c\"], wildcards: true, from-cn: true, fixed: \"DNS:d\"}\n");
    const struct cmc_profile_spec *p;
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};

    if (load(s, text, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    p = &c->profiles[0];
    assert_int_equal(p->days, 0);
    assert_int_equal(p->hours, 12);
    assert_int_equal(p->not_after, 2082758399); /* the end of that day */
    assert_true(p->validity_from_request && p->drop_other_names && !p->no_expiry);
    assert_string_equal(p->signature, "sha384");
    assert_int_equal(p->overridden_count, 1);
    assert_int_equal(p->refused_count, 2);
    assert_int_equal(p->subject_count, 3);
    assert_int_equal(p->subject[0].from, CMC_FROM_PROFILE);
    assert_string_equal(p->subject[0].value, "SE");
    assert_int_equal(p->subject[1].from, CMC_FROM_OFFICER);
    assert_int_equal(p->subject[1].max, 2);
    assert_int_equal(p->subject[2].from, CMC_FROM_REQUEST);
    assert_true(p->subject[2].optional && !p->subject[1].optional);
    assert_string_equal(p->subject[2].pattern, "a*");
    assert_int_equal(p->san->kind_count, 2);
    assert_int_equal(p->san->max, 3);
    assert_true(p->san->wildcards && p->san->from_cn);
    assert_string_equal(p->san->permitted[0], "DNS:a");
    assert_string_equal(p->san->excluded[0], "DNS:b");
    assert_string_equal(p->san->patterns[0], "DNS:c");
    assert_string_equal(p->san->fixed, "DNS:d");
    assert_int_equal(c->endpoints[0].rules.profile_pop, CMC_POP_SIGNED);
    assert_int_equal(c->endpoints[0].rules.pop, CMC_POP_ANY);
    assert_int_equal(c->endpoints[0].rules.profile_identity, CMC_IDENTITY_OFFICER);
    cmc_conf_free(c);
    free(text);
}

/* Registration authorities, and the stricter profiles. */
static void test_ra(void **state)
{
    const struct state *s = *state;
    char *text = replaced("revoke: {max: 1}\n",
                          "ra: [template, identity]\n"
                          "    ra-names: [\"O=Example\", \"DNS:example.org\", \"CN=x\"]\n"
                          "officers: {ra-eku: optional}\n"
                          "dh-pop: {certificate: dh.crt, key: \"pkcs11:object=dh\"}\n");
    const struct cmc_endpoint_rules *r;
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};
    char expected[128];

    if (load(s, text, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    r = &c->endpoints[0].rules;
    assert_int_equal(r->ra, CMC_RA_TEMPLATE | CMC_RA_IDENTITY);
    assert_int_equal(r->ra_names.n, 4); /* a domain is one of mailboxes too */
    assert_int_equal(r->ra_names.rules[0].kind, CMC_NAME_SUBJECT);
    assert_int_equal(r->ra_names.rules[1].kind, CMC_NAME_DNS);
    assert_int_equal(r->ra_names.rules[2].kind, CMC_NAME_EMAIL);
    assert_true(cmc_slice_eq(r->ra_names.rules[2].base, CMC_SLICE_LIT("example.org")));
    assert_true(c->authorities[0].ra_any_eku);
    (void)snprintf(expected, sizeof expected, "%s/dh.crt", s->dir);
    assert_string_equal(c->authorities[0].dh_pop.certificate, expected);
    assert_string_equal(c->authorities[0].dh_pop.key, "pkcs11:object=dh");
    assert_false(c->profiles[0].unique_keys || c->profiles[0].require_archive ||
                 c->profiles[0].change_subject_name);
    cmc_conf_free(c);
    free(text);
    text = replaced("days: 397\n", "days: 1\n    change-subject-name: true\n"
                                   "    key-reuse: refuse\n    archive: required\n");
    if (load(s, text, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_true(c->profiles[0].unique_keys && c->profiles[0].require_archive &&
                c->profiles[0].change_subject_name);
    assert_int_equal(c->endpoints[0].rules.ra, 0);
    assert_false(c->authorities[0].ra_any_eku);
    assert_null(c->authorities[0].dh_pop.key);
    cmc_conf_free(c);
    free(text);
}

static void test_refused(void **state)
{
    /* What replaces what, and the whole error after the file's name. */
    static const struct {
        const char *from, *to, *error;
    } cases[] = {
        /* the syntax */
        {"listen:\n", "listen: [\n",
         ":11:3: not YAML: did not find expected node content while parsing a flow node"},
        {"", "---\nx: 1\n", ":31:1: a second document; the configuration is one document"},
        {"", "\tx: 1\n",
         ":30:1: not YAML: found character that cannot start any token while "
         "scanning for the next token"},
        /* keys */
        {"    port: 0\n", "    portt: 0\n", ":12:5: unknown key 'portt'; did you mean 'port'?"},
        {"    port: 0\n", "    port: 0\n    zebra: 0\n",
         ":13:5: unknown key 'zebra'; known here: address, port, tls"},
        {"    port: 0\n", "    port: 0\n    port: 1\n",
         ":13:5: key 'port' stands twice; the first is in line 12"},
        {"    port: 0\n", "", ":11:5: key 'port' is missing in 'listen'"},
        {"    officer: required\n", "", ":24:5: key 'officer' is missing in 'endpoints'"},
        {"database: db/chancery.db\n", "",
         ":1:1: key 'database' is missing in 'the configuration'"},
        {"    port: 0\n", "    ? [port]\n    : 0\n", ":12:7: a key must be a single word"},
        {"database: db", "Database: db", ":1:1: unknown key 'Database'; did you mean 'database'?"},
        /* kinds of values */
        {"    port: 0\n", "    port: 4x\n",
         ":12:11: 'port' is '4x'; a whole number in decimal belongs here"},
        {"    port: 0\n", "    port: 010\n",
         ":12:11: 'port' is '010'; a whole number in decimal belongs here"},
        {"    port: 0\n", "    port: 0x10\n",
         ":12:11: 'port' is '0x10'; a whole number in decimal belongs here"},
        {"    port: 0\n", "    port: -1\n",
         ":12:11: 'port' is '-1'; a whole number in decimal belongs here"},
        {"    port: 0\n", "    port:\n",
         ":12:10: 'port' is ''; a whole number in decimal belongs here"},
        {"    port: 0\n", "    port: 65536\n", ":12:11: 'port' is 65536; the largest is 65535"},
        {"    port: 0\n", "    port: 99999999999999999999\n",
         ":12:11: 'port' is 99999999999999999999; the largest is 65535"},
        {"    port: 0\n", "    port: [1]\n",
         ":12:11: 'port' holds a list; a single value belongs here"},
        {"  - address: 127.0.0.1\n", "  - address: \"\"\n", ":11:14: 'address' is empty"},
        {"  - address: 127.0.0.1\n", "  - address: \"127.0.0.1\\0\"\n",
         ":11:14: 'address' holds a control character"},
        {"client: optional", "client: maybe",
         ":15:52: 'client' is 'maybe'; one of these belongs here: none, optional, required"},
        {"client: optional", "client: optionl",
         ":15:52: 'client' is 'optionl'; did you mean 'optional'?"},
        {"    officer: required\n", "    officer: 0\n",
         ":28:14: 'officer' is '0'; one of these belongs here: required, optional"},
        {"revoke: {max: 1}", "revoke: {allow: flase}",
         ":29:21: 'allow' is 'flase'; write true or false"},
        {"revoke: {max: 1}", "revoke: yes",
         ":29:13: 'revoke' holds a single value; a mapping (key: value) belongs here"},
        {"accept: [cmc, pkcs10]", "accept: cmc",
         ":25:13: 'accept' holds a single value; a list belongs here"},
        {"accept: [cmc, pkcs10]", "accept: []",
         ":25:13: 'accept' holds 0 entries; 1 to 2 are allowed"},
        {"accept: [cmc, pkcs10]", "accept: [cmc, cmc, cmc]",
         ":25:13: 'accept' holds 3 entries; 1 to 2 are allowed"},
        {"accept: [cmc, pkcs10]", "accept:", ":25:12: 'accept' holds nothing; a list belongs here"},
        /* meaning: the process */
        {"", "workers: 0\n", ":30:10: 'workers' is 0; 1 to 64 are allowed"},
        {"", "workers: 65\n", ":30:10: 'workers' is 65; 1 to 64 are allowed"},
        {"", "limits: {message: 1000}\n",
         ":30:19: 'message' is 1000; 1024 to 16777216 are allowed"},
        {"", "limits: {message: 16777217}\n",
         ":30:19: 'message' is 16777217; 1024 to 16777216 are allowed"},
        {"", "status: status\n", ":30:9: path 'status' does not begin with '/'; write '/status'"},
        {"", "status: /a?b\n",
         ":30:9: path '/a?b' holds '?'; letters, digits and -._~/ are allowed"},
        /* meaning: the authority */
        {"url: \"http://ca.example/a.crl\"", "url: /a.crl",
         ":5:29: '/a.crl' is not an absolute URL; write for instance http://ca.example/ca.crl"},
        {"url: \"http://ca.example/a.crl\"", "url: \"http:///a.crl\"",
         ":5:29: 'http:///a.crl' is not an absolute URL; write for instance "
         "http://ca.example/ca.crl"},
        {"path: /ca.crl", "hours: 0", ":5:16: 'hours' is 0; 1 to 87840 are allowed"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: /ca.crl, url: \"http://ca.example/a.crl\", shards: 2",
         ":5:64: shards need an 'url' with {shard} in it, such as "
         "http://ca.example/ca-{shard}.crl: it says in each certificate where its CRL is"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: /ca.crl, url: \"http://ca.example/{shard}.crl\"",
         ":5:15: 'url' has {shard}, so this needs it too"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: \"/{shard}.crl\", url: \"http://ca.example/a.crl\"",
         ":5:15: {shard} is only for CRLs whose 'url' has it"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: \"/{shard}.crl\", url: \"http://ca.example/{shard}.crl\", shards: 257",
         ":5:77: 'shards' is 257; 1 to 256 are allowed"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: \"/{shard}{shard}\", url: \"http://ca.example/{shard}.crl\"",
         ":5:15: path '/{shard}{shard}' holds '{'; letters, digits and -._~/ are allowed"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: \"/{shard}.crl\", url: \"http://ca.example/{shard}/{shard}.crl\"",
         ":5:36: 'http://ca.example/{shard}/{shard}.crl' has braces in it; only one {shard} is "
         "allowed"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"", "path: \"/{shards}.crl\"",
         ":5:15: path '/{shards}.crl' holds '{'; letters, digits and -._~/ are allowed"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: /ca.crl, complete-path: /all.crl",
         ":5:39: without shards 'path' is that of the complete CRL; leave this out"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"", "path: /ca.crl, delta: 60",
         ":5:31: nobody would find the delta CRLs: 'delta-url' says in certificates where they "
         "are, 'delta-path' serves them"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"", "path: /ca.crl, delta-path: /ca.delta",
         ":5:36: 'delta-path' has no effect without 'delta'"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: /ca.crl, delta-url: \"http://ca.example/a.delta\"",
         ":5:35: 'delta-url' has no effect without 'delta'"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: /ca.crl, hours: 1, delta: 61, delta-path: /ca.delta",
         ":5:41: 'delta' is 61; 0 to 60 are allowed"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: /ca.crl, delta: 60, delta-path: \"/{shard}.delta\"",
         ":5:47: {shard} is only for CRLs whose 'url' has it"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: \"/{shard}.crl\", url: \"http://ca.example/{shard}.crl\", complete-path: /256.crl",
         ":5:84: path '/256.crl' is taken by the CRL; each needs its own"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: \"/{shard}.crl\", url: \"http://ca.example/{shard}.crl\", delta: 9, delta-path: "
         "\"/1{shard}.crl\"",
         ":5:91: path '/1{shard}.crl' is taken by the CRL; each needs its own"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"",
         "path: \"/{shard}.crl\", url: \"http://ca.example/{shard}.crl\", complete-path: "
         "\"/all-{shard}.crl\"",
         ":5:84: there is one complete CRL, so this has no number"},
        {"path: /ca.crl, url: \"http://ca.example/a.crl\"", "path: /ca.crl, overlap: 87841",
         ":5:33: 'overlap' is 87841; 0 to 87840 are allowed"},
        {"certificate-path: /ca.crt", "certificate-path: /ca.crl",
         ":6:21: path '/ca.crl' is taken by the CRL; each needs its own"},
        {"", "status: /ca.crl\n", ":5:15: path '/ca.crl' is taken by 'status'; each needs its own"},
        /* meaning: listeners */
        {"address: 127.0.0.1", "address: localhost",
         ":11:14: 'localhost' is not an IP address; write 127.0.0.1 or ::1, or 0.0.0.0 or :: for "
         "all"},
        {"    port: 0\n  - address: \"::1\"", "    port: 8443\n  - address: 127.0.0.1",
         ":14:11: 127.0.0.1 port 8443 is listed twice"},
        {"client: optional", "client-ca: c.crt",
         ":15:55: 'client-ca' has no effect without 'client: optional' or 'client: required'"},
        /* meaning: profiles */
        {"days: 397", "days: 0", ":18:11: 'days' is 0; 1 to 36525 are allowed"},
        {"days: 397", "hours: 0", ":18:12: 'hours' is 0; 1 to 876600 are allowed"},
        {"days: 397", "backdate: 5",
         ":17:5: key 'days' is missing in 'the profile' (or 'hours', 'not-after', 'no-expiry')"},
        {"days: 397", "days: 397\n    no-expiry: true",
         ":19:16: 'no-expiry' leaves nothing to 'days', 'hours' and 'not-after'"},
        {"days: 397", "not-after: tomorrow",
         ":18:16: 'tomorrow' is no time; write 2030-12-31 or 2030-12-31T12:00:00Z"},
        {"days: 397", "not-after: 2030-12-31T12:00:00",
         ":18:16: '2030-12-31T12:00:00' is no time; write 2030-12-31 or 2030-12-31T12:00:00Z"},
        {"days: 397", "days: 397\n    other-names: drop",
         ":19:18: 'other-names' has no effect without 'subject'"},
        {"days: 397", "days: 397\n    subject: [{type: C, value: SE, optional: true}]",
         ":19:15: an attribute with a 'value' has it always; 'from', 'pattern', 'max' and "
         "'optional' have no effect"},
        {"days: 397", "days: 397\n    subject: [{type: C, from: officer, pattern: x}]",
         ":19:15: 'pattern' has no effect on what comes from the officer"},
        {"days: 397", "days: 397\n    subject: [{type: C, max: 17}]",
         ":19:15: 'max' is 17; 1 to 16 are allowed"},
        {"days: 397", "days: 397\n    san: {kinds: [DNS, DNS]}",
         ":19:24: kind 'DNS' is listed twice"},
        {"days: 397", "days: 397\n    pop: maybe",
         ":19:10: 'pop' is 'maybe'; one of these belongs here: any, signature, challenge, vouched"},
        {"days: 397", "days: 397\n    identity: secret",
         ":25:5: endpoint /cmc: 'identity: secret' needs 'secrets: true'"},
        {"days: 397", "days: 397\n    backdate: 10081",
         ":19:15: 'backdate' (minutes) is 10081; 0 to 10080 are allowed"},
        {"\"rsa:2048\"", "\"ec:P-256\"", ":19:24: key type 'ec:P-256' is listed twice"},
        {"[subjectAltName]", "[subjectAltName, keyUsage]",
         ":21:16: extension 'keyUsage' is both fixed and in 'from-request'; choose one"},
        {"[subjectAltName]", "[subjectAltName, subjectAltName]",
         ":22:36: extension 'subjectAltName' is listed twice"},
        {"    from-request: [subjectAltName]\n", "      - {name: keyUsage, value: x}\n",
         ":22:16: extension 'keyUsage' is listed twice"},
        {"endpoints:\n", "  - {name: tls-server, days: 1}\nendpoints:\n",
         ":23:12: a second profile 'tls-server'; each needs its own name"},
        /* meaning: what lasts longer than one exchange */
        {"", "    approvals: 17\n", ":30:16: 'approvals' is 17; 0 to 16 are allowed"},
        {"", "    approvals: 1\n    poll: 43201\n",
         ":31:11: 'poll' (minutes) is 43201; 0 to 43200 are allowed"},
        {"", "    quorum: 17\n", ":30:13: 'quorum' is 17; 0 to 16 are allowed"},
        {"revoke: {max: 1}", "revoke: {max: 1, quorum: 17}",
         ":29:30: 'quorum' is 17; 0 to 16 are allowed"},
        {"    accept: [cmc, pkcs10]\n    answer: [cmc, certs-only]\n    profile: tls-server\n"
         "    officer: required\n    revoke: {max: 1}\n",
         "    accept: [pkcs10]\n    answer: [cmc]\n    profile: tls-server\n"
         "    officer: required\n    quorum: 2\n",
         ":29:13: only a CMC request can be signed by more than one; add 'cmc' to 'accept'"},
        {"", "    poll: 5\n", ":30:11: 'poll' has no effect without 'approvals'"},
        {"", "    confirm: 43201\n",
         ":30:14: 'confirm' (minutes) is 43201; 0 to 43200 are allowed"},
        {"", "    signing-time: 43201\n",
         ":30:19: 'signing-time' (minutes) is 43201; 0 to 43200 are allowed"},
        {"", "    replay: maybe\n",
         ":30:13: 'replay' is 'maybe'; one of these belongs here: allow, refuse"},
        {"    accept: [cmc, pkcs10]\n    answer: [cmc, certs-only]\n    profile: tls-server\n"
         "    officer: required\n    revoke: {max: 1}\n",
         "    accept: [pkcs10]\n    answer: [cmc]\n    profile: tls-server\n"
         "    officer: required\n    approvals: 1\n",
         ":25:13: what waits for approval is asked for, and a certificate is confirmed, in a CMC "
         "request; add 'cmc' to 'accept'"},
        {"", "keep: {nonces: 0}\n", ":30:16: 'nonces' (hours) is 0; 1 to 8784 are allowed"},
        {"", "keep: {answers: 36526}\n",
         ":30:17: 'answers' (days) is 36526; 0 to 36525 are allowed"},
        {"", "keep: {requests: 36526}\n",
         ":30:18: 'requests' (days) is 36526; 0 to 36525 are allowed"},
        /* meaning: endpoints */
        {"path: /cmc", "path: cmc", ":24:11: path 'cmc' does not begin with '/'; write '/cmc'"},
        {"path: /cmc", "path: /ca.crl",
         ":24:11: path '/ca.crl' is taken by the CRL; each needs its own"},
        {"",
         "  - {path: /cmc, accept: [cmc], answer: [cmc], profile: tls-server, officer: required}\n",
         ":30:12: path '/cmc' is taken by another endpoint; each needs its own"},
        {"[cmc, pkcs10]", "[cmc, cmc]", ":25:19: listed twice in 'accept'"},
        {"[cmc, certs-only]", "[cmc, pkix-cert, cmc]", ":26:30: listed twice in 'answer'"},
        {"profile: tls-server", "profile: tls-servre",
         ":27:14: profile 'tls-servre' is not in 'profiles'"},
        {"[cmc, certs-only]", "[certs-only]",
         ":29:13: revocation is answered by a Full PKI Response; add 'cmc' to 'answer', or write "
         "'allow: false'"},
        {"[cmc, pkcs10]", "[pkcs10]",
         ":29:13: revocation comes in a CMC request; add 'cmc' to 'accept', or write "
         "'allow: false'"},
        {"{max: 1}", "{reasons: [all, superseded]}",
         ":29:23: 'all' leaves nothing to add; write [all] or the list"},
        {"{max: 1}", "{reasons: [superseded, superseded]}",
         ":29:36: listed twice in 'revoke/reasons'"},
        {"{max: 1}", "{reasons: [7]}",
         ":29:24: 'reasons' is '7'; one of these belongs here: all, unspecified, keyCompromise, "
         "cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, "
         "removeFromCRL, privilegeWithdrawn, aACompromise"},
        /* registration authorities */
        {"{max: 1}", "{max: 1}\n    ra: [pop, pop]", ":30:15: listed twice in 'ra'"},
        {"{max: 1}", "{max: 1}\n    ra: [possession]",
         ":30:10: 'ra' is 'possession'; one of these belongs here: template, pop, identity, "
         "controls"},
        {"{max: 1}", "{max: 1}\n    ra: [pop]\n    ra-names: [\"O=Example\"]",
         ":31:15: 'ra-names' has no effect without 'ra: [template]'"},
        {"{max: 1}", "{max: 1}\n    ra: [template]\n    ra-names: [\"DNS:.example.org\"]",
         ":31:16: a domain such as DNS:example.org is due; it stands for all names below it"},
        {"{max: 1}", "{max: 1}\n    ra: [template]\n    ra-names: [\"Example\"]",
         ":31:16: name \"Example\", column 1: here should stand an attribute such as CN=alice"},
        {"endpoints:\n", "    key-reuse: never\nendpoints:\n",
         ":23:16: 'key-reuse' is 'never'; one of these belongs here: allow, refuse"},
        {"profiles:\n", "dh-pop: {certificate: dh.crt}\nprofiles:\n",
         ":16:9: key 'key' is missing in 'dh-pop'"},
        {"revoke: {max: 1}", "same-key: true",
         ":29:15: 'same-key' has no effect without 'renewal: true'"},
        {"revoke: {max: 1}", "profile-ids: [a]",
         ":29:18: 'profile-ids' has no effect without 'compat: dogtag'"},
        {"revoke: {max: 1}", "compat: dogtag\n    profile-ids: [\"a b\"]",
         ":30:18: 'a b' is no profile id; letters, digits and -._ are allowed"},
        {"revoke: {max: 1}", "compat: dogtag\n    profile-ids: [a, a]",
         ":30:22: profile id 'a' is listed twice"},
        {"revoke: {max: 1}",
         "compat: dogtag\n    profile-ids: [a]\n  - {path: /b, accept: [cmc], answer: [cmc], "
         "profile: tls-server, officer: required, compat: dogtag, profile-ids: [b, a]}",
         ":31:115: profile id 'a' already leads to /cmc"},
    };
    const struct state *s = *state;
    size_t wrong = 0;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cmc_conf *c = NULL;
        struct cmc_err err = {0};
        char *text;

        text = replaced(cases[i].from, cases[i].to);
        assert_int_equal(load(s, text, &c, &err), CMC_E_USAGE);
        assert_null(c);
        assert_memory_equal(err.text, s->path, strlen(s->path));
        if (strcmp(err.text + strlen(s->path), cases[i].error) != 0) {
            print_error("got  %s\nwant %s\n", err.text + strlen(s->path), cases[i].error);
            wrong++;
        }
        free(text);
    }
    assert_int_equal(wrong, 0);
}

static void test_empty(void **state)
{
    static const char *const texts[] = {"", "\n", "# nothing\n", "---\n", "[]\n", "x\n", "{}\n"};
    const struct state *s = *state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cmc_conf *c = NULL;
        struct cmc_err err = {0};

        assert_int_equal(load(s, texts[i], &c, &err), CMC_E_USAGE);
        assert_memory_equal(err.text, s->path, strlen(s->path));
    }
}

/* A good file cut short, or with one octet changed, is read or refused in order. */
static void test_damaged(void **state)
{
    static const char bad[] = {0, '\t', '\n', ' ', '{', ']', '&', '*', '"', ':', (char)0xff};
    const struct state *s = *state;
    char text[sizeof good];
    size_t refused = 0, loads = 0;

    for (size_t n = 0; n < sizeof good - 1; n += 3) {
        memcpy(text, good, sizeof good);
        for (size_t k = 0; k <= sizeof bad; k++) {
            struct cmc_conf *c = NULL;
            struct cmc_err err = {0};
            bool cut = k == sizeof bad;
            enum cmc_rc rc;

            if (!cut)
                text[n] = bad[k];
            rc = load_octets(s, text, cut ? n : sizeof good - 1, &c, &err);
            assert_true(rc == CMC_OK || rc == CMC_E_USAGE);
            refused += rc == CMC_E_USAGE ? 1 : 0;
            loads++;
            assert_true((rc == CMC_OK) == (c != NULL));
            if (rc != CMC_OK)
                assert_memory_equal(err.text, s->path, strlen(s->path));
            cmc_conf_free(c);
        }
    }
    assert_true(refused > loads / 4 && refused < loads);
}

static void test_missing(void **state)
{
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};

    (void)state;
    assert_int_equal(cmc_conf_load("/nonexistent/cmcd.yaml", &c, &err), CMC_E_LOCAL);
    assert_null(c);
    assert_non_null(strstr(err.text, "/nonexistent/cmcd.yaml"));
    cmc_conf_free(NULL);
}

/* -- several authorities ----------------------------------------------------------------- */

static const char several[] =
    "database: chancery.db\n"                                                         /* 1 */
    "authorities:\n"                                                                  /* 2 */
    "  - name: one\n"                                                                 /* 3 */
    "    certificate: 1.crt\n"                                                        /* 4 */
    "    key: 1.key\n"                                                                /* 5 */
    "    crl: {path: /1.crl, url: \"http://ca.example/1.crl\"}\n"                     /* 6 */
    "    ocsp: {path: /ocsp1, certificate: o1.crt, key: o1.key}\n"                    /* 7 */
    "  - name: two\n"                                                                 /* 8 */
    "    certificate: 2.crt\n"                                                        /* 9 */
    "    key: 2.key\n"                                                                /* 10 */
    "    crl: {path: /2.crl, url: \"http://ca.example/2.crl\"}\n"                     /* 11 */
    "    responder: {certificate: r2.crt, key: r2.key}\n"                             /* 12 */
    "    officers: {trust: [o2.crt], ra-eku: optional}\n"                             /* 13 */
    "    encryption: {certificate: e2.crt, key: e2.key, path: /e2.crt}\n"             /* 14 */
    "    ocsp: {path: /ocsp2, certificate: o2.crt, key: o2.key, minutes: 5}\n"        /* 15 */
    "responder: {certificate: r.crt, key: r.key}\n"                                   /* 16 */
    "encryption: {certificate: e.crt, key: e.key, path: /e.crt}\n"                    /* 17 */
    "dh-pop: {certificate: d.crt, key: d.key}\n"                                      /* 18 */
    "listen: [{address: 127.0.0.1, port: 0}]\n"                                       /* 19 */
    "profiles: [{name: p, days: 9}]\n"                                                /* 20 */
    "endpoints:\n"                                                                    /* 21 */
    "  - {path: /one, accept: [cmc], answer: [cmc], profile: p, officer: required}\n" /* 22 */
    "  - path: /two\n"                                                                /* 23 */
    "    authority: two\n"                                                            /* 24 */
    "    accept: [cmc]\n"                                                             /* 25 */
    "    answer: [cmc]\n"                                                             /* 26 */
    "    profile: p\n"                                                                /* 27 */
    "    officer: required\n";                                                        /* 28 */

static void assert_ends(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');

    assert_non_null(slash);
    assert_string_equal(slash + 1, name);
}

static void test_authorities(void **state)
{
    const struct state *s = *state;
    const struct cmc_conf_authority *a;
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};

    if (load(s, several, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(c->authority_count, 2);
    a = &c->authorities[0];
    assert_string_equal(a->name, "one");
    assert_ends(a->ca.certificate, "1.crt");
    assert_ends(a->responder.certificate, "r.crt");
    assert_ends(a->encryption.key, "e.key");
    assert_string_equal(a->encryption_path, "/e.crt");
    assert_ends(a->dh_pop.certificate, "d.crt");
    assert_int_equal(a->officer_trust_count, 0);
    assert_false(a->ra_any_eku);
    a = &c->authorities[1];
    assert_string_equal(a->crl_path, "/2.crl");
    assert_ends(a->responder.certificate, "r2.crt");
    assert_ends(a->encryption.certificate, "e2.crt");
    assert_string_equal(a->encryption_path, "/e2.crt");
    assert_ends(a->dh_pop.key, "d.key");
    assert_int_equal(a->officer_trust_count, 1);
    assert_true(a->ra_any_eku);
    assert_int_equal(a->ocsp.minutes, 5);
    assert_int_equal(c->endpoints[0].authority, 0);
    assert_string_equal(c->endpoints[0].rules.authority, "one");
    assert_int_equal(c->endpoints[1].authority, 1);
    assert_string_equal(c->endpoints[1].rules.authority, "two");
    assert_ptr_equal(cmc_conf_authority(c, NULL), &c->authorities[0]);
    assert_ptr_equal(cmc_conf_authority(c, "two"), &c->authorities[1]);
    assert_null(cmc_conf_authority(c, "three"));
    cmc_conf_free(c);
}

static void test_authorities_refused(void **state)
{
    static const struct {
        const char *from, *to, *text;
    } cases[] = {
        {"responder: {certificate: r.crt, key: r.key}\n", "",
         ":3:5: key 'responder' is missing, both here and at the top level"},
        {"  - name: two\n    certificate", "  - certificate",
         ":8:5: key 'name' is missing in 'authorities'"},
        {"name: two", "name: \"t w o\"",
         ":8:11: 't w o' is no name of an authority; up to 64 letters, digits and -._ are allowed"},
        {"name: two", "name: one",
         ":8:11: the name is that of authority 'one' too; each needs its own"},
        {"certificate: 2.crt", "certificate: 1.crt",
         ":9:18: the certificate is that of authority 'one' too; each needs its own"},
        {"url: \"http://ca.example/2.crl\"", "url: \"http://ca.example/1.crl\"",
         ":11:30: the URL of the CRL is that of authority 'one' too; each needs its own"},
        {"path: /2.crl", "path: /1.crl",
         ":11:17: path '/1.crl' is taken by the CRL; each needs its own"},
        {"path: /ocsp2", "path: /ocsp1",
         ":15:18: path '/ocsp1' is taken by OCSP; each needs its own"},
        {"minutes: 5", "minutes: 0", ":15:69: 'minutes' is 0; 1 to 44640 are allowed"},
        {"authority: two", "authority: tow", ":24:16: authority 'tow' is not in 'authorities'"},
        {"dh-pop:", "ocsp: {path: /o, certificate: o.crt, key: o.key}\ndh-pop:",
         ":18:7: the signer of OCSP answers belongs to one authority; move 'ocsp' to where that "
         "stands in 'authorities'"},
        {"dh-pop:", "authority: {certificate: c.crt, key: c.key}\ndh-pop:",
         ":3:3: both 'authority' and 'authorities'; write one of them"},
        {"authorities:\n", "authorities: []\nofficers:\n",
         ":2:14: 'authorities' holds 0 entries; 1 to 16 are allowed"},
    };
    const struct state *s = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at = strstr(several, cases[i].from);
        struct cmc_conf *c = NULL;
        struct cmc_err err = {0};
        char whole[4096];

        assert_non_null(at);
        (void)snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at - several), several, cases[i].to,
                       at + strlen(cases[i].from));
        assert_int_equal(load(s, whole, &c, &err), CMC_E_USAGE);
        assert_null(c);
        if (strstr(err.text, cases[i].text) == NULL)
            fail_msg("case %zu: want %s\n got %s", i, cases[i].text, err.text);
    }
}

/* An alias may stand for a list that is written elsewhere, but not make the file explode. */
static void test_alias(void **state)
{
    const struct state *s = *state;
    char *text = replaced("endpoints:\n", "  - name: b\n    days: 3\n    keys: *k\nendpoints:\n");
    char *anchor = strstr(text, "[\"ec:P-256\"");
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};
    char whole[2048];

    assert_non_null(anchor);
    (void)snprintf(whole, sizeof whole, "%.*s&k %s", (int)(anchor - text), text, anchor);
    if (load(s, whole, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(c->profiles[1].key_type_count, 2);
    assert_string_equal(c->profiles[1].key_types[0], "ec:P-256");
    cmc_conf_free(c);
    free(text);

    c = NULL;
    text = replaced("endpoints:\n", "  - &p {name: b, days: 3, keys: [*p]}\nendpoints:\n");
    assert_int_equal(load(s, text, &c, &err), CMC_E_USAGE);
    free(text);
}

/* A profile's demands hold at each endpoint with it; an endpoint may only add to them. */
static void test_exchange(void **state)
{
    const struct state *s = *state;
    char *text = replaced("    days: 397\n", "    days: 397\n    approvals: 2\n    confirm: 30\n");
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};
    char whole[2048];

    (void)snprintf(whole, sizeof whole,
                   "%s    approvals: 1\n    poll: 3\n    signing-time: 5\n    quorum: 2\n"
                   "    response-info: \"see the wiki\"\n"
                   "  - {path: /b, accept: [cmc], answer: [cmc], profile: tls-server,\n"
                   "     officer: required, approvals: 3, confirm: 7, compat: dogtag,\n"
                   "     revoke: {quorum: 3, atomic: true}}\n"
                   "keep: {answers: 9, nonces: 8, requests: 7}\n",
                   text);
    if (load(s, whole, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(c->endpoints[0].rules.approvals, 2);
    assert_int_equal(c->endpoints[0].rules.poll_seconds, 180);
    assert_int_equal(c->endpoints[0].rules.confirm_seconds, 1800);
    assert_int_equal(c->endpoints[0].rules.time_seconds, 300);
    assert_true(c->endpoints[0].rules.refuse_nonces);
    assert_true(cmc_slice_eq(c->endpoints[0].rules.response_info, CMC_SLICE_LIT("see the wiki")));
    assert_int_equal(c->endpoints[1].rules.approvals, 3);
    assert_int_equal(c->endpoints[0].rules.quorum, 2);
    assert_int_equal(c->endpoints[0].rules.revoke_quorum, 0);
    assert_int_equal(c->endpoints[1].rules.quorum, 0);
    assert_int_equal(c->endpoints[1].rules.revoke_quorum, 3);
    assert_true(c->endpoints[1].rules.revoke_atomic);
    assert_false(c->endpoints[0].rules.revoke_atomic);
    assert_int_equal(c->endpoints[1].rules.confirm_seconds, 420);
    assert_false(c->endpoints[1].rules.refuse_nonces);
    assert_null(c->endpoints[1].rules.response_info.p);
    assert_int_equal(c->keep_answers_days, 9);
    assert_int_equal(c->keep_nonces_hours, 8);
    assert_int_equal(c->keep_requests_days, 7);
    cmc_conf_free(c);
    free(text);

    c = NULL;
    if (load(s, good, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(c->endpoints[0].rules.approvals, 0);
    assert_int_equal(c->endpoints[0].rules.confirm_seconds, 0);
    assert_int_equal(c->endpoints[0].rules.time_seconds, 0);
    assert_int_equal(c->keep_answers_days, 0);
    assert_int_equal(c->keep_nonces_hours, 24);
    assert_int_equal(c->keep_requests_days, 365);
    cmc_conf_free(c);
}

static void write_file(const struct state *s, const char *name, const char *text)
{
    char path[160];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void remove_file(const struct state *s, const char *name)
{
    char path[160];

    (void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
    assert_int_equal(remove(path), 0);
}

/* A file each: by the names of the files, what is wrong by their own lines. */
static void test_profile_files(void **state)
{
    static const struct {
        const char *files, *text, *error; /* after the folder */
    } cases[] = {
        {"[p, x.yaml]", "name: x\ndays: 0\n", "/x.yaml:2:7: 'days' is 0; 1 to 36525 are allowed"},
        {"[p, x.yaml]", "name: x\n", "/x.yaml:1:1: key 'days' is missing in 'the profile'"},
        {"[p, x.yaml]", "profiles: []\n", "/x.yaml:1:1: unknown key 'profiles'; known here: "},
        {"[p, x.yaml]", "name: tls-server\ndays: 1\n",
         "/x.yaml:1:7: a second profile 'tls-server'; each needs its own name"},
        {"[p, x.yaml]",
         "name: x\ndays: 1\nextensions:\n  - {name: keyUsage, value: a}\n"
         "from-request: [keyUsage]\n",
         "/x.yaml:4:12: extension 'keyUsage' is both fixed and in 'from-request'; choose one"},
        {"[p, x.yaml]", "[\n", "/x.yaml:2:1: not YAML: "},
        {"[p, x.yaml]", "", "/x.yaml: empty; "},
        {"[p, y.yaml]", "name: x\ndays: 1\n", "/cmcd.yaml:30:20: "},
        {"[e]", "name: x\ndays: 1\n", "/cmcd.yaml:30:17: "},
    };
    const struct state *s = *state;
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};
    char *text, path[160];

    (void)snprintf(path, sizeof path, "%s/p", s->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/e", s->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(s, "p/b.yaml", "name: second\ndays: 2\napprovals: 2\n");
    write_file(s, "p/a.yaml", "name: third\ndays: 3\n");
    write_file(s, "p/.c.yaml", "not: one\n");
    write_file(s, "p/c.yaml~", "not: one\n");
    write_file(s, "x.yaml", "name: fourth\ndays: 4\n");
    text = replaced("", "  - {path: /b, accept: [cmc], answer: [cmc], profile: second, "
                        "officer: required}\nprofile-files: [p/, x.yaml]\n");
    if (load(s, text, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    free(text);
    assert_int_equal(c->profile_count, 4);
    assert_string_equal(c->profiles[0].name, "tls-server");
    assert_string_equal(c->profiles[1].name, "third");
    assert_string_equal(c->profiles[2].name, "second");
    assert_string_equal(c->profiles[3].name, "fourth");
    assert_int_equal(c->profiles[3].days, 4);
    assert_int_equal(c->endpoints[1].rules.approvals, 2);
    cmc_conf_free(c);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *conf = malloc(sizeof good + 64);

        assert_non_null(conf);
        (void)snprintf(conf, sizeof good + 64, "%sprofile-files: %s\n", good, cases[i].files);
        write_file(s, "x.yaml", cases[i].text);
        c = NULL;
        assert_int_equal(load(s, conf, &c, &err), CMC_E_USAGE);
        assert_null(c);
        if (strncmp(err.text + strlen(s->dir), cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("got  %s\nwant %s\n", err.text + strlen(s->dir), cases[i].error);
        free(conf);
    }
    /* Files alone are enough, and none at all is not. */
    text = replaced("profiles:\n"
                    "  - name: tls-server\n"
                    "    days: 397\n"
                    "    keys: [\"ec:P-256\", \"rsa:2048\"]\n"
                    "    extensions:\n"
                    "      - {name: keyUsage, value: \"critical,digitalSignature\"}\n"
                    "    from-request: [subjectAltName]\n",
                    "profile-files: [x.yaml]\n");
    write_file(s, "x.yaml", "name: tls-server\ndays: 1\n");
    if (load(s, text, &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    cmc_conf_free(c);
    c = NULL;
    memcpy(strstr(text, "profile-files: [x.yaml]"), "#                      ", 23);
    assert_int_equal(load(s, text, &c, &err), CMC_E_USAGE);
    assert_non_null(strstr(err.text, "no profile; write 'profiles'"));
    free(text);
    remove_file(s, "x.yaml");
    remove_file(s, "p/c.yaml~");
    remove_file(s, "p/.c.yaml");
    remove_file(s, "p/b.yaml");
    remove_file(s, "p/a.yaml");
    remove_file(s, "p");
    remove_file(s, "e");
}

/* What we ship reads well, and the Nexus example holds Nexus's rules. */
static void test_examples(void **state)
{
    struct cmc_conf *c = NULL;
    struct cmc_err err = {0};

    (void)state;
    if (cmc_conf_load(EXAMPLES "/cmcd.yaml", &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(c->endpoints[0].rules.reasons, CMC_REASONS_RFC5280);
    cmc_conf_free(c);

    c = NULL;
    if (cmc_conf_load(EXAMPLES "/nexus.yaml", &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_true(c->endpoints[0].rules.revoke);
    assert_int_equal(c->endpoints[0].rules.revoke_max, 1);
    assert_int_equal(c->endpoints[0].rules.reasons, CMC_REASONS_NEXUS);
    assert_true(c->endpoints[0].rules.mandatory_fields_only);
    assert_true(c->endpoints[0].rules.require_officer);
    assert_int_equal(c->endpoints[0].accept_count, 2);
    assert_int_equal(c->endpoints[0].answer_count, 4);
    cmc_conf_free(c);

    c = NULL;
    if (cmc_conf_load(EXAMPLES "/dogtag.yaml", &c, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_non_null(strstr(c->secrets_key, "/secrets.key"));
    assert_int_equal(c->secret_failures, 5);
    for (unsigned int i = 0; i < c->endpoint_count; i++) {
        bool est = strstr(c->endpoints[i].rules.path, "/est/") != NULL;

        assert_true(est || strncmp(c->endpoints[i].rules.path, "/ca/ee/ca/", 10) == 0);
        assert_int_equal(c->endpoints[i].base64, est);
        assert_true(c->endpoints[i].rules.dogtag && c->endpoints[i].rules.require_officer);
        assert_int_equal(c->endpoints[i].rules.secrets,
                         strstr(c->endpoints[i].rules.path, "SelfSigned") != NULL);
        assert_int_equal(c->endpoints[i].profile_id_count > 0,
                         strstr(c->endpoints[i].rules.path, "CMCRevReq") == NULL);
        assert_int_equal(cmc_conf_has_profile_id(&c->endpoints[i], "caFullCMCUserCert"),
                         strcmp(c->endpoints[i].rules.path, "/ca/ee/ca/profileSubmitCMCFull") == 0);
    }
    cmc_conf_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ra, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_authorities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_authorities_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alias, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exchange, setup, teardown),
        cmocka_unit_test_setup_teardown(test_profile_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_examples, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
