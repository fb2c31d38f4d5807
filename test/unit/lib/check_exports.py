#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check_exports.py LIBRARY HEADER...: the library exports what the headers declare and nothing
else; the headers include no others; each compiles by itself, in C11 and C++11. Prints TAP."""
import os
import re
import shutil
import subprocess
import sys

LIBRARY, HEADERS = sys.argv[1], sys.argv[2:]
count = 0


def report(good, title, *notes):
    global count
    count += 1
    for note in notes:
        print("# " + note)
    print("%s %d - %s" % ("ok" if good else "not ok", count, title))
    return good


def declared():
    names = set()
    for header in HEADERS:
        with open(header, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        for declaration in re.findall(r"^CMCL_PUBLIC([^;]*);", text, re.M):
            names.add(re.search(r"(\w+)\s*\(", declaration).group(1))
    return names


def exported():
    out = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True,
                         capture_output=True, text=True).stdout
    # The version itself is an absolute symbol.
    symbols = [line.split()[1:] for line in out.splitlines()]
    return {name.split("@")[0] for kind, name in symbols if kind != "A"}


def strange_includes():
    """What a header includes besides its siblings and the C library's sizes."""
    for header in HEADERS:
        with open(header, encoding="utf-8") as f:
            for name in re.findall(r"^\s*#\s*include\s*(\S+)", f.read(), re.M):
                if not re.fullmatch(r"<(cmc/\w+|stddef|stdint)\.h>", name):
                    yield "%s includes %s" % (os.path.basename(header), name)


def compiles(header, compiler):
    include = os.path.dirname(os.path.dirname(os.path.abspath(header)))
    done = subprocess.run(compiler + ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                                      "-I", include, "-"],
                          input="#include <cmc/%s>\nint main(void) { return 0; }\n"
                          % os.path.basename(header), capture_output=True, text=True)
    return done.returncode == 0, done.stderr.splitlines()[:5]


want, have = declared(), exported()
good = report(len(want) > 40, "the headers declare %d functions" % len(want))
good &= report(want <= have, "all of them are exported", *sorted(want - have))
good &= report(have <= want, "nothing else is", *sorted(have - want))
strange = list(strange_includes())
good &= report(not strange, "the headers show nobody else's types", *strange)
for compilers, options in ((["cc"], ["-x", "c", "-std=c11"]),
                           (["c++", "clang++"], ["-x", "c++", "-std=c++11"])):
    compiler = next(filter(shutil.which, compilers), None)
    if compiler is None:
        count += 1
        print("ok %d - headers # SKIP there is no %s" % (count, " or ".join(compilers)))
        continue
    for header in HEADERS:
        fine, notes = compiles(header, [compiler, *options])
        good &= report(fine, "%s with %s" % (os.path.basename(header), " ".join(options)), *notes)
print("1..%d" % count)
sys.exit(0 if good else 1)
