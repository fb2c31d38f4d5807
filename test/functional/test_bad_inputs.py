# SPDX-License-Identifier: Apache-2.0
"""Bad inputs, a row each: what is sent, and the exact HTTP status, CMC status, failInfo and body
part that must come back. After each row the server still serves, and nothing was issued, revoked
or lost that should not have been."""
import http.client
import subprocess

import pytest

import craft
from craft import (attribute, bits, control, crm, crmf, csr, extension, integer, message, new_key,
                   null, octets, oid, orm, pkidata, revoke_request, sender_nonce, seq, signed_data,
                   signer_info, tcr, transaction_id, utf8)
from der import ctx, retag, set_of, tlv

CMC = "application/pkcs7-mime; smime-type=CMC-request"
P10 = "application/pkcs10"


class Row:
    """build(w) returns the body. want: None when no CMC answer is due, else a list of (status,
    failInfo, body parts), in any order. changed: how many certificates change their state."""

    def __init__(self, name, build, want=None, path="/cmc", http=200, type=CMC, method="POST",
                 headers=None, changed=0, tls=None):
        self.name, self.build, self.want, self.path = name, build, want, path
        self.http, self.type, self.method = http, type, method
        self.headers, self.changed, self.tls = headers or {}, changed, tls


def failed(fail_info, *parts):
    return [("failed", fail_info, list(parts))]


# -- making them ---------------------------------------------------------------------------


def good_controls():
    return [transaction_id(1), sender_nonce(2)]


def enrol(w, request, part=10, controls=None, **how):
    """A PKIData with one PKCS#10, signed by the officer."""
    body = pkidata(good_controls() if controls is None else controls, [tcr(part, request)])
    return message(body, w.officer.cert, w.officer.key, **how)


def good(w, **how):
    return enrol(w, w.csr, **how)


def with_controls(*controls):
    """Only these controls and nothing asked for."""
    return lambda w: message(pkidata(controls), w.officer.cert, w.officer.key)


def with_crmf(part, **how):
    return lambda w: message(pkidata(good_controls(), [crm(crmf(w.key, part, **how))]),
                             w.officer.cert, w.officer.key)


def with_csr(**how):
    return lambda w: enrol(w, csr(w.key, **how))


def with_key(kind, **how):
    return lambda w: enrol(w, csr(w.key_of(kind), **how))


def with_content(make):
    """These octets as the eContent, rightly signed."""
    return lambda w: message(make(w), w.officer.cert, w.officer.key)


def signed_with(**how):
    return lambda w: good(w, **how)


def flip_last(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def wrong_signature(w):
    body = pkidata(good_controls(), [tcr(10, w.csr)])
    right = signer_info(body, w.officer.cert, w.officer.key)
    return signed_data(body, [flip_last(right)], [w.officer.cert.der])


def two_signers(w):
    body = pkidata(good_controls(), [tcr(10, w.csr)])
    one = signer_info(body, w.officer.cert, w.officer.key)
    other = signer_info(body, w.enroller.cert, w.enroller.key, signature=b"\x30\x06\x02\x01\x01\x02"
                                                                         b"\x01\x01")
    return signed_data(body, [one, other], [w.officer.cert.der, w.enroller.cert.der])


def no_signer(w):
    return signed_data(pkidata(good_controls(), [tcr(10, w.csr)]), [])


def detached(w):
    body = pkidata(good_controls(), [tcr(10, w.csr)])
    return signed_data(body, [signer_info(body, w.officer.cert, w.officer.key)],
                       [w.officer.cert.der], detached=True)


def attributes(*rows):
    """SignedData with these signed attributes; each row is (OID, values from content)."""
    def build(w):
        import hashlib
        body = pkidata(good_controls(), [tcr(10, w.csr)])
        digest = octets(hashlib.sha256(body).digest())
        made = [attribute(dotted, *[digest if v == "digest" else oid(craft.PKIDATA)
                                    if v == "type" else v for v in values])
                for dotted, *values in rows]
        return message(body, w.officer.cert, w.officer.key, attributes=made)
    return build


TYPE, DIGEST = (craft.CONTENT_TYPE, "type"), (craft.MESSAGE_DIGEST, "digest")


def by(who, **how):
    """The good enrolment, signed by somebody else."""
    def build(w):
        person = getattr(w, who)
        return message(pkidata(good_controls(), [tcr(10, w.csr)]), person.cert, person.key, **how)
    return build


def revoke(make, who="officer"):
    """A message with the revokeRequest controls that make(w) gives."""
    def build(w):
        person = getattr(w, who)
        return message(pkidata(make(w)), person.cert, person.key)
    return build


def revoke_one(reason=1, who="officer", **how):
    return revoke(lambda w: [revoke_request(10, w.victim.issuer, w.victim.serial_der, reason,
                                            **how)], who)


def renew(make, who="holder"):
    def build(w):
        person = getattr(w, who)
        return message(pkidata(good_controls(), [tcr(10, make(w, person))]), person.cert,
                       person.key)
    return build


def cut(part):
    """The good message without its last octets: part is a fraction of it."""
    return lambda w: (lambda m: m[:int(len(m) * part)])(good(w))


def two_requests_one_without_pop(w):
    broken = csr(w.key, mutate=lambda info: info.replace(b"bad input", b"bad INPUT"))
    body = pkidata(good_controls(), [tcr(10, csr(w.key)), tcr(11, broken)])
    return message(body, w.officer.cert, w.officer.key)


def with_poposk_input(w):
    proven = retag(0xa0, seq(ctx(0, tlv(0xa4, craft.name("x"))), craft.public_key(w.key)))
    return with_crmf(10, poposk_input=proven)(w)


def content_info(dotted, inner):
    return lambda w: seq(oid(dotted), ctx(0, inner))


POINT_OFF_CURVE = seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
                      bits(b"\x04" + b"\x01" * 64))
SAN = extension("2.5.29.17", seq(tlv(0x82, b"a.example")))
TWO_EXTENSION_REQ = [seq(oid(craft.EXTENSION_REQ), set_of(seq(SAN))),
                     seq(oid(craft.EXTENSION_REQ), set_of(seq(extension("2.5.29.15",
                                                                        b"\x03\x02\x07\x80"))))]

ROWS = [
    # -- stage 1: message digest
    # [10002-3.2.1.3.4-b, 10002-3.2.1.3.4-a]
    Row("digest of other octets", signed_with(digest_value=b"\0" * 32),
        failed("badMessageCheck", 0)),
    Row("digest too short", signed_with(digest_value=b"\0" * 20), failed("badMessageCheck", 0)),
    Row("digest empty", signed_with(digest_value=b""), failed("badMessageCheck", 0)),
    Row("no messageDigest", attributes(TYPE), failed("badMessageCheck", 0)),
    Row("messageDigest with two values", attributes(TYPE, DIGEST + (octets(b"x" * 32),)),
        failed("badMessageCheck", 0)),
    Row("two messageDigests", attributes(TYPE, DIGEST, DIGEST), failed("badMessageCheck", 0)),
    Row("messageDigest of another type", attributes(TYPE, (craft.MESSAGE_DIGEST, utf8("x" * 32))),
        failed("badMessageCheck", 0)),
    # [10002-10-u1]
    Row("no signed attributes", signed_with(attributes=False), failed("badMessageCheck", 0)),
    Row("content changed after signing",
        lambda w: good(w).replace(b"nonce of 16 octs", b"NONCE of 16 octs"),
        failed("badMessageCheck", 0)),
    Row("digest algorithm unknown", signed_with(digest_alg="1.2.3.4.5"), failed("badAlg", 0)),
    Row("digest MD5", signed_with(digest="md5", signed_digest="sha256"), failed("badAlg", 0)),
    Row("digest and signature SHA-1", signed_with(digest="sha1"), failed("badAlg", 0)),
    # -- stage 2: content type
    Row("contentType of another type", signed_with(content_type=craft.DATA),
        failed("badMessageCheck", 0)),
    Row("no contentType", attributes(DIGEST), failed("badMessageCheck", 0)),
    Row("contentType with two values", attributes(TYPE + (oid(craft.DATA),), DIGEST),
        failed("badMessageCheck", 0)),
    Row("two contentTypes", attributes(TYPE, TYPE, DIGEST), failed("badMessageCheck", 0)),
    Row("content is a PKIResponse", signed_with(econtent=craft.PKIRESPONSE),
        failed("badRequest", 0)),
    Row("content is id-data", signed_with(econtent=craft.DATA), failed("badRequest", 0)),
    # -- stage 3: who signed
    Row("signature flipped", wrong_signature, failed("badMessageCheck", 0)),
    Row("signature of another key", lambda w: good(w, signature=craft.sign(w.key, b"else")),
        failed("badMessageCheck", 0)),
    Row("signature empty", signed_with(signature=b""), failed("badMessageCheck", 0)),
    Row("signature algorithm unknown", signed_with(algorithm=seq(oid("1.2.3.4.5"))),
        failed("badAlg", 0)),
    Row("signature algorithm of another key type",
        signed_with(algorithm=seq(oid(craft.RSA["sha256"]), null())), failed("badAlg", 0)),
    Row("id-alg-noSignature", signed_with(algorithm=seq(oid(craft.NO_SIGNATURE), null()),
                                          signature=b"\0" * 20), failed("badAlg", 0)),
    Row("nobody signed", no_signer, failed("badIdentity", 0)),
    Row("second signer does not verify", two_signers, failed("badMessageCheck", 0)),
    Row("no content", detached, failed("badMessageCheck", 0)),
    Row("certificate of the signer not there", by("stranger", certs=[]),
        failed("badIdentity", 0)),
    Row("signer of another CA", by("stranger"), failed("badIdentity", 0)),
    Row("signer expired", by("expired"), failed("badIdentity", 0)),
    Row("signer revoked", by("revoked"), failed("badIdentity", 0)),
    Row("signer not registered", by("holder"), failed("badIdentity", 10), path="/norenewal"),
    Row("officer without role enroll", by("revoker"), failed("badRequest", 10)),
    Row("officer without role revoke", revoke_one(who="enroller"), failed("badRequest", 10)),
    Row("signer known by SKI of nobody", by("officer", sid=tlv(0x80, b"x" * 20), certs=[]),
        failed("badIdentity", 0)),
    # -- PKIData
    Row("PKIData cut", with_content(lambda w: pkidata(good_controls(), [tcr(10, w.csr)])[:-3]),
        failed("badRequest", 0)),
    Row("octets after PKIData", with_content(lambda w: pkidata(good_controls()) + b"\0"),
        failed("badRequest", 0)),
    Row("PKIData is none", with_content(lambda w: b"hello"), failed("badRequest", 0)),
    Row("PKIData empty octets", with_content(lambda w: b""), failed("badRequest", 0)),
    Row("three sequences where four are due", with_content(lambda w: seq(seq(), seq(), seq())),
        failed("badRequest", 0)),
    Row("five sequences", with_content(lambda w: seq(*[seq()] * 5)), failed("badRequest", 0)),
    # [10002-3.2.2-a]
    Row("body part used twice", with_controls(transaction_id(7), sender_nonce(7)),
        failed("badRequest", 7)),
    Row("body part used by a control and a request", lambda w: enrol(w, w.csr, part=2),
        failed("badRequest", 2)),
    # [10002-3.2.2-u2]
    Row("body part 0", with_controls(transaction_id(0)), failed("badRequest", 0)),
    Row("body part negative", with_controls(transaction_id(-1)), failed("badRequest", 0)),
    Row("body part of 33 bits", with_controls(transaction_id(2**32)), failed("badRequest", 0)),
    # -- controls
    Row("control without a value", with_controls(control(6, 6)), failed("badRequest", 6)),
    Row("senderNonce with two values", with_controls(control(6, 6, octets(b"a"), octets(b"b"))),
        failed("badRequest", 6)),
    Row("senderNonce twice", with_controls(sender_nonce(3), sender_nonce(4)),
        failed("badRequest", 4)),
    Row("transactionId twice", with_controls(transaction_id(3), transaction_id(4)),
        failed("badRequest", 4)),
    Row("senderNonce empty", with_controls(sender_nonce(3, b"")), failed("badRequest", 3)),
    Row("senderNonce of 257 octets", with_controls(sender_nonce(3, b"n" * 257)),
        failed("badRequest", 3)),
    Row("transactionId of 300 octets", with_controls(transaction_id(3, 1 << 2390)),
        failed("badRequest", 3)),
    Row("dataReturn of 64 KiB and one", with_controls(control(3, 4, octets(b"d" * 65537))),
        failed("badRequest", 3)),
    Row("transactionId of another type", with_controls(control(3, 5, octets(b"x"))),
        failed("badRequest", 3)),
    Row("identification that is not UTF-8", with_controls(control(3, 2, tlv(0x0c, b"\xc3\x28"))),
        failed("badRequest", 3)),
    # [10002-3.2.1.1-a, 10002-3.2.1.1-b]
    Row("unknown control", with_controls(control(3, "1.3.6.1.4.1.99999.2", octets(b"x"))),
        failed("badRequest", 3)),
    # [10002-3.2.1.1-c, 10002-3.2.1.1-u1]
    Row("two unknown controls among known ones",
        with_controls(sender_nonce(1), control(5, "1.2.3", null()), transaction_id(2),
                      control(8, "1.2.4", null())), failed("badRequest", 5, 8)),
    Row("unknown control stops a good request",
        lambda w: enrol(w, w.csr, controls=[control(3, "1.2.3", null())]),
        failed("badRequest", 3)),
    Row("responseInfo in a request", with_controls(control(3, 19, octets(b"x"))),
        failed("badRequest", 3)),
    # [10002-6.21-c]
    Row("responseBody in a request", with_controls(control(3, 37, seq(integer(1)))),
        failed("badRequest", 3)),
    Row("raIdentityWitness with an empty path", with_controls(control(3, 35, seq())),
        failed("badRequest", 3)),
    Row("queryPending, which is not served", with_controls(control(3, 21, octets(b"x"))),
        failed("badRequest", 3)),
    Row("nothing but a failed status with a bad digest",
        lambda w: message(pkidata([control(1, 25, seq(integer(2), seq(integer(0)), integer(9)))]),
                          w.officer.cert, w.officer.key, digest_value=b"\0" * 32), http=204),
    # -- certification requests
    # [10002-3.2.1-a, 10002-6.1.1-u2]
    Row("request of another type", lambda w: message(
        pkidata(good_controls(), [orm(10)]), w.officer.cert, w.officer.key),
        [("noSupport", None, [10])]),
    # [10002-3.2.1-b]
    Row("request of another type stops the others", lambda w: message(
        pkidata(good_controls(), [tcr(9, w.csr), orm(10)]), w.officer.cert, w.officer.key),
        [("noSupport", None, [10])]),
    # [10004-10-c]
    Row("POP signature of other octets",
        with_csr(mutate=lambda info: info.replace(b"bad input", b"bad INPUT")),
        failed("popFailed", 10)),
    Row("POP signature empty", with_csr(signature=b""), failed("popFailed", 10)),
    Row("POP signature of another key",
        lambda w: enrol(w, csr(w.key, signature=craft.sign(w.officer.key, b"x"))),
        failed("popFailed", 10)),
    # The hash in it is wrong, and is not looked at. [10002-C.1-c]
    Row("no POP: id-alg-noSignature",
        with_csr(algorithm=seq(oid(craft.NO_SIGNATURE), null()), signature=b"\x04\x14" + b"\0" * 20),
        failed("popRequired", 10)),
    # [10002-6.7-b]
    Row("one of two requests without POP", two_requests_one_without_pop,
        [("failed", "popFailed", [11]), ("failed", "badRequest", [10])]),
    # [
    Row("PKCS#10 of version 1", with_csr(version=1), failed("badRequest", 10)),
    Row("two ExtensionReqs", with_csr(attributes=TWO_EXTENSION_REQ), failed("badRequest", 10)),
    Row("ExtensionReq with two values", with_csr(attributes=[
        seq(oid(craft.EXTENSION_REQ), set_of(seq(SAN), seq()))]), failed("badRequest", 10)),
    Row("ExtensionReq that is none", with_csr(attributes=[
        seq(oid(craft.EXTENSION_REQ), set_of(octets(b"x")))]), failed("badRequest", 10)),
    Row("the same extension twice", with_csr(extensions=[SAN, SAN]), failed("badRequest", 10)),
    # [10002-3.1-f, 10004-5-h, 10004-5-i]
    Row("critical extension that nobody knows",
        with_csr(extensions=[extension("1.2.3.4.5", null(), critical=True)]),
        failed("unsupportedExt", 10)),
    Row("extension that nobody knows, where others are refused",
        with_csr(extensions=[extension("1.2.3.4.5", null())]), failed("unsupportedExt", 10),
        path="/p256"),
    Row("extension that is fixed elsewhere, where others are refused",
        with_csr(extensions=[SAN]), failed("unsupportedExt", 10), path="/p256"),
    Row("asks to be a CA", with_csr(extensions=[
        extension("2.5.29.19", seq(craft.boolean(True)), critical=True)]),
        failed("unsupportedExt", 10)),
    Row("subjectAltName that is none",
        with_csr(extensions=[extension("2.5.29.17", b"\x04\x01x")]), failed("badRequest", 10)),
    # [10002-3.2.1.2.1-b, 10002-3.2.1.2.1-d, 10002-3.2.1.2.1-e]
    Row("empty subject", with_csr(cn=""), failed("badRequest", 10)),
    # [10002-10-u4]
    Row("RSA key of 1024 bits", with_key("rsa1024"), failed("badAlg", 10)),
    Row("curve secp256k1", with_key("secp256k1"), failed("badAlg", 10)),
    # [10002-10-u5]
    Row("key type that the profile does not allow", with_key("rsa2048"), failed("badAlg", 10),
        path="/p256"),
    Row("POP signature with SHA-1", with_csr(digest="sha1"), failed("badAlg", 10)),
    # [10004-10-a]
    Row("public key off its curve", with_csr(spki=POINT_OFF_CURVE), failed("badRequest", 10)),
    Row("public key of unknown type",
        with_csr(spki=seq(seq(oid("1.2.3.4")), bits(b"\x01" * 32))), failed("badAlg", 10)),
    Row("public key that is none",
        with_csr(spki=seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(b""))),
        failed("badRequest", 10)),
    # -- CRMF
    # [10002-3.2.1.2.2-b]
    Row("CRMF without subject", with_crmf(10, with_subject=False), failed("badRequest", 10)),
    # [10002-3.2.1.2.2-a]
    Row("CRMF without publicKey", with_crmf(10, with_key=False), failed("badRequest", 10)),
    # [10002-3.2.1.2.2-e]
    Row("CRMF with regInfo", with_crmf(10, reg_info=seq(seq(oid("1.3.6.1.5.5.7.5.2.1"),
                                                           utf8("a")))), failed("badRequest", 10)),
    # [10002-3.2.1.2.2-h]
    Row("CRMF with POPOSigningKeyInput", with_poposk_input, failed("badRequest", 10)),
    # [10004-10-c]
    Row("CRMF without POP", with_crmf(10, pop="none"), failed("popRequired", 10)),
    Row("CRMF raVerified", with_crmf(10, pop="raVerified"), failed("popRequired", 10)),
    # [10002-3.2.1.2.2-g, 10002-3.2.1.2.2-f]
    Row("CRMF encrCert", with_crmf(10, pop="encrCert"), failed("badRequest", 10)),
    Row("CRMF thisMessage", with_crmf(10, pop="thisMessage"), failed("badRequest", 10)),
    Row("CRMF that asks for a challenge", with_crmf(10, pop="challenge"),
        failed("popRequired", 10)),
    Row("CRMF with a broken signature",
        with_crmf(10, mutate=lambda r: r.replace(b"bad input", b"bad INPUT")),
        failed("popFailed", 10)),
    # [10002-3.2.2-u1]
    Row("CRMF whose certReqId is a control's", with_crmf(2), failed("badRequest", 2)),
    # -- revocation
    Row("revoke: wrong issuer", revoke(lambda w: [revoke_request(
        10, craft.name("somebody else"), w.victim.serial_der)]), failed("badCertId", 10)),
    Row("revoke: unknown serial", revoke(lambda w: [revoke_request(
        10, w.victim.issuer, integer(12345))]), failed("badCertId", 10)),
    Row("revoke: negative serial", revoke(lambda w: [revoke_request(
        10, w.victim.issuer, integer(-5))]), failed("badCertId", 10)),
    Row("revoke: reason 7", revoke_one(7), failed("badRequest", 10)),
    Row("revoke: reason 11", revoke_one(11), failed("badRequest", 10)),
    Row("revoke: release what is not held", revoke_one(8), failed("badRequest", 10)),
    Row("revoke: already revoked", revoke(lambda w: [revoke_request(
        10, w.dead.issuer, w.dead.serial_der)]), failed("badRequest", 10)),
    Row("revoke: hold what is revoked", revoke(lambda w: [revoke_request(
        10, w.dead.issuer, w.dead.serial_der, 6)]), failed("badRequest", 10)),
    Row("revoke: invalidityDate in the future", revoke_one(date="20990101000000Z"),
        failed("badTime", 10)),
    Row("revoke: invalidityDate that is none", revoke_one(date="20260230000000Z"),
        failed("badRequest", 10)),
    Row("revoke: by one who is no officer", revoke_one(who="holder"), failed("badIdentity", 10)),
    Row("revoke: not at this endpoint", revoke_one(), failed("badRequest", 10), path="/norevoke"),
    Row("revoke: one good, one unknown", revoke(lambda w: [
        revoke_request(10, w.doomed().issuer, w.last_doomed.serial_der, 4),
        revoke_request(11, w.victim.issuer, integer(4711))]),
        [("success", None, [10]), ("failed", "badCertId", [11])], changed=1),
    Row("revoke: the same one twice", revoke(lambda w: [
        revoke_request(10, w.doomed().issuer, w.last_doomed.serial_der, 4),
        revoke_request(11, w.last_doomed.issuer, w.last_doomed.serial_der, 4)]),
        [("success", None, [10]), ("failed", "badRequest", [11])], changed=1),
    Row("nexus: reason cACompromise", revoke_one(2), failed("badRequest", 10), path="/nexus"),
    Row("nexus: reason certificateHold", revoke_one(6), failed("badRequest", 10), path="/nexus"),
    Row("nexus: two revocations", revoke(lambda w: [
        revoke_request(10, w.victim.issuer, w.victim.serial_der),
        revoke_request(11, w.dead.issuer, w.dead.serial_der)]),
        [("failed", "badRequest", [10]), ("failed", "badRequest", [11])], path="/nexus"),
    # -- renewal
    # [10002-6.3-b, 10002-6.3.3-u1]
    Row("renewal: another subject", renew(lambda w, p: csr(w.key, cn="somebody else")),
        failed("badIdentity", 10)),
    Row("renewal: another subjectAltName", renew(lambda w, p: csr(
        w.key, subject=p.cert.subject, extensions=[SAN])), failed("badIdentity", 10)),
    # [10002-3.2-g]
    Row("renewal: the same key", renew(lambda w, p: csr(p.key, subject=p.cert.subject)),
        failed("noKeyReuse", 10)),
    Row("renewal: not at this endpoint", renew(lambda w, p: csr(w.key, subject=p.cert.subject)),
        failed("badIdentity", 10), path="/norenewal"),
    # -- other contents
    Row("EnvelopedData", content_info(craft.ENVELOPED_DATA, seq()), failed("badMessageCheck", 0)),
    Row("AuthEnvelopedData", content_info(craft.AUTH_ENVELOPED_DATA, seq()),
        failed("badMessageCheck", 0)),
    Row("id-data", content_info(craft.DATA, octets(b"x")), failed("badRequest", 0)),
    # -- what is no CMC message at all
    Row("not ASN.1", lambda w: b"hello, is this a CMC server?\xff\xfe", http=400),
    Row("PEM", lambda w: b"-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n", http=400),
    Row("empty body", lambda w: b"", http=400),
    Row("octets after the message", lambda w: good(w) + b"\0", http=400),
    Row("cut after a quarter", cut(0.25), http=400),
    Row("cut after a half", cut(0.5), http=400),
    Row("cut before the last octet", lambda w: good(w)[:-1], http=400),
    Row("SignedData that is none", content_info(craft.SIGNED_DATA, seq()), http=400),
    Row("nested 40 deep", lambda w: b"\x30\x80" * 40 + b"\0\0" * 40, http=400),
    Row("PKCS#10 sent as CMC", lambda w: w.csr, http=400),
    Row("larger than the limit", lambda w: good(w) + b"\0" * 300000, http=413),
    # -- HTTP
    Row("no such path", good, path="/nothing", http=404),
    Row("path with another case", good, path="/CMC", http=404),
    # [10003-6-u1, 10003-6-u4]
    Row("GET", lambda w: None, method="GET", http=405),
    Row("PUT", good, method="PUT", http=405),
    Row("DELETE", lambda w: None, method="DELETE", http=405),
    # [10003-6.1-a]
    Row("no Content-Type", good, type=None, http=415),
    Row("Content-Type text/plain", good, type="text/plain", http=415),
    Row("Content-Type malformed", good, type="application", http=415),
    Row("Content-Type of an answer", good,
        type="application/pkcs7-mime; smime-type=CMC-response", http=415),
    Row("PKCS#10 where only CMC is taken", lambda w: w.csr, type=P10, path="/cmconly", http=415),
    Row("CMC where only PKCS#10 is taken", good, path="/pkcs10", http=415),
    Row("Content-Encoding gzip", good, headers={"Content-Encoding": "gzip"}, http=415),
    Row("Accept of nothing on offer", good, headers={"Accept": "text/html"}, http=406),
    Row("Accept of a form not on offer", good, path="/cmconly",
        headers={"Accept": "application/pkix-cert"}, http=406),
    # -- bare PKCS#10
    Row("PKCS#10: not ASN.1", lambda w: b"\xffnothing", failed("badRequest", 1), type=P10,
        path="/open"),
    Row("PKCS#10: octets after it", lambda w: w.csr + b"\0", failed("badRequest", 1), type=P10,
        path="/open"),
    Row("PKCS#10: cut", lambda w: w.csr[:-5], failed("badRequest", 1), type=P10, path="/open"),
    Row("PKCS#10: POP of other octets",
        lambda w: csr(w.key, mutate=lambda i: i.replace(b"bad input", b"bad INPUT")),
        failed("popFailed", 1), type=P10, path="/open"),
    Row("PKCS#10: unknown critical extension",
        lambda w: csr(w.key, extensions=[extension("1.2.3.4.5", null(), critical=True)]),
        failed("unsupportedExt", 1), type=P10, path="/open"),
    Row("PKCS#10: nobody known", lambda w: w.csr, failed("badIdentity", 1), type=P10,
        path="/pkcs10"),
    Row("PKCS#10: TLS client is no officer", lambda w: w.csr, failed("badIdentity", 1), type=P10,
        path="/pkcs10", tls="holder"),
    Row("PKCS#10: TLS client without role enroll", lambda w: w.csr, failed("badRequest", 1),
        type=P10, path="/pkcs10", tls="revoker"),
    Row("PKCS#10: PEM", lambda w: b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n", http=400,
        type=P10, path="/open"),
]


# -- running them --------------------------------------------------------------------------


def test_there_are_enough_rows():
    assert len(ROWS) >= 60
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(world, row):
    w = world
    body = row.build(w)
    before = w.server.counts()
    status, headers, answer = w.server.request(
        row.method, row.path, body, row.type, row.headers, tls=row.tls and getattr(w, row.tls))
    assert status == row.http, answer[:300]
    if row.want is not None:
        assert headers["content-type"].lower().startswith(
            "application/pkcs7-mime; smime-type=cmc-response"), headers
        got = craft.Answer(answer)
        assert got.full
        assert sorted([s[:3] for s in got.statuses], key=str) == sorted(row.want, key=str), got.statuses
        craft.verify_answer(answer, w.server.ca_pem)
        # A person must learn what to do.
        for status, _, _, text in got.statuses:
            assert text and "\n" not in text and len(text.encode()) <= 512
    elif status >= 400:
        assert headers["content-type"].startswith("text/plain")
        assert answer.strip(), "a refusal without a word"
    # Alive, and consistent: nothing was issued, and nothing changed but what the row says.
    after = w.server.counts()
    assert after.certs == before.certs
    assert after.revoked - before.revoked == row.changed
    assert w.server.request("GET", w.server.ca_path)[0] == 200


def test_and_then_a_good_one(world):
    """After all of that the same server enrols, and its audit chain is whole."""
    w = world
    status, _, answer = w.server.request("POST", "/cmc", good(w), CMC)
    assert status == 200
    got = craft.Answer(answer)
    assert [s[:3] for s in got.statuses] == [("success", None, [10])]
    assert any(c.spki == craft.public_key(w.key) for c in got.certs)
    w.server.audit_verify()


# [10002-6.6-c]
def test_refusals_give_back_nonce_and_transaction(world):
    """RFC 10002 section 6.6: with a refusal too."""
    w = world
    _, _, answer = w.server.request("POST", "/cmc", with_csr(signature=b"")(w), CMC)
    got = craft.Answer(answer)
    assert got.control(5).int() == 1234567
    assert got.control(7).content.startswith(b"nonce of 16 octs")
    assert len(got.control(6).content) >= 16
