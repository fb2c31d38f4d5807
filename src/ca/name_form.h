/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of names in certificates: what a DNS name, mail address or URI looks like (RFC 5280
 * section 4.2.1.6), and which names lie in a subtree (section 4.2.1.10).
 */
#ifndef CMC_CA_NAME_FORM_H
#define CMC_CA_NAME_FORM_H

#include "asn1/pkix.h"
#include "base/arena.h"

/*
 * RFC 1034 section 3.5 and RFC 1123 section 2.1: letters, digits and hyphens, no label longer than
 * 63 nor all of it longer than 253, without a dot at the end; what begins with "xn--" is Punycode
 * (RFC 3492). wildcard: the first label may be "*".
 */
bool cmc_dns_name_ok(struct cmc_slice name, bool wildcard);
bool cmc_is_wildcard(struct cmc_slice name);
/* RFC 2821 section 4.1.2: Local-part "@" Domain. */
bool cmc_mailbox_ok(struct cmc_slice name);
/*
 * RFC 3986 with a scheme; an authority has a host. *host: that, absent where there is no
 * authority.
 */
bool cmc_uri_ok(struct cmc_slice uri, struct cmc_slice *host);

/*
 * A subtree from text: "DNS:example.org", "email:.example.org", "IP:192.0.2.0/24", "URI:.example",
 * "dirName:C=SE,O=Example". Errors: CMC_E_USAGE.
 */
enum cmc_rc cmc_subtree_parse(const char *text, struct cmc_arena *arena,
                              struct cmc_general_name *out, struct cmc_err *err) CMC_MUST_USE;
/* Does the name lie in the subtree? Both of one kind, else it does not. */
bool cmc_subtree_covers(const struct cmc_general_name *base, const struct cmc_general_name *name);
/*
 * May a certificate have this name? Of the permitted subtrees those of the same kind count, and
 * none of these means any name; no excluded one may cover it, or part of what it stands for.
 */
bool cmc_subtrees_allow(const struct cmc_list *permitted, const struct cmc_list *excluded,
                        const struct cmc_general_name *name);
/* "DNS:a.example" and so on, cut to fit. Returns buf. */
const char *cmc_general_name_text(const struct cmc_general_name *name, char *buf, size_t size);

#endif
