/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "server/media.h"

#define REFUSED (-1)

/* [10003-6.1-a, 10003-6.1-b] */
static void test_request(void **state)
{
    static const struct {
        const char *header;
        int type;
    } cases[] = {
        {"application/pkcs10", CMC_TYPE_PKCS10},
        {"Application/PKCS10 ; name=smime.p10", CMC_TYPE_PKCS10},
        {"application/pkcs7-mime; smime-type=CMC-request", CMC_TYPE_CMC},
        {"application/pkcs7-mime; smime-type=CMC-Request; name=smime.p7m", CMC_TYPE_CMC},
        {"application/pkcs7-mime;name=\"a;\\\"b\";SMIME-TYPE=\"cmc-request\"", CMC_TYPE_CMC},
        {"application/pkcs7-mime\t;\tsmime-type=cmc-request;", CMC_TYPE_CMC},
        {"application/pkcs7-mime", CMC_TYPE_CMC},
        {"application/pkcs7-mime; name=smime.p7m", CMC_TYPE_CMC},
        {"application/pkcs7-mime; smime-type=CMC-response", REFUSED},
        {"application/pkcs7-mime; smime-type=certs-only", REFUSED},
        {"application/pkcs7-mime; smime-type=cmc-requests", REFUSED},
        {"application/pkcs7-mime; smime-type=", REFUSED},
        {"application/pkcs7-mime; smime-type=\"cmc-request", REFUSED},
        {"application/pkcs7-mime; smime-type cmc-request", REFUSED},
        {"application/pkcs7-mime smime-type=cmc-request", REFUSED},
        {"application/pkcs7-mime, application/pkcs10", REFUSED},
        {"application/pkcs7-mime; x=\"\\", REFUSED},
        {"application/pkcs7", REFUSED},
        {"application/x-pkcs10", REFUSED},
        {"text/pkcs10", REFUSED},
        {"application", REFUSED},
        {"application/", REFUSED},
        {"/pkcs10", REFUSED},
        {"*/*", REFUSED},
        {"", REFUSED},
        {NULL, REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum cmc_request_type type = CMC_TYPE_PKCS10;
        struct cmc_err err = {0};
        enum cmc_rc rc = cmc_media_request(cases[i].header, &type, &err);

        if ((rc == CMC_OK ? (int)type : REFUSED) != cases[i].type)
            fail_msg("%s: %s", cases[i].header, cmc_rc_name(rc));
        if (rc != CMC_OK) {
            assert_int_equal(rc, CMC_E_REFUSED);
            assert_non_null(strstr(err.text, "application/pkcs7-mime; smime-type=CMC-request"));
        }
    }
}

/* A name as long as a header may be is cut, not trusted. */
static void test_long(void **state)
{
    char header[4096];
    enum cmc_request_type type;
    struct cmc_err err;

    (void)state;
    memset(header, 'a', sizeof header - 1);
    header[sizeof header - 1] = '\0';
    assert_int_equal(cmc_media_request(header, &type, &err), CMC_E_REFUSED);
    memcpy(header, "application/pkcs7-mime; smime-type=", 35);
    assert_int_equal(cmc_media_request(header, &type, &err), CMC_E_REFUSED);
    assert_true(strlen(err.text) < sizeof err.text);
}

static const enum cmc_answer_form all[] = {CMC_ANSWER_CMC, CMC_ANSWER_CERTS_ONLY,
                                           CMC_ANSWER_CERTS_ONLY_CHAIN, CMC_ANSWER_PKIX_CERT};
static const enum cmc_answer_form chain_first[] = {CMC_ANSWER_CERTS_ONLY_CHAIN,
                                                   CMC_ANSWER_CERTS_ONLY};
static const enum cmc_answer_form only_cert[] = {CMC_ANSWER_PKIX_CERT};

/* [10003-6.2-a, 10003-6.2-b] */
static void test_choose(void **state)
{
    static const struct {
        const char *accept;
        const enum cmc_answer_form *offer;
        size_t n;
        int form;
    } cases[] = {
        {NULL, all, 4, CMC_ANSWER_CMC},
        {"", all, 4, CMC_ANSWER_CMC},
        {"*/*", all, 4, CMC_ANSWER_CMC},
        {NULL, chain_first, 2, CMC_ANSWER_CERTS_ONLY_CHAIN},
        {"application/*", chain_first, 2, CMC_ANSWER_CERTS_ONLY_CHAIN},
        {"application/pkix-cert", all, 4, CMC_ANSWER_PKIX_CERT},
        {"APPLICATION/PKIX-CERT", all, 4, CMC_ANSWER_PKIX_CERT},
        {"application/pkcs7-mime", all, 4, CMC_ANSWER_CMC},
        {"application/pkcs7-mime; smime-type=certs-only", all, 4, CMC_ANSWER_CERTS_ONLY},
        {"application/pkcs7-mime; smime-type=Certs-Only; name=smime.p7c", all, 4,
         CMC_ANSWER_CERTS_ONLY},
        {"application/pkcs7-mime; smime-type=certsonly", all, 4, CMC_ANSWER_CERTS_ONLY},
        {"application/pkcs7-mime;smime-type=certs-only", chain_first, 2,
         CMC_ANSWER_CERTS_ONLY_CHAIN},
        {"application/pkcs7-mime; smime-type=\"CMC-Response\"", all, 4, CMC_ANSWER_CMC},
        /* weights: the closest range counts, then the weight, then our order */
        {"*/*;q=0.1, application/pkix-cert", all, 4, CMC_ANSWER_PKIX_CERT},
        {"application/pkix-cert;q=0.5, application/pkcs7-mime;q=0.4", all, 4, CMC_ANSWER_PKIX_CERT},
        {"application/pkix-cert;q=0.5,application/pkcs7-mime;q=0.501", all, 4, CMC_ANSWER_CMC},
        {"*/*, application/pkcs7-mime; smime-type=CMC-response; q=0", all, 4,
         CMC_ANSWER_CERTS_ONLY},
        {"application/pkcs7-mime;q=0, */*", all, 4, CMC_ANSWER_PKIX_CERT},
        {"application/pkcs7-mime;q=0, application/pkcs7-mime;smime-type=certs-only;q=0.2", all, 4,
         CMC_ANSWER_CERTS_ONLY},
        {"text/html, application/xhtml+xml;q=0.9, */*;q=0.8", all, 4, CMC_ANSWER_CMC},
        {"application/pkix-cert;q=1.000 , ,", only_cert, 1, CMC_ANSWER_PKIX_CERT},
        /* none of them */
        {"text/plain", all, 4, REFUSED},
        {"*/*;q=0", all, 4, REFUSED},
        {"*/*;q=0.000", all, 4, REFUSED},
        {"application/pkcs7-mime", only_cert, 1, REFUSED},
        {"application/pkcs7-mime; smime-type=CMC-response", chain_first, 2, REFUSED},
        {"application/pkcs7-mime; smime-type=CMC-request", all, 4, REFUSED},
        {"*/pkix-cert", all, 4, REFUSED},
        /* malformed */
        {"application/pkix-cert;q=2", all, 4, REFUSED},
        {"application/pkix-cert;q=1.1", all, 4, REFUSED},
        {"application/pkix-cert;q=0.1234", all, 4, REFUSED},
        {"application/pkix-cert;q=0,5", all, 4, REFUSED},
        {"application/pkix-cert application/pkcs7-mime", all, 4, REFUSED},
        {"pkix-cert", all, 4, REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum cmc_answer_form form = CMC_ANSWER_CMC;
        struct cmc_err err = {0};
        enum cmc_rc rc = cmc_media_choose(cases[i].accept, cases[i].offer, cases[i].n, &form, &err);

        if ((rc == CMC_OK ? (int)form : REFUSED) != cases[i].form)
            fail_msg("%s: %s, form %d", cases[i].accept, cmc_rc_name(rc), (int)form);
    }
}

static void test_offer_is_named(void **state)
{
    enum cmc_answer_form form;
    struct cmc_err err = {0};

    (void)state;
    assert_int_equal(cmc_media_choose("text/plain", all, 4, &form, &err), CMC_E_REFUSED);
    assert_string_equal(err.text, "nothing here suits the Accept header; offered: "
                                  "application/pkcs7-mime; smime-type=CMC-response, "
                                  "application/pkcs7-mime; smime-type=certs-only, "
                                  "application/pkix-cert");
    assert_int_equal(cmc_media_choose("a", all, 4, &form, &err), CMC_E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_offer_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
