#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the seeds of the fuzzers from test/data and what openssl makes now.

The seeds are part of the repository; run this only to add kinds of them. Findings of the fuzzers
are added by hand, named after what they broke."""
import glob
import hashlib
import hmac
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "functional"))
import craft  # noqa: E402
import protect  # noqa: E402

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


def messages(folder):
    """Seeds for what lies behind the codec: requests of every form, bodies, answers."""
    key = os.path.join(folder, "key")
    cert = craft.Cert(open(os.path.join(folder, "cert"), "rb").read())
    san = craft.extension("2.5.29.17", craft.seq(b"\x82\x01a"))
    csrs = {"plain": craft.csr(key), "san": craft.csr(key, extensions=[san]),
            "no-signature": craft.csr(key, algorithm=craft.seq(craft.oid(craft.NO_SIGNATURE),
                                                               craft.null())),
            "broken": craft.csr(key, signature=b"\0" * 70)}
    crmfs = {pop: craft.crmf(key, 7, pop=pop)
             for pop in ("signature", "none", "raVerified", "encrCert", "challenge")}
    for name, der in csrs.items():
        put("request", "pkcs10-" + name, b"\0" + der)
        put("request", "tcr-" + name, b"\2" + craft.tcr(5, der))
        put("responder", "pkcs10-" + name, b"\x02\0" + der)
    for name, der in crmfs.items():
        put("request", "crmf-" + name, b"\1" + der)
        put("request", "crm-" + name, b"\2" + craft.crm(der))
    put("request", "crmf-messages", b"\1" + craft.seq(crmfs["signature"]))
    put("request", "orm", b"\2" + craft.orm(5))
    controls = [craft.transaction_id(1), craft.sender_nonce(2, craft.NONCE), craft.control(3, 4, craft.octets(b"d"))]
    revocations = [craft.revoke_request(10 + i, craft.seq(), craft.integer(i), reason)
                   for i, reason in enumerate((0, 1, 4, 8))]
    bodies = {
        "enrol": craft.pkidata(controls, [craft.tcr(5, csrs["san"])]),
        "crmf": craft.pkidata(controls, [craft.crm(crmfs["signature"])]),
        "two": craft.pkidata(controls, [craft.tcr(5, csrs["plain"]), craft.tcr(6, csrs["broken"])]),
        "revoke": craft.pkidata(controls + revocations),
        "both": craft.pkidata(controls + revocations[1:2], [craft.tcr(5, csrs["plain"])]),
        "status": craft.pkidata([craft.control(1, 25, craft.seq(
            craft.integer(2), craft.seq(craft.integer(0)), craft.integer(9)))]),
        "unknown": craft.pkidata(controls + [craft.control(9, "1.2.3", craft.null())]),
        "orm": craft.pkidata(controls, [craft.orm(5), craft.tcr(6, csrs["plain"])]),
        "empty": craft.pkidata(),
    }
    for name, body in bodies.items():
        put("responder", "body-" + name, b"\x01\0" + body)
        put("responder", "body-rules-" + name, b"\x01\x39" + body)
        put("responder", "body-busy-" + name, b"\x61\xc0" + body)
        signed = craft.message(body, cert, key)
        put("responder", "message-" + name, b"\0\0" + signed)
        put("signed_data", "message-" + name, signed)
    self_signed = craft.csr(key, extensions=[craft.extension("2.5.29.14", craft.octets(b"k" * 20))])
    body = craft.pkidata(controls, [craft.tcr(5, self_signed)])
    put("responder", "message-self", b"\0\0" + craft.message(
        body, cert, key, certs=[], sid=craft.tlv(0x80, b"k" * 20)))
    put_identities(self_signed, cert, key)
    for name in ("signed-ski", "signed-ber", "certs-only", "enveloped-kari"):
        octets = open(os.path.join(folder, name), "rb").read()
        put("signed_data", name, octets)
        put("responder", "message-" + name, b"\0\0" + octets)
        put("answer", name, b"\0" + octets)
    nonces = [craft.control(2, 7, craft.octets(b"0123456789abcde\0")), craft.transaction_id(3, 1),
              craft.control(4, 6, craft.octets(b"server"))]
    failed = craft.control(1, 25, craft.seq(craft.integer(2), craft.seq(craft.integer(5)),
                                            craft.utf8("no"), craft.integer(2)))
    good = craft.control(1, 25, craft.seq(craft.integer(0), craft.seq(craft.integer(5))))
    pending = craft.control(1, 25, craft.seq(
        craft.integer(3), craft.seq(craft.integer(5)),
        craft.seq(craft.octets(b"token"), craft.gentime("20260101000000Z"))))
    for name, first in (("failed", failed), ("good", good), ("pending", pending)):
        body = craft.seq(craft.seq(first, *nonces), craft.seq(), craft.seq())
        put("answer", "body-" + name, b"\x0f" + body)
        put("answer", "message-" + name, b"\0" + craft.message(body, cert, key,
                                                               econtent=PKIRESPONSE))
    put("answer", "certificate", b"\0" + cert.der)


def put_identities(csr, cert, key):
    """What the secret that fuzz_responder.c knows may do: enrol, and revoke without a signature."""
    secret, name, random = b"sixteen or more characters", b"alice", bytes(64)

    def proof(made_of, covered):
        witness = hmac.new(hashlib.sha256(made_of).digest(), covered, "sha256").digest()
        return craft.seq(craft.seq(craft.oid(craft.DIGESTS["sha256"])),
                         craft.seq(craft.oid("1.2.840.113549.2.9")), craft.octets(witness))

    requests = craft.seq(craft.tcr(5, csr))
    identity = [craft.control(1, 2, craft.utf8(name.decode())),
                craft.control(2, 34, proof(secret + name, requests))]
    for label, controls in (("proof", identity),
                            ("link", identity + [craft.control(3, 22, craft.octets(random))])):
        body = craft.seq(craft.seq(*controls), requests, craft.seq(), craft.seq())
        put("responder", "body-identity-" + label, b"\x82\x81" + body)
        put("responder", "message-identity-" + label, b"\x81\x81" + craft.message(
            body, cert, key, certs=[], sid=craft.tlv(0x80, b"k" * 20)))
    body = craft.pkidata([craft.revoke_request(1, craft.seq(), craft.integer(1), 4,
                                               passphrase=secret)])
    put("responder", "message-unsigned-revocation", b"\x81\x80" + craft.signed_data(body, []))
    put("responder", "message-bare-revocation", b"\x81\x80" + craft.seq(
        craft.oid(craft.DATA), craft.ctx(0, craft.octets(body))))


def registration_authority(folder):
    """What an RA may say of requests, and a request that asks for another name."""
    integer, seq, oid, octets = craft.integer, craft.seq, craft.oid, craft.octets
    key = craft.new_key(os.path.join(folder, "ra.key"))
    san = craft.extension("2.5.29.17", seq(craft.retag(0x82, octets(b"seed.example"))))
    change = seq(oid(craft.CMC + "36"), craft.set_of(seq(craft.name("new"))))
    request = craft.tcr(9, craft.csr(key, "old", attributes=[change]))
    silent = craft.crm(craft.crmf(key, 10, "silent", pop="raVerified"))
    refs = seq(integer(9), integer(10))
    controls = {
        "modify": [craft.control(1, 31, seq(seq(integer(0)), refs, seq(
            craft.ctx(5, craft.name("changed")), craft.retag(0xa9, seq(san)))))],
        "remove": [craft.control(1, 31, seq(seq(integer(0)), refs, craft.boolean(False), seq(
            craft.ctx(5, craft.name("x")), craft.retag(0xa9, seq(san)))))],
        "add": [craft.control(1, 8, seq(integer(0), refs, seq(san))),
                craft.control(2, 8, seq(integer(0), refs, seq(san)))],
        "vouch": [craft.control(1, 11, seq(integer(0), refs)),
                  craft.control(2, 35, seq(integer(9))),
                  craft.control(3, 32, seq(seq(integer(4), seq(integer(5))))),
                  craft.control(4, "1.2.3.4", octets(b"x")),
                  craft.control(5, 3, octets(b"twenty octets of MAC"))],
    }
    for label, list_ in controls.items():
        put("responder", "body-ra-" + label,
            b"\x01\x01" + craft.pkidata(list_, [request, silent]))


def put_protected(folder, csr):
    """Messages in an envelope or with a MAC. The secret is the one that the targets know."""
    name, secret = "alice", "sixteen or more characters"
    body = craft.pkidata([craft.control(1, 2, craft.utf8(name)), craft.transaction_id(2, 1)],
                         [craft.tcr(5, csr)])
    mac = protect.authenticated(name, secret, body, rounds=1000)
    put("envelope", "mac", b"\x02" + mac)
    put("envelope", "mac-idle", b"\x00" + mac)
    put("envelope", "there-and-back", b"\x01" + body)
    put("envelope", "there-and-back-empty", b"\x01")
    put("responder", "message-mac", b"\x81\x81" + mac)
    put("responder", "message-mac-wrong", b"\x81\x81" + protect.authenticated(
        name, "another", body, rounds=1000))
    with open(os.path.join(folder, "pkidata"), "wb") as out:
        out.write(body)
    encrypt = ["cms", "-encrypt", "-binary", "-in", "pkidata", "-outform", "DER", "-out", "out"]
    for label, more in (("cbc", ["-aes-256-cbc", "cert.pem"]), ("gcm", ["-aes-128-gcm", "cert.pem"]),
                        ("password", ["-aes-128-cbc", "-pwri_password", name + secret]),
                        ("both", ["-aes-128-cbc", "-pwri_password", name + secret, "cert.pem"])):
        openssl(folder, *encrypt, *more)
        octets = open(os.path.join(folder, "out"), "rb").read()
        put("envelope", "openssl-" + label, b"\x02" + octets)
        put("responder", "message-openssl-" + label, b"\x81\x81" + octets)


def main():
    if sys.argv[1:] == ["protected"]:  # these alone, without touching the others
        with tempfile.TemporaryDirectory() as folder:
            list(made_by_openssl(folder))
            put_protected(folder, open(os.path.join(folder, "csr"), "rb").read())
        return
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
        messages(folder)
        registration_authority(folder)
        put_protected(folder, open(os.path.join(folder, "csr"), "rb").read())
    for text in ["3080300030800000300030000000", "24800401610400240304016200 00",
                 "bf8101800500 0000", "30 84 00 00 00 02 05 00"]:
        octets = bytes.fromhex(text.replace(" ", ""))
        put("ber", "ber-" + hashlib.sha256(octets).hexdigest()[:8], octets)


if __name__ == "__main__":
    main()
