/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name space: the names that somebody may give, or deal with. Entries are
 *   DNS:example.org     a dNSName that is this domain or below it
 *   email:example.org   an rfc822Name whose domain is this or below it
 *   IP:192.0.2.0/24     an iPAddress of this network; without a prefix this address
 *   URI:example.org     a URI whose host is this or below it
 *   C=SE, O=Example     a subject, or a directoryName, that begins so; "DN:" may stand before
 *                       it, and "DN:" alone allows every one
 */
#ifndef CMC_MESSAGE_NAME_SPACE_H
#define CMC_MESSAGE_NAME_SPACE_H

#include "asn1/pkix.h"
#include "base/arena.h"
#include "base/err.h"

enum cmc_name_kind { CMC_NAME_SUBJECT, CMC_NAME_DNS, CMC_NAME_EMAIL, CMC_NAME_IP, CMC_NAME_URI };

struct cmc_name_rule {
    enum cmc_name_kind kind;
    struct cmc_slice base; /* Name (whole DER), domain, or the octets of an address */
    unsigned int bits;     /* CMC_NAME_IP: of the prefix */
};

/* No rules: no limit. */
struct cmc_name_space {
    const struct cmc_name_rule *rules;
    size_t n;
};

/* One entry. Errors: CMC_E_USAGE says what would be right. */
enum cmc_rc cmc_name_rule_parse(const char *text, struct cmc_arena *arena,
                                struct cmc_name_rule *out, struct cmc_err *err) CMC_MUST_USE;
/* Entries with a line feed between them; NULL and "": none. Errors: CMC_E_USAGE, CMC_E_LIMIT
 * above CMC_LIMIT_NAME_RULES. */
enum cmc_rc cmc_name_space_parse(const char *lines, struct cmc_arena *arena,
                                 struct cmc_name_space *out, struct cmc_err *err) CMC_MUST_USE;

bool cmc_name_space_has(const struct cmc_name_space *ns, enum cmc_name_kind kind);
/* Does a Name begin as one of the entries for subjects? No such entry: no. */
bool cmc_name_space_subject(const struct cmc_name_space *ns, struct cmc_slice name,
                            struct cmc_arena *arena);
/* Is it within an entry of its kind? No such entry, or a kind that has none: no. */
bool cmc_name_space_general(const struct cmc_name_space *ns, const struct cmc_general_name *gn,
                            struct cmc_arena *arena);

/*
 * All the names of a request or certificate: subject (whole DER), and the value of the
 * subjectAltName extension, or absent. *outside: the first that does not lie in the name space,
 * as text for people; NULL: they all do. A subject, where no entry speaks of subjects, may hold
 * nothing but common names and e-mail addresses, which are read as DNS names, IP addresses and
 * mailboxes; where one does, a common name that reads as one of these is held against the entries
 * of that kind, if there are any. Errors: CMC_E_MEM.
 */
enum cmc_rc cmc_name_space_check(const struct cmc_name_space *ns, struct cmc_slice subject,
                                 struct cmc_slice san, struct cmc_arena *arena,
                                 const char **outside, struct cmc_err *err) CMC_MUST_USE;

#endif
