# SPDX-License-Identifier: Apache-2.0
"""What Dogtag's own clients send, made here octet by octet, at the endpoints of etc/dogtag.yaml: the
deviations that only `compat: dogtag` takes, and the answers as those clients read them."""
import base64
import hashlib
import hmac
import urllib.parse

import pytest

import craft
import der
from authority import CONFIG, Server
from der import bits, boolean, ctx, integer, null, octets, oid, retag, seq, set_of, tlv, utf8
from dogtag import HMAC, SHA256
from dogtag_ca import Dogtag

ECDSA_SHA256 = "1.2.840.10045.4.3.2"
SELF_PATH = "/ca/ee/ca/profileSubmitSelfSignedCMCFull"
AGENT_PATH = "/ca/ee/ca/profileSubmitCMCFull"
SECRET = "a secret of more than sixteen"
SKI = "2.5.29.14"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    made = Dogtag(tmp_path_factory.mktemp("server"))
    (made.folder / "secret").write_text(SECRET + "\n")
    made.server.cmcd("secret", "add", "alice", "--file", made.folder / "secret")
    yield made
    made.server.close()


def ski_of(key):
    return hashlib.sha1(der.parse(craft.public_key(key))[1].content[1:]).digest()


def java_crmf(key, ski_value, explicit=False, lost=False, cn="alice"):
    """A CertReqMsg as CRMFPopClient makes it: a version, empty controls, NULL after the ECDSA OID.
    explicit: with the DEFAULT of the extension, lost: signed so, and then encoded without."""
    def request(with_default):
        ext = seq(oid(SKI), *([boolean(False)] if with_default else []), octets(ski_value))
        template = seq(tlv(0x80, b"\x02"), ctx(5, craft.name(cn)), retag(0xa6, craft.public_key(key)),
                       retag(0xa9, seq(ext)))
        return seq(integer(1), template, seq())

    proof = craft.sign(key, request(explicit or lost))
    return seq(request(explicit), retag(0xa1, seq(seq(oid(ECDSA_SHA256), null()), bits(proof))))


def java_message(message, key, sid, name="alice"):
    """Self-signed by CMCRequest: duplicate ids, an empty certificates field, NULL again."""
    requests = seq(craft.crm(message))
    mac = hmac.new(hashlib.sha256((SECRET + name).encode()).digest(), requests, "sha256").digest()
    mac_oid = [o for o, n in HMAC.items() if n == "sha256"][0]
    controls = [craft.control(1, 2, utf8(name)),
                craft.control(2, 34, seq(seq(oid(SHA256)), seq(oid(mac_oid)), octets(mac))),
                craft.control(3, 5, integer(2 ** 127 + 12345)),
                craft.control(4, 6, octets(base64.b64encode(bytes(range(32))) + b"\r\n"))]
    content = seq(seq(*controls), requests, seq(), seq())
    signer = craft.signer_info(content, None, key, sid=tlv(0x80, sid),
                               algorithm=seq(oid(ECDSA_SHA256), null()))
    body = seq(integer(3), set_of(seq(oid(SHA256), null())),
               seq(oid(craft.PKIDATA), ctx(0, octets(content))), tlv(0xa0), set_of(signer))
    return seq(oid(craft.SIGNED_DATA), ctx(0, body))


def ask(ca, message, path=SELF_PATH):
    status, _, body = ca.server.request("POST", path, message, "application/octet-stream")
    assert status == 200
    return craft.Answer(body)


@pytest.mark.parametrize("form", ["until 11.6", "since 11.7", "as the RFC"])
def test_self_signed_crmf(ca, form, tmp_path):
    """The sid is what the SKI extension holds: bare, or with its OCTET STRING, or rightly without."""
    key = craft.new_key(tmp_path / "key")
    ski = ski_of(key)
    value, sid = {"until 11.6": (ski, ski), "since 11.7": (octets(ski), octets(ski)),
                  "as the RFC": (octets(ski), ski)}[form]
    answer = ask(ca, java_message(java_crmf(key, value), key, sid))
    assert [s[:2] for s in answer.statuses] == [("success", None)], answer.statuses
    assert any(b"alice" in c.subject for c in answer.certs)
    # What comes back: the long transactionId, and the nonce as text.
    assert answer.control(5).int() == 2 ** 127 + 12345
    assert answer.control(7).content.endswith(b"\r\n")
    assert answer.statuses[0][2] == [1]


def test_other_sids_are_not_taken(ca, tmp_path):
    key = craft.new_key(tmp_path / "key")
    ski = ski_of(key)
    for sid in (ski[:-1], b"\x04" + ski, octets(ski)[1:], b""):
        answer = ask(ca, java_message(java_crmf(key, octets(ski)), key, sid))
        assert [s[0] for s in answer.statuses] == ["failed"]


def test_lost_default_is_named(ca, tmp_path):
    """CRMFPopClient 11.7 -y signs an explicit FALSE, CMCRequest of Java loses it (Q4)."""
    key = craft.new_key(tmp_path / "key")
    ski = octets(ski_of(key))
    answer = ask(ca, java_message(java_crmf(key, ski, lost=True), key, ski))
    assert [s[:2] for s in answer.statuses] == [("failed", "popFailed")]
    assert "CRMFPopClient" in answer.statuses[0][3]


def test_elsewhere_it_is_refused(tmp_path_factory, tmp_path):
    """The same octets at an endpoint without compat."""
    server = Server(tmp_path_factory.mktemp("plain"), CONFIG)
    server.start()
    try:
        key = craft.new_key(tmp_path / "key")
        ski = ski_of(key)
        message = java_message(java_crmf(key, octets(ski)), key, octets(ski))
        answer = craft.Answer(server.post("/cmc", message)[1])
        assert [s[0] for s in answer.statuses] == ["failed"]
    finally:
        server.close()


# -- the form of the pages, and EST ---------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"


def revocation(ca, folder):
    """A certificate, and what CMCRevoke prints to revoke it."""
    key = craft.new_key(folder / "key")
    agent = craft.Cert(craft.pem_to_der(ca.server.home / "officer.crt"))
    officer = (agent, ca.server.home / "officer.key")
    content = craft.pkidata(requests=[craft.tcr(1, craft.csr(key, cn="form"))])
    answer = ask(ca, craft.message(content, *officer), AGENT_PATH)
    (cert,) = [c for c in answer.certs if b"form" in c.subject]
    control = craft.revoke_request(2, cert.issuer, cert.serial_der)
    return craft.message(craft.pkidata(controls=[control]), *officer)


def test_form_of_the_pages(ca, tmp_path):
    path = "/ca/ee/ca/CMCRevReq"
    message = revocation(ca, tmp_path)
    text = "-----BEGIN CERTIFICATE REQUEST-----\r\n%s\r\n-----END CERTIFICATE REQUEST-----\r\n" % \
        base64.b64encode(message).decode()
    for form in ({"authenticator": "CMCAuth"}, {"cmcRequest": "not base64!"}, {"cmcRequest": ""},
                 {"cmcRequest": base64.b64encode(b"text").decode()[:-1]}):
        status, _, body = ca.server.request("POST", path, urllib.parse.urlencode(form), FORM)
        assert status == 400 and body.count(b"\n") == 1, form
    form = urllib.parse.urlencode({"authenticator": "CMCAuth", "cmcRequest": text, "x": "y"})
    status, _, body = ca.server.request("POST", path, form, FORM)
    assert status == 200 and craft.Answer(body).statuses[0][0] == "success"
    # The pages are Dogtag's: elsewhere a form is no request.
    done = ca.server.request("POST", "/.well-known/est/fullcmc", form, "text/html")
    assert done[0] == 400


@pytest.mark.parametrize("coded", [False, True])
def test_est_fullcmc(ca, coded, tmp_path):
    path = "/.well-known/est/fullcmc"
    message = revocation(ca, tmp_path)  # not served there, which is an answer too
    sent = base64.encodebytes(message) if coded else message
    status, headers, body = ca.server.request("POST", path, sent,
                                              "application/pkcs7-mime; smime-type=CMC-request")
    assert status == 200 and headers["content-transfer-encoding"] == "base64"
    assert max(map(len, body.split())) == 64
    assert craft.Answer(base64.b64decode(body, validate=False)).statuses[0][0] == "failed"
    status, headers, body = ca.server.request("POST", path, b"no base64 at all, is it?",
                                              "application/pkcs7-mime; smime-type=CMC-request")
    assert status == 400 and b"no base64" in body
    assert "content-transfer-encoding" not in headers
