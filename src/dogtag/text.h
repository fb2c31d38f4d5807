/* SPDX-License-Identifier: Apache-2.0 */
/* The text forms that Dogtag's tools read and write. */
#ifndef CMC_DOGTAG_TEXT_H
#define CMC_DOGTAG_TEXT_H

#include "dogtag/dog.h"

/* Base64 in lines of 76 columns, each ended by CR LF, as Java's tools write it. */
void dog_base64(struct cmc_buf *out, struct cmc_slice der);
/* The same on one line, without an end of line. */
void dog_base64_line(struct cmc_buf *out, struct cmc_slice der);
/* PEM around dog_base64(): the lines BEGIN and END end in LF only. */
void dog_pem(struct cmc_buf *out, const char *label, struct cmc_slice der);

/* The next line of *text, which is stepped over; false at the end. It ends in LF, CR or CR LF, as
 * Java reads lines. */
bool dog_next_line(struct cmc_slice *text, struct cmc_slice *line);

/*
 * The DER in a text file: lines that begin with "-----BEGIN" or "-----END" are dropped whatever
 * they say, the rest is base64, of the URL-safe kind where '-' or '_' stand in it. path is for
 * the error. Errors: CMC_E_INPUT.
 */
enum cmc_rc dog_text_der(struct dog *d, const char *path, struct cmc_slice text,
                         struct cmc_slice *out) CMC_MUST_USE;

/*
 * Content of an INTEGER from text: decimal digits, and where hex_too is set also "0x" and hex
 * digits. param is for the error.
 */
enum cmc_rc dog_serial(struct dog *d, const char *param, const char *text, bool hex_too,
                       struct cmc_slice *out) CMC_MUST_USE;

#endif
