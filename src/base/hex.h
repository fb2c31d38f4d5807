/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMC_BASE_HEX_H
#define CMC_BASE_HEX_H

/* The value of a hex digit of either case, or -1. Not the locale's isxdigit(). */
static inline int cmc_hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

#endif
