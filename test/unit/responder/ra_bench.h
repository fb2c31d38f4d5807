/* SPDX-License-Identifier: Apache-2.0 */
/* A registration authority at work: the client's code sends, the responder answers. */
#ifndef CMC_TEST_RA_BENCH_H
#define CMC_TEST_RA_BENCH_H

#include "../authority.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"

#define REQUEST_ID 77u /* of the CRMF requests made here */

struct bench {
    struct test_authority *t;
    struct test_party ra, plain; /* roles ra and enroll, with id-kp-cmcRA and without */
    struct cmc_exchange_state state;
    struct cmc_answer_view answer;
    struct test_reply reply;
};

int bench_setup(void **state);
int bench_teardown(void **state);

/* A signed request for a new key; *rq is the same read. ext may be NULL. */
struct cmc_slice bench_crmf(struct bench *b, const char *subject, const struct cmc_extension *ext,
                            const struct cmc_atv *control, bool no_pop, struct cmc_request *rq);
struct cmc_slice bench_pkcs10(struct bench *b, const char *subject, const struct cmc_extension *ext,
                              const struct cmc_attribute *attr, struct cmc_request *rq);
struct cmc_slice bench_name(struct bench *b, const char *text);
struct cmc_extension bench_san(struct bench *b, const char *text);
/* A keyUsage of these bits (0x80 is digitalSignature). */
struct cmc_extension bench_usage(uint8_t bits);

/* Sign as who, send, open the answer as the client does. */
void bench_send(struct bench *b, const struct test_party *who, struct cmc_full_request full);
/* One CRMF request with these controls. */
void bench_send_crmf(struct bench *b, const struct test_party *who, struct cmc_slice crmf,
                     const struct cmc_extra_control *controls, size_t n);
/* The answer says exactly this of this body part. CMC_FAIL_INFO_NONE: success. */
void bench_expect(struct bench *b, int fail_info, uint32_t body_part);
/* ... and its text has this in it. */
void bench_says(struct bench *b, const char *text);
/* The certificate for this request, decoded; fails the test when there is none. */
struct cmc_cert bench_cert(struct bench *b, const struct cmc_request *rq);

#endif
