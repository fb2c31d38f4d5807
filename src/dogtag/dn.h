/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names as Dogtag's tools write them down, and the string types they choose. */
#ifndef CMC_DOGTAG_DN_H
#define CMC_DOGTAG_DN_H

#include "dogtag/dog.h"

enum dog_dn_kind {
    DOG_DN_UTF8,  /* CMCRequest, PKCS10Client */
    DOG_DN_TYPED, /* PKCS10Client -k true: "CN=PrintableString:x" chooses the type */
    DOG_DN_CRMF,  /* CRMFPopClient: PrintableString where it can be; few attributes */
    DOG_DN_CRMF_TYPED
};

/* "CN=alice,O=Example": most specific first. Whole Name into the arena. */
enum cmc_rc dog_dn(struct dog *d, const char *text, enum dog_dn_kind kind,
                   struct cmc_slice *out) CMC_MUST_USE;

#endif
