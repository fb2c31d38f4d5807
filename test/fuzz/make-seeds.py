#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the seeds of the codec's fuzzers from test/data and what openssl makes now.

The seeds are part of the repository; run this only to add kinds of them. Findings of the fuzzers
are added by hand, named after what they broke."""
import glob
import hashlib
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data", "cmc")
TYPES = re.findall(r"&(cmc_it_\w+)", open(os.path.join(HERE, "..", "items.h")).read())
PKIDATA, PKIRESPONSE = "1.3.6.1.5.5.7.12.2", "1.3.6.1.5.5.7.12.3"


def put(target, name, octets):
    folder = os.path.join(HERE, "seeds", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as out:
        out.write(octets)


def put_typed(name, item, der):
    octets = bytes([TYPES.index("cmc_it_" + item)]) + der
    put("decode", name, octets)
    put("show", name, octets)


def openssl(folder, *args):
    subprocess.run(["openssl"] + list(args), cwd=folder, check=True, stderr=subprocess.DEVNULL)


def made_by_openssl(folder):
    """Yield (name, type, DER) of messages around a P-256 key."""
    def read(name):
        return open(os.path.join(folder, name), "rb").read()

    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", "key", "-out", "cert.pem", "-subj", "/C=SE/O=Seed/CN=seed",
            "-addext", "subjectAltName=DNS:seed.example,IP:192.0.2.1,email:a@b.example",
            "-addext", "crlDistributionPoints=URI:http://seed.example/crl",
            "-addext", "authorityInfoAccess=OCSP;URI:http://seed.example/ocsp",
            "-addext", "extendedKeyUsage=clientAuth", "-addext", "keyUsage=critical,keyCertSign")
    openssl(folder, "x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert")
    openssl(folder, "req", "-new", "-key", "key", "-subj", "/CN=seed", "-outform", "DER",
            "-addext", "subjectAltName=DNS:seed.example", "-out", "csr")
    body = os.path.join(DATA, "pkidata_all_zero_sequences.der")
    sign = ["cms", "-sign", "-binary", "-nodetach", "-signer", "cert.pem", "-inkey", "key",
            "-outform", "DER", "-econtent_type"]
    openssl(folder, *sign, PKIDATA, "-in", body, "-out", "signed")
    openssl(folder, *sign, PKIDATA, "-keyid", "-nocerts", "-in", body, "-out", "signed-ski")
    openssl(folder, *sign, PKIDATA, "-stream", "-in", body, "-out", "signed-ber")
    openssl(folder, "crl2pkcs7", "-nocrl", "-certfile", "cert.pem", "-outform", "DER",
            "-out", "certs-only")
    openssl(folder, "cms", "-encrypt", "-binary", "-aes256", "-in", body, "-outform", "DER",
            "-out", "enveloped-kari", "cert.pem")
    openssl(folder, "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", body, "-outform", "DER",
            "-out", "auth-enveloped", "cert.pem")
    openssl(folder, "cms", "-encrypt", "-binary", "-aes256", "-in", body, "-outform", "DER",
            "-pwri_password", "seed", "-out", "enveloped-pwri")
    open(os.path.join(folder, "index"), "w").write(
        "R\t300101000000Z\t260101000000Z,keyCompromise\t01\tunknown\t/CN=a\n"
        "R\t300101000000Z\t260101000000Z,holdInstruction,holdInstructionReject\t02\tunknown\t/CN=b\n")
    open(os.path.join(folder, "cnf"), "w").write(
        "[ca]\ndefault_ca=c\n[c]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n"
        "default_crl_days=7\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n")
    open(os.path.join(folder, "number"), "w").write("01\n")
    openssl(folder, "ca", "-config", "cnf", "-gencrl", "-cert", "cert.pem", "-keyfile", "key",
            "-out", "crl.pem")
    openssl(folder, "crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl")
    for name, item in [("cert", "cert"), ("csr", "csr"), ("crl", "crl"),
                       ("signed", "content_info"), ("signed-ski", "content_info"),
                       ("signed-ber", "content_info"), ("certs-only", "content_info"),
                       ("enveloped-kari", "content_info"),
                       ("enveloped-pwri", "content_info"),
                       ("auth-enveloped", "content_info")]:
        yield name, item, read(name)


def main():
    for path in sorted(glob.glob(os.path.join(DATA, "*.der"))):
        name = os.path.basename(path)[:-4]
        der = open(path, "rb").read()
        body = ("pkidata" if re.match("(neg_)?pkidata|neg_unknown", name) else
                "pkiresponse" if name.startswith("pkiresponse") else "tagged_attribute")
        put_typed(name, body, der)
        put("ber", name, der)
    with tempfile.TemporaryDirectory() as folder:
        for name, item, der in made_by_openssl(folder):
            put_typed(name, item, der)
            put("ber", name, der)
    for text in ["3080300030800000300030000000", "24800401610400240304016200 00",
                 "bf8101800500 0000", "30 84 00 00 00 02 05 00"]:
        octets = bytes.fromhex(text.replace(" ", ""))
        put("ber", "ber-" + hashlib.sha256(octets).hexdigest()[:8], octets)


if __name__ == "__main__":
    main()
