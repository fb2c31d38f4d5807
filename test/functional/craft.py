# SPDX-License-Identifier: Apache-2.0
"""CMC messages made by hand, right or wrong, and CMC answers taken apart. Nothing of the project's
own code is used: signatures are made and checked by the openssl command."""
import functools
import hashlib
import os
import subprocess
import tempfile

from der import (bits, boolean, ctx, enumerated, gentime, integer, null, octets, oid, parse, retag,
                 seq, set_of, tlv, utf8)

CMC = "1.3.6.1.5.5.7.7."
PKIDATA, PKIRESPONSE = "1.3.6.1.5.5.7.12.2", "1.3.6.1.5.5.7.12.3"
DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
ENVELOPED_DATA, AUTH_ENVELOPED_DATA = "1.2.840.113549.1.7.3", "1.2.840.113549.1.9.16.1.23"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
EXTENSION_REQ = "1.2.840.113549.1.9.14"
DIGESTS = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1",
           "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3",
           "md5": "1.2.840.113549.2.5"}
ECDSA = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2",
         "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
RSA = {"sha1": "1.2.840.113549.1.1.5", "sha256": "1.2.840.113549.1.1.11",
       "sha384": "1.2.840.113549.1.1.12", "sha512": "1.2.840.113549.1.1.13"}
ED25519 = "1.3.101.112"
NO_SIGNATURE = "1.3.6.1.5.5.7.6.2"

STATUS = {0: "success", 2: "failed", 3: "pending", 4: "noSupport", 5: "confirmRequired",
          6: "popRequired", 7: "partial"}
FAIL_INFO = ["badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId", "unsupportedExt",
             "mustArchiveKeys", "badIdentity", "popRequired", "popFailed", "noKeyReuse",
             "internalCAError", "tryLater", "authDataFail"]


def openssl(*args, data=None):
    done = subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (" ".join(map(str, args)), done.stderr.decode()))
    return done.stdout


def pem_to_der(path):
    """The first certificate of a PEM file."""
    return openssl("x509", "-in", path, "-outform", "DER")


# -- certificates --------------------------------------------------------------------------


class Cert:
    """What tests need of a certificate."""

    def __init__(self, der):
        self.der = der
        tbs = parse(der)[0]
        first = 1 if tbs[0].tag == 0xa0 else 0
        self.serial = tbs[first].content
        self.serial_der = tbs[first].whole
        self.issuer = tbs[first + 2].whole
        self.subject = tbs[first + 4].whole
        self.spki = tbs[first + 5].whole
        self.extensions = {}
        if tbs.parts[-1].tag == 0xa3:
            for extension in tbs.parts[-1][0].parts:
                self.extensions[extension[0].oid()] = extension.parts[-1].content

    def ski(self):
        return parse(self.extensions["2.5.29.14"]).content

    def issuer_and_serial(self):
        return seq(self.issuer, self.serial_der)


@functools.lru_cache(maxsize=None)
def key_of(path):
    """"rsa", "ec", "ed25519" or "ed448": the kind of a private key file."""
    text = openssl("pkey", "-in", path, "-noout", "-text").decode()
    first = text.split("\n")[0].lower()
    return ("ed25519" if "ed25519" in first else "ed448" if "ed448" in first else
            "rsa" if "modulus" in text else "ec")


def sign(path, data, digest="sha256"):
    """A signature of a private key file over data."""
    if key_of(path) in ("ed25519", "ed448"):
        with tempfile.NamedTemporaryFile() as f:
            f.write(data)
            f.flush()
            return openssl("pkeyutl", "-sign", "-inkey", path, "-rawin", "-in", f.name)
    return openssl("dgst", "-" + digest, "-sign", path, data=data)


def signature_algorithm(path, digest="sha256"):
    kind = key_of(path)
    if kind == "ec":
        return seq(oid(ECDSA[digest]))
    if kind == "rsa":
        return seq(oid(RSA[digest]), null())
    return seq(oid(ED25519 if kind == "ed25519" else "1.3.101.113"))


# -- certification requests ----------------------------------------------------------------


def name(cn):
    """A Name with one commonName, or the empty Name."""
    return seq(set_of(seq(oid("2.5.4.3"), utf8(cn)))) if cn else seq()


def extension(dotted, value, critical=False):
    return seq(oid(dotted), boolean(True) if critical else b"", octets(value))


def new_key(path, kind="ec"):
    """A private key file: ec, p384, p521, rsa2048, rsa1024, ed25519, ed448, secp256k1..."""
    curves = {"ec": "P-256", "p256": "P-256", "p384": "P-384", "p521": "P-521"}
    if kind.startswith("rsa"):
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + kind[3:],
                "-out", path)
    elif kind.startswith("ed"):
        openssl("genpkey", "-algorithm", kind, "-out", path)
    else:
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:" + curves.get(kind, kind), "-out", path)
    return path


@functools.lru_cache(maxsize=None)
def public_key(path):
    return openssl("pkey", "-in", path, "-pubout", "-outform", "DER")


def csr(key, cn="bad input", extensions=(), attributes=None, version=0, spki=None, digest="sha256",
        mutate=None, algorithm=None, signature=None, subject=None):
    """A PKCS#10 CertificationRequest. mutate changes the signed octets after signing."""
    if attributes is None:
        attributes = [seq(oid(EXTENSION_REQ), set_of(seq(*extensions)))] if extensions else []
    info = seq(integer(version), name(cn) if subject is None else subject,
               public_key(key) if spki is None else spki,
               tlv(0xa0, *sorted(attributes)))
    if signature is None:
        signature = sign(key, info, digest)
    if mutate is not None:
        info = mutate(info)
    return seq(info, signature_algorithm(key, digest) if algorithm is None else algorithm,
               bits(signature))


def crmf(key, request_id, cn="bad input", extensions=(), pop="signature", with_subject=True,
         with_key=True, reg_info=None, poposk_input=None, mutate=None, digest="sha256",
         validity=None):
    """A CertReqMsg. pop: signature, none, raVerified, encrCert, challenge, thisMessage. validity:
    notBefore and notAfter as UTCTime texts, or None each."""
    template = []
    if validity is not None:
        template.append(retag(0xa4, seq(*[ctx(i, tlv(0x17, t.encode()))
                                          for i, t in enumerate(validity) if t is not None])))
    if with_subject:
        template.append(ctx(5, name(cn)))
    if with_key:
        template.append(retag(0xa6, public_key(key)))
    if extensions:
        template.append(retag(0xa9, seq(*extensions)))
    request = seq(integer(request_id), seq(*template))
    if pop == "signature":
        proof = retag(0xa1, seq(poposk_input or b"", signature_algorithm(key, digest),
                                bits(sign(key, request, digest))))
    else:
        proof = {"none": b"", "raVerified": b"\x80\x00",
                 "encrCert": ctx(2, tlv(0x81, b"\x00")),
                 "challenge": ctx(2, tlv(0x81, b"\x01")),
                 "thisMessage": ctx(2, tlv(0x80, b"\x00\x01\x02"))}[pop]
    if mutate is not None:
        request = mutate(request)
    return seq(request, proof, reg_info or b"")


# -- PKIData -------------------------------------------------------------------------------


def control(part, number, *values):
    """A control of the id-cmc arc; number may be a whole dotted OID."""
    dotted = number if isinstance(number, str) else CMC + str(number)
    return seq(integer(part), oid(dotted), set_of(*values))


NONCE = b"nonce of 16 octs"


def transaction_id(part=1, value=1234567):
    return control(part, 5, integer(value))


def sender_nonce(part=2, value=None):
    """A nonce serves one message of its sender, so each call makes another."""
    return control(part, 6, octets(NONCE + os.urandom(8) if value is None else value))


def revoke_request(part, issuer, serial_der, reason=1, date=None, passphrase=None, comment=None):
    return control(part, 17, seq(
        issuer, serial_der, enumerated(reason), gentime(date) if date else b"",
        octets(passphrase) if passphrase is not None else b"", utf8(comment) if comment else b""))


def tcr(part, request):
    return ctx(0, integer(part), request)


def crm(message):
    return retag(0xa1, message)


def orm(part, dotted="1.2.3.4", value=b"\x05\x00"):
    return ctx(2, integer(part), oid(dotted), value)


def pkidata(controls=(), requests=(), cms=(), other=()):
    return seq(seq(*controls), seq(*requests), seq(*cms), seq(*other))


# -- SignedData ----------------------------------------------------------------------------


def attribute(dotted, *values):
    return seq(oid(dotted), set_of(*values))


def signer_info(content, cert, key, digest="sha256", sid=None, attributes=None, econtent=PKIDATA,
                digest_value=None, content_type=None, signature=None, algorithm=None,
                signed_digest=None, unsigned=b"", version=None, digest_alg=None):
    """attributes: None for the right ones, False for none at all, or a list of attributes."""
    by_serial = sid is None
    if digest_value is None:
        digest_value = hashlib.new(digest, content).digest()
    if attributes is None:
        attributes = [attribute(CONTENT_TYPE, oid(content_type or econtent)),
                      attribute(MESSAGE_DIGEST, octets(digest_value))]
    if attributes is False:
        covered, shown = content, b""
    else:
        covered = set_of(*attributes)
        shown = retag(0xa0, covered)
    if signature is None:
        signature = sign(key, covered, signed_digest or digest)
    if version is None:
        version = 1 if by_serial else 3
    return seq(integer(version), cert.issuer_and_serial() if by_serial else sid,
               seq(oid(digest_alg or DIGESTS[digest])), shown,
               algorithm or signature_algorithm(key, signed_digest or digest), octets(signature),
               unsigned)


def signed_data(content, signers, certs=(), econtent=PKIDATA, digests=("sha256",), version=3,
                detached=False):
    encapsulated = seq(oid(econtent), b"" if detached else ctx(0, octets(content)))
    body = seq(integer(version), set_of(*[seq(oid(DIGESTS[d])) for d in digests]), encapsulated,
               tlv(0xa0, *sorted(certs)) if certs else b"", set_of(*signers))
    return seq(oid(SIGNED_DATA), ctx(0, body))


def message(content, cert, key, certs=None, econtent=PKIDATA, **how):
    """PKIData signed by one officer: what a right client sends."""
    digest = how.get("digest", "sha256")
    return signed_data(content, [signer_info(content, cert, key, econtent=econtent, **how)],
                       [cert.der] if certs is None else certs, econtent=econtent,
                       digests=(digest,) if digest in DIGESTS else ("sha256",))


# -- answers -------------------------------------------------------------------------------


class Answer:
    """A Full PKI Response, a Simple one, or neither."""

    def __init__(self, body):
        self.certs, self.controls, self.statuses, self.full = [], [], [], False
        info = parse(body)
        if info[0].oid() != SIGNED_DATA:
            raise ValueError("no SignedData")
        data = info[1][0]
        self.signers = data.parts[-1].parts
        for part in data.parts[3:-1]:
            if part.tag == 0xa0:
                self.certs = [Cert(c.whole) for c in part.parts]
        if not self.signers:
            return
        if data[2][0].oid() != PKIRESPONSE:
            raise ValueError("content is no PKIResponse")
        self.full = True
        response = parse(data[2][1][0].content)
        if len(response) != 3:
            raise ValueError("no PKIResponse")
        ids = [c[0].int() for c in response[0].parts]
        if len(set(ids)) != len(ids) or 0 in ids:
            raise ValueError("body part ids %r" % ids)
        for c in response[0].parts:
            self.controls.append((c[1].oid(), c[2][0]))
        for dotted, value in self.controls:
            if dotted == CMC + "25":
                self.statuses.append(self.status(value))

    @staticmethod
    def status(value):
        """(status, failInfo or None, body parts, text) of a CMCStatusInfoV2."""
        text, fail = None, None
        for part in value.parts[2:]:
            if part.tag == 0x0c:
                text = part.content.decode("utf-8")
            elif part.tag == 0x02:
                fail = FAIL_INFO[part.int()]
        return (STATUS[value[0].int()], fail, [p.int() for p in value[1].parts], text)

    def control(self, number):
        """The value of the first control of this number, or None."""
        return next((v for o, v in self.controls if o == CMC + str(number)), None)


def verify_answer(body, ca):
    """The content of a CMC answer, checked by openssl against a CA; an exception otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "answer")
        with open(path, "wb") as f:
            f.write(body)
        return openssl("cms", "-verify", "-inform", "DER", "-in", path, "-binary", "-CAfile", ca,
                       "-purpose", "any")
