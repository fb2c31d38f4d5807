/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ocsp_url.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/hex.h"

/* Without percent-encoding; false where there is a % without two digits. */
static bool decode_percent(const char *in, unsigned char *out, size_t *n)
{
    *n = 0;
    for (; *in != '\0'; in++) {
        unsigned char c = (unsigned char)*in;

        if (c == '%') {
            int high = cmc_hex_digit(in[1]);
            int low = high < 0 ? -1 : cmc_hex_digit(in[2]);

            if (low < 0)
                return false;
            c = (unsigned char)(high << 4 | low);
            in += 2;
        }
        out[(*n)++] = c;
    }
    return true;
}

enum cmc_rc cmc_ocsp_from_path(const char *path, struct cmc_arena *arena, struct cmc_slice *out,
                               struct cmc_err *err)
{
    size_t n = strlen(path), padding = 0;
    unsigned char *text = cmc_arena_alloc(arena, n + 1), *der = cmc_arena_alloc(arena, n + 1);
    int octets;

    if (text == NULL || der == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an OCSP request");
    if (path[0] != '/' || !decode_percent(path + 1, text, &n) || n == 0)
        return cmc_fail(err, CMC_E_INPUT, "RFC 6960 appendix A.1.1",
                        "POST an OCSP request here, or GET its base64 below this path");
    while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
        padding++;
    octets = EVP_DecodeBlock(der, text, (int)n);
    if (n % 4 != 0 || octets < (int)padding + 1)
        return cmc_fail(err, CMC_E_INPUT, "RFC 6960 appendix A.1.1",
                        "what follows the path is no base64 of an OCSP request");
    *out = cmc_slice(der, (size_t)octets - padding);
    return CMC_OK;
}
