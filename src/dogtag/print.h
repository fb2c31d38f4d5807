/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and responses as text, in the words and columns of Dogtag's tools. */
#ifndef CMC_DOGTAG_PRINT_H
#define CMC_DOGTAG_PRINT_H

#include "asn1/cmc.h"
#include "dogtag/dog.h"

/* n blanks. */
void dog_indent(struct cmc_buf *out, unsigned int n);
/* "AB:CD:..." in upper case, 16 octets to a line. */
void dog_hex(struct cmc_buf *out, unsigned int indent, struct cmc_slice s);
/* Text of a peer: nothing that a terminal obeys. */
void dog_text(struct cmc_buf *out, struct cmc_slice text);

/* print_name.c: as Java's X500Principal writes it, "CN=a, O=b"; tight: "CN=a,O=b". */
void dog_print_name(struct dog *d, struct cmc_slice name, bool tight, struct cmc_buf *out);
void dog_print_general_name(struct dog *d, const struct cmc_general_name *gn, struct cmc_buf *out);

/* print_ext.c: one extension, indented by 16. */
void dog_print_extension(struct dog *d, const struct cmc_extension *e, struct cmc_buf *out);

/* print_cert.c: a whole certificate. Errors: CMC_E_INPUT. */
enum cmc_rc dog_print_cert(struct dog *d, struct cmc_slice der, struct cmc_buf *out) CMC_MUST_USE;
/* "SHA256withRSA" and the like, or the dotted OID. */
const char *dog_alg_name(const struct cmc_algid *id, char *buf, size_t size);

#endif
