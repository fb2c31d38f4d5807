#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make oids.h and oids.c of src/asn1/oids.txt: gen-oids.py OIDS.TXT OUT.H OUT.C"""
import sys


def encode(dotted):
    arcs = [int(a) for a in dotted.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        part = bytes([arc & 127])
        arc >>= 7
        while arc:
            part = bytes([128 | arc & 127]) + part
            arc >>= 7
        out += part
    return out


def main(source, header, code):
    rows = []
    for number, line in enumerate(open(source), 1):
        line = line.split("#")[0].split()
        if not line:
            continue
        if len(line) != 2:
            sys.exit("%s:%d: want NAME DOTTED" % (source, number))
        rows.append((encode(line[1]), line[0], line[0].replace("-", "_")))
    for field in (0, 1):
        if len({row[field] for row in rows}) != len(rows):
            sys.exit("%s: a name or an OID stands there twice" % source)
    rows.sort()
    with open(header, "w") as out:
        out.write("/* SPDX-License-Identifier: Apache-2.0 */\n")
        out.write("/* Made by tools/gen-oids.py of src/asn1/oids.txt. */\n")
        out.write("#ifndef CMC_ASN1_OIDS_H\n#define CMC_ASN1_OIDS_H\n\n")
        out.write('#include "base/slice.h"\n\n')
        out.write("struct cmc_oid_row {\n    struct cmc_slice oid;\n    const char *name;\n};\n\n")
        out.write("/* Sorted by octets. */\n")
        out.write("extern const struct cmc_oid_row cmc_oid_rows[];\n")
        out.write("extern const size_t cmc_oid_row_count;\n\n")
        for _, _, ident in sorted(rows, key=lambda r: r[2]):
            out.write("extern const struct cmc_slice cmc_oid_%s;\n" % ident)
        out.write("\n#endif\n")
    with open(code, "w") as out:
        out.write("/* SPDX-License-Identifier: Apache-2.0 */\n")
        out.write("/* Made by tools/gen-oids.py of src/asn1/oids.txt. */\n")
        out.write('#include "asn1/oids.h"\n\n')
        for der, _, ident in rows:
            octets = ", ".join("0x%02x" % b for b in der)
            out.write("static const uint8_t o_%s[] = {%s};\n" % (ident, octets))
            out.write("const struct cmc_slice cmc_oid_%s = {o_%s, sizeof o_%s};\n"
                      % (ident, ident, ident))
        out.write("\nconst struct cmc_oid_row cmc_oid_rows[] = {\n")
        for _, name, ident in rows:
            out.write('    {{o_%s, sizeof o_%s}, "%s"},\n' % (ident, ident, name))
        out.write("};\nconst size_t cmc_oid_row_count =\n")
        out.write("    sizeof cmc_oid_rows / sizeof cmc_oid_rows[0];\n")


main(*sys.argv[1:])
