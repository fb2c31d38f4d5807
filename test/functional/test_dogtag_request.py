# SPDX-License-Identifier: Apache-2.0
"""CMCRequest against what Dogtag's own CMCRequest made of the same configuration, input and
database; and the scenarios beyond."""
import base64
import hashlib
import hmac
import re

import pytest

import der
from dogtag import (AGENT, CMC, DATA, EC_AGENT, PASSWORD, Message, cms_verifies, config, openssl,
                    proof_v2, request_der, run, work)  # noqa: F401

SCENARIOS = ["01-p10-agent", "02-crmf-agent", "03-selfsign-idv2-p10-rsa", "04b-poplink-crmf",
             "05-rev-signed", "07-all-simple-controls", "08-decryptedpop"]
# Values that are another each time, or are computed over such a value.
RANDOM = {CMC + "6", CMC + "22"}
# Where a random value or a signature anew changes what the proof covers.
REMADE = {"04b-poplink-crmf": {CMC + "34"}}


def output(folder):
    return folder / ("cmc.decpop.req" if "decryptedpop" in folder.name else "cmc.req")


def mask_times(value):
    """GeneralizedTime is the moment of the run."""
    return re.sub(rb"\x18\x0f[0-9]{14}Z", b"\x18\x0f" + b"0" * 14 + b"Z", value)


def spki_of_request(request):
    """SubjectPublicKeyInfo of a TaggedRequest."""
    if request.tag == 0xa0:
        return request[1][0][2].whole
    template = request[0][1]
    return der.retag(0x30, [p for p in template.parts if p.tag == 0xa6][0].whole)


@pytest.mark.parametrize("name", SCENARIOS)
def test_same_as_the_original(work, name):
    folder = work / name
    theirs = Message((DATA / name / output(folder).name).read_bytes())
    output(folder).unlink()
    run("CMCRequest", "cmc.cfg", cwd=folder)
    ours = Message(output(folder).read_bytes())

    assert (ours.version, ours.digests, ours.content_type) == \
        (theirs.version, theirs.digests, theirs.content_type)
    assert ours.certs == theirs.certs
    assert len(ours.signers) == 1
    assert (ours.signer_version, ours.sid.whole, ours.digest_alg, ours.attr_types,
            ours.signature_alg) == (theirs.signer_version, theirs.sid.whole, theirs.digest_alg,
                                    theirs.attr_types, theirs.signature_alg)
    assert ours.digest_is_right()
    assert [oid for _, oid, _ in ours.controls] == [oid for _, oid, _ in theirs.controls]
    for (_, oid, mine), (_, _, other) in zip(ours.controls, theirs.controls):
        if oid in RANDOM | REMADE.get(name, set()):
            assert [(v[0], len(v)) for v in mine] == [(v[0], len(v)) for v in other], oid
        else:
            assert list(map(mask_times, mine)) == list(map(mask_times, other)), oid
    if name not in REMADE:
        assert ours.req_sequence == theirs.req_sequence
        assert ours.ids() == theirs.ids()
    # RFC 10002 section 3.2.2, which theirs does not keep.
    assert len(set(ours.ids())) == len(ours.ids())
    assert ours.cms.content == ours.other.content == b""
    if ours.certs:
        assert cms_verifies(output(folder))
    else:
        assert ours.signature_verifies(spki_of_request(ours.requests[0]), work)


def test_output_that_scripts_read(work):
    folder = work / "01-p10-agent"
    done = run("CMCRequest", "cmc.cfg", cwd=folder)
    lines = done.stdout.split("\n")
    at = lines.index("The CMC enrollment request in base-64 encoded format:")
    text = [line for line in lines[at + 1:] if line.endswith("\r")]
    assert base64.b64decode("".join(text)) == (folder / "cmc.req").read_bytes()
    assert max(len(line) for line in text) == 77
    assert "The CMC enrollment request in binary format is stored in cmc.req" in lines


def check_witness(message, secret, identification, witness):
    digest, mac, value = proof_v2(witness)
    key = hashlib.new(digest, secret + identification).digest()
    random = message.control(22).content
    assert len(random) == 64
    assert value == hmac.new(key, random, mac).digest()


def check_identity(message, secret, identification):
    digest, mac, value = proof_v2(message.control(34))
    key = hashlib.new(digest, secret + identification).digest()
    assert value == hmac.new(key, message.req_sequence, mac).digest()
    return digest, mac


def crmf_controls(request):
    return {atv[0].oid(): atv[1] for atv in request[0][2].parts}


def check_crmf_pop(request, folder):
    (folder / "cr.der").write_bytes(request[0].whole)
    (folder / "sig").write_bytes(request[1][1].content[1:])
    (folder / "k.der").write_bytes(spki_of_request(request))
    pem = openssl("pkey", "-pubin", "-inform", "DER", "-in", folder / "k.der").stdout
    (folder / "k.pem").write_bytes(pem)
    return openssl("dgst", "-sha256", "-verify", folder / "k.pem", "-signature", folder / "sig",
                   folder / "cr.der").returncode == 0


def test_pop_link_in_crmf(work):
    folder = work / "04b-poplink-crmf"
    run("CMCRequest", "cmc.cfg", cwd=folder)
    message = Message((folder / "cmc.req").read_bytes())
    check_identity(message, b"testing123", b"testuser")
    request = message.requests[0]
    check_witness(message, b"testing123", b"testuser", crmf_controls(request)[CMC + "33"])
    assert check_crmf_pop(request, work)


def selfsigned_params(folder, **more):
    keys = dict(dbdir="../nssdb", password=PASSWORD, tokenname="internal", output="out.req",
                numRequests=1, input="p10.csr", format="pkcs10", request__selfSign="true",
                request__privKeyId="-2c0aff416781c6dcf4d1a7dbf1ac58cef8c2e0db",
                identification__enable="true", identification="testuser",
                identityProofV2__enable="true", witness__sharedSecret="testing123")
    keys.update(more)
    return config(folder / "x.cfg", **keys)


@pytest.mark.parametrize("hash_name", ["SHA-256", "SHA-384", "SHA-512"])
@pytest.mark.parametrize("mac_name", ["SHA-256-HMAC", "SHA-384-HMAC", "SHA-512-HMAC"])
def test_proofs_in_pkcs10(work, hash_name, mac_name):
    """Every digest with every MAC, in both proofs; SHA-384-HMAC comes with a warning."""
    folder = work / "03-selfsign-idv2-p10-rsa"
    selfsigned_params(folder, identityProofV2__hashAlg=hash_name, identityProofV2__macAlg=mac_name,
                      popLinkWitnessV2__enable="true", popLinkWitnessV2__keyGenAlg=hash_name,
                      popLinkWitnessV2__macAlg=mac_name)
    done = run("CMCRequest", "x.cfg", cwd=folder)
    message = Message((folder / "out.req").read_bytes())
    digest, mac = check_identity(message, b"testing123", b"testuser")
    assert (digest, mac) == (hash_name.replace("-", "").lower(),
                             mac_name.replace("-HMAC", "").replace("-", "").lower())
    csr = message.requests[0][1]
    attributes = {a[0].oid(): a[1][0] for a in csr[0][3].parts}
    check_witness(message, b"testing123", b"testuser", attributes[CMC + "33"])
    assert openssl("req", "-inform", "DER", "-verify", "-noout", data=csr.whole).returncode == 0
    # The new request is printed.
    assert request_der_of(done.stdout) == csr.whole
    assert ("Dogtag's CA cannot check SHA-384-HMAC" in done.stderr) == (mac == "sha384")


def request_der_of(text):
    body = text.split("-----BEGIN CERTIFICATE REQUEST-----\n")[1].split("-----END")[0]
    return base64.b64decode(body)


def test_rfc_switch(work):
    """rfc=true: no identification in the witness, no NULL, no empty certificates, binary nonce,
    the witness of version 1 in the request."""
    folder = work / "03-selfsign-idv2-p10-rsa"
    selfsigned_params(folder, identityProofV2__hashAlg="SHA-256",
                      identityProofV2__macAlg="SHA-256-HMAC", popLinkWitness__enable="true",
                      senderNonce__enable="true", rfc="true")
    run("CMCRequest", "x.cfg", cwd=folder)
    message = Message((folder / "out.req").read_bytes())
    assert message.certs is None
    assert message.digest_alg == der.seq(der.oid("2.16.840.1.101.3.4.2.1"))
    assert not message.control(6).content.endswith(b"\r\n")
    attributes = {a[0].oid(): a[1][0] for a in message.requests[0][1][0][3].parts}
    key = hashlib.sha1(b"testing123").digest()
    assert attributes[CMC + "23"].content == \
        hmac.new(key, message.control(22).content, "sha1").digest()
    assert message.signature_verifies(spki_of_request(message.requests[0]), work)

    selfsigned_params(folder, identityProofV2__hashAlg="SHA-256",
                      identityProofV2__macAlg="SHA-256-HMAC", popLinkWitnessV2__enable="true",
                      popLinkWitnessV2__keyGenAlg="SHA-256",
                      popLinkWitnessV2__macAlg="SHA-256-HMAC", rfc="true")
    run("CMCRequest", "x.cfg", cwd=folder)
    message = Message((folder / "out.req").read_bytes())
    attributes = {a[0].oid(): a[1][0] for a in message.requests[0][1][0][3].parts}
    check_witness(message, b"testing123", b"", attributes[CMC + "33"])


def test_ec_agent(work):
    """ecdsa-with-SHA256 carries no NULL, which theirs has."""
    folder = work / "01-p10-agent"
    config(folder / "x.cfg", dbdir="../nssdb", password=PASSWORD, output="out.req", numRequests=1,
           input="p10.csr", format="pkcs10", nickname=EC_AGENT)
    run("CMCRequest", "x.cfg", cwd=folder)
    message = Message((folder / "out.req").read_bytes())
    assert message.signature_alg == der.seq(der.oid("1.2.840.10045.4.3.2"))
    assert cms_verifies(folder / "out.req")


def test_several_requests(work):
    folder = work / "01-p10-agent"
    (folder / "q.csr").write_bytes((work / "07-all-simple-controls" / "p10.csr").read_bytes())
    config(folder / "x.cfg", dbdir="../nssdb", password=PASSWORD, output="out.req", numRequests=2,
           input="p10.csr q.csr", format="pkcs10", nickname=AGENT, transactionMgt__enable="true",
           transactionMgt__id="hello")
    run("CMCRequest", "x.cfg", cwd=folder)
    message = Message((folder / "out.req").read_bytes())
    assert len(message.requests) == 2
    assert message.ids() == [3, 1, 2]
    assert message.control(5).content == b"hello"
    assert [r[1].whole for r in message.requests.parts] == \
        [request_der(folder / "p10.csr"), request_der(folder / "q.csr")]


REASONS = {"unspecified": 0, "KEYCOMPROMISE": 1, "caCompromise": 2, "affiliationChanged": 3,
           "superseded": 4, "cessationOfOperation": 5, "certificateHold": 6, "removefromcrl": 8}


@pytest.mark.parametrize("reason", REASONS)
def test_revocation_by_secret(work, reason):
    """Unsigned, in id-data; the serial number in hex."""
    config(work / "x.cfg", dbdir="nssdb", password=PASSWORD, output="out.req", numRequests=1,
           format="pkcs10", revRequest__enable="true", revRequest__serial="0xff01",
           revRequest__reason=reason, revRequest__sharedSecret="s3cret",
           revRequest__issuer="CN=Ca,OU=o;O=EXAMPLE,C=SE", revRequest__comment="gone")
    run("CMCRequest", "x.cfg", cwd=work)
    message = Message((work / "out.req").read_bytes())
    assert message.type == "1.2.840.113549.1.7.1"
    rr = message.control(17)
    assert rr[1].int() == 0xff01
    assert rr[2].whole == der.enumerated(REASONS[reason])
    assert (rr[3].tag, rr[3].content) == (4, b"s3cret")
    assert (rr[4].tag, rr[4].content) == (12, b"gone")
    # Most significant first, UTF8String but for the country.
    assert [(rdn[0][0].oid(), rdn[0][1].tag) for rdn in rr[0].parts] == \
        [("2.5.4.6", 0x13), ("2.5.4.10", 12), ("2.5.4.11", 12), ("2.5.4.3", 12)]


def test_revocation_by_secret_with_rfc(work):
    config(work / "x.cfg", dbdir="nssdb", password=PASSWORD, output="out.req", numRequests=1,
           format="pkcs10", revRequest__enable="true", revRequest__serial="6", rfc="true",
           revRequest__reason="superseded", revRequest__sharedSecret="s3cret",
           revRequest__issuer="CN=Ca")
    run("CMCRequest", "x.cfg", cwd=work)
    message = Message((work / "out.req").read_bytes())
    assert message.signed and message.signers == []


def test_decrypted_pop_verifies(work):
    """thePOP is the HMAC with the challenge over the TaggedRequest."""
    folder = work / "08-decryptedpop"
    run("CMCRequest", "cmc.cfg", cwd=folder)
    message = Message((folder / "cmc.decpop.req").read_bytes())
    y = (folder / "challenge.bin").read_bytes()
    pop = message.control(10)
    request = message.requests[0]
    assert pop[2].content == hmac.new(y[:64], request.whole, "sha256").digest()
    assert pop[0].int() == request[0][0].int()


def test_decrypted_pop_with_another_key(work):
    """The challenge is not for this key: nothing is written."""
    folder = work / "08-decryptedpop"
    text = (folder / "cmc.cfg").read_text()
    (folder / "x.cfg").write_text(re.sub("request.privKeyId=.*",
                                         "request.privKeyId=-2c0aff416781c6dcf4d1a7dbf1ac58cef8c2e0db",
                                         text))
    (folder / "cmc.decpop.req").unlink()
    done = run("CMCRequest", "x.cfg", cwd=folder, code=1)
    assert "not the challenge" in done.stderr
    assert not (folder / "cmc.decpop.req").exists()


def test_forged_challenge(work):
    """A response whose signature does not verify is not answered."""
    folder = work / "08-decryptedpop"
    data = bytearray((folder / "encpop.der").read_bytes())
    data[-1] ^= 1
    (folder / "encpop.der").write_bytes(data)
    (folder / "cmc.decpop.req").unlink()
    assert "signature" in run("CMCRequest", "cmc.cfg", cwd=folder, code=1).stderr
    assert not (folder / "cmc.decpop.req").exists()


def test_resign(work):
    """format=test_cmc signs a message again as it stands, altered or not."""
    folder = work / "01-p10-agent"
    config(folder / "x.cfg", dbdir="../nssdb", password=PASSWORD, output="out.req", input="cmc.req",
           format="test_cmc", nickname=EC_AGENT)
    run("CMCRequest", "x.cfg", cwd=folder)
    before, after = Message((folder / "cmc.req").read_bytes()), \
        Message((folder / "out.req").read_bytes())
    assert after.content == before.content
    assert after.sid.whole != before.sid.whole
    assert cms_verifies(folder / "out.req")
    folder = work / "03-selfsign-idv2-p10-rsa"
    config(folder / "x.cfg", dbdir="../nssdb", password=PASSWORD, output="out.req", input="cmc.req",
           format="test_cmc", request__privKeyId="-2c0aff416781c6dcf4d1a7dbf1ac58cef8c2e0db")
    run("CMCRequest", "x.cfg", cwd=folder)
    before, after = Message((folder / "cmc.req").read_bytes()), \
        Message((folder / "out.req").read_bytes())
    assert (after.sid.whole, after.content) == (before.sid.whole, before.content)
    assert after.signature_verifies(spki_of_request(after.requests[0]), work)


@pytest.mark.parametrize("text, ok", [
    ("-----BEGIN NEW CERTIFICATE REQUEST-----\n%s\n-----END NEW CERTIFICATE REQUEST-----\n", True),
    ("-----BEGIN ANYTHING AT ALL-----\r\n%s\r\n-----END-----\r\n", True),
    ("-----BEGIN X-----\r%s\r-----END X-----\r", True), ("\n\n%s\n\n  \n", True),
    ("%s", True), ("   %s  \n\n", True), ("-----BEGIN X-----\nAAAA\n-----END X-----\n", False),
    ("", False), ("no base64 here!\n", False)])
def test_forms_of_input(work, text, ok):
    folder = work / "01-p10-agent"
    b64 = base64.b64encode(request_der(folder / "p10.csr")).decode()
    (folder / "p10.csr").write_text(text % b64 if "%s" in text else text)
    (folder / "cmc.req").unlink()
    run("CMCRequest", "cmc.cfg", cwd=folder, code=0 if ok else 1)
    assert (folder / "cmc.req").exists() == ok


def test_url_safe_base64(work):
    folder = work / "01-p10-agent"
    b64 = base64.urlsafe_b64encode(request_der(folder / "p10.csr")).decode().rstrip("=")
    (folder / "p10.csr").write_text(b64)
    run("CMCRequest", "cmc.cfg", cwd=folder)
