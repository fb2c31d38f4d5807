/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcmc: the asking side of Certificate Management over CMS (RFC 10002, 10003, 10004).
 *
 * Every name begins with cmcl_ or CMCL_. Ownership is in the verb: new (and load, generate, read,
 * open) makes an object that its free takes back (NULL is fine there); get0 borrows from the object
 * asked and lasts as long as it; get1 hands out memory that the caller gives to cmcl_free(); set1
 * and add copy. Lengths are in octets, times in seconds since 1970 (UTC), texts in UTF-8.
 *
 * The answering side (the responder) is not part of this interface yet.
 */
#ifndef CMC_CMC_H
#define CMC_CMC_H

#include <cmc/context.h>
#include <cmc/key.h>
#include <cmc/request.h>
#include <cmc/response.h>
#include <cmc/transport.h>

#endif
