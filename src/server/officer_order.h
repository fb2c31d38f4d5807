/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders: what an officer with the role admin or audit signs on the spot, so that the audit log
 * can show who wanted it. An order is one JSON object: what it is, what comes out of it, when, and
 * behind which audit record. The last ties it to one database, and to one moment in its life.
 */
#ifndef CMC_SERVER_OFFICER_ORDER_H
#define CMC_SERVER_OFFICER_ORDER_H

#include "server/cmd.h"

/* Who orders; --as, --key and --key-pass. */
struct cmcd_order_options {
    const char *as, *key, *pass;
};
#define CMCD_ORDER_ROWS(T, member)                                                                 \
    CMC_OPTION("as", 0, STRING, "NAME", T, member.as, "in the name of this officer, who signs"),   \
        CMC_OPTION("key", 0, STRING, "URI", T, member.key, "private key of that officer"),         \
        CMC_OPTION("key-pass", 0, STRING, "FILE", T, member.pass,                                  \
                   "file with the passphrase of the key")

/* Is there an officer with this role? */
enum cmc_rc cmcd_role_held(struct cmc_reader *reader, unsigned int role, bool *held,
                           struct cmc_err *err) CMC_MUST_USE;

/*
 * Sign a change of an officer, or (officer NULL) what the event alone says, such as
 * "audit-export". The officer must have the role, and a certificate that is valid now. *out lives
 * in the run's arena. Errors: CMC_E_USAGE (no --as, no --key), CMC_E_REFUSED, those of the key.
 */
enum cmc_rc cmcd_order_sign(struct cmcd_run *r, struct cmcd_db *db,
                            const struct cmcd_order_options *o, unsigned int role,
                            const char *event, const struct cmc_officer *officer, int64_t now,
                            struct cmc_officer_order *out) CMC_MUST_USE;

/* Can no officer with the role admin sign any more: each certificate has expired or is revoked? */
enum cmc_rc cmcd_admins_lost(struct cmcd_run *r, struct cmcd_db *db, int64_t now,
                             bool *lost) CMC_MUST_USE;

/* -- in the audit log ---------------------------------------------------------------------- */

/* The officers as the log tells them, record by record. */
struct cmcd_order_audit;
struct cmcd_order_audit *cmcd_order_audit_new(struct cmcd_run *r, struct cmc_reader *reader);
void cmcd_order_audit_free(struct cmcd_order_audit *a);
/*
 * The next record. reader (of new) is used beside the walk. Errors: CMC_E_CRYPTO: a change of
 * officers, or an export, without the order that was due, or with another one.
 */
enum cmc_rc cmcd_order_audit_record(struct cmcd_order_audit *a, int64_t seq, const char *json,
                                    struct cmc_err *err) CMC_MUST_USE;
/* Orders that were verified, and changes that needed none because nobody could sign. */
void cmcd_order_audit_count(const struct cmcd_order_audit *a, unsigned int *orders,
                            unsigned int *recoveries);

#endif
