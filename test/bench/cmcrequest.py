#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CMCRequest for one PKCS#10, signed by an agent from an NSS database: wall time, CPU time and peak
memory. Once over the database as it is, and once over one without a password, which costs NSS no
derivation of keys: the difference is the password's, the rest is ours and the start of NSS.

    cmcrequest.py PROGRAM DATA [RUNS]"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PASSWORD = "Secret.123"


def measure(program, folder, runs):
    wall, cpu, peak = [], [], 0
    for _ in range(runs):
        start = time.perf_counter()
        child = subprocess.Popen([program, "x.cfg"], cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall.append(time.perf_counter() - start)
        if status != 0:
            sys.exit("CMCRequest failed")
        cpu.append(usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss)
    return sorted(wall)[runs // 2], sorted(cpu)[runs // 2], peak


def prepare(folder, data, password):
    shutil.copytree(data / "nssdb", folder / "nssdb")
    shutil.copy(data / "01-p10-agent" / "p10.csr", folder)
    if password == "":
        (folder / "old").write_text(PASSWORD + "\n")
        (folder / "new").write_text("\n")
        subprocess.run(["certutil", "-W", "-d", folder / "nssdb", "-f", folder / "old", "-@",
                        folder / "new"], check=True, capture_output=True)
    (folder / "x.cfg").write_text(
        "dbdir=nssdb\npassword=%s\nnickname=PKI Administrator for EXAMPLE\nformat=pkcs10\n"
        "numRequests=1\ninput=p10.csr\noutput=out.req\n" % password)


def main():
    program, data = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 41
    for title, password in (("with a password", PASSWORD), ("without", "")):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            prepare(folder, data, password)
            wall, cpu, peak = measure(program, folder, runs)
        print("database %-16s wall %5.1f ms   CPU %5.1f ms   peak %4.1f MB   (median of %d)"
              % (title, wall * 1e3, cpu * 1e3, peak / 1024, runs))


main()
