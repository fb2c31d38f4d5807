# SPDX-License-Identifier: Apache-2.0
"""Encrypted requests and MACs by shared secret through the real cmc and cmcd; OpenSSL's CMS and an
AuthenticatedData written here from the RFCs' text stand on the other side."""
import hashlib
import hmac
import json
import os

import pytest

import craft
import keystore
from authority import CMC, CMCD, CONFIG, Server, World, run
from der import ctx, octets, oid, parse, retag, seq, utf8
from protect import AES256_WRAP, AUTHENTICATED, HMAC_SHA256, PBKDF2, authenticated, unwrap

PROTECTED = CONFIG.replace("listen:\n", """\
encryption: {{certificate: encryption.crt, key: encryption.key, path: /encryption.crt}}
secrets: {{key: secrets.key, failures: 5}}
listen:
""").replace("endpoints:\n", """\
  - name: signs
    days: 90
    extensions:
      - {{name: keyUsage, value: "critical,digitalSignature"}}
endpoints:
  - {{path: /signs, accept: [cmc], answer: [cmc], profile: signs, officer: required, renewal: true}}
""") + """\
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, revoke: {{allow: true}}}}
  - {{path: /both, accept: [cmc], answer: [cmc], profile: client, officer: optional,
     secrets: true, approvals: 1, poll: 0, confirm: 60}}
"""
DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA, ENVELOPED = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3"
SECRET = "a secret of many characters"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("protection")
    server = Server(folder, PROTECTED)
    server.start()
    world = World(folder, server)
    status, headers, certificate = server.request("GET", "/encryption.crt")
    assert status == 200 and headers["content-type"] == "application/pkix-cert"
    world.encryption = folder / "encryption.der"
    world.encryption.write_bytes(certificate)
    yield world
    server.close()


def url(world, path):
    return "http://127.0.0.1:%d%s" % (world.server.port, path)


def secret_of(world, name):
    """Registered and bound to the subject CN=name; the file that holds it."""
    path = world.fresh("secret")
    path.write_text(SECRET + "\n")
    world.server.cmcd("secret", "add", name, "--file", path, "--subject", "CN=" + name)
    return path


def enroll(world, *args, path="/cmc", cn="protected", ok=True):
    out, key = world.fresh("crt"), world.fresh("key")
    done = run(CMC, "enroll", "--url", url(world, path), "--trust", world.server.ca_pem,
               "--new-key", "ec:P-256", "--key-out", key, "--subject", "CN=" + cn,
               "--cert-out", out, *args, ok=ok)
    return done.stderr.decode() if ok is not True else out


def officer(world):
    return ["--officer-cert", world.officer.pem, "--officer-key", world.officer.key]


def issued(world, path, cn="protected"):
    text = craft.openssl("verify", "-CAfile", str(world.server.ca_pem), str(path)).decode()
    assert "OK" in text
    assert cn in craft.openssl("x509", "-noout", "-subject", "-in", str(path)).decode()


@pytest.mark.parametrize("form", ["authenveloped", "enveloped"])
@pytest.mark.parametrize("outside", [False, True])
def test_officer(world, form, outside):
    more = ["--sign-outside"] if outside else []
    issued(world, enroll(world, *officer(world), "--encrypt-to", world.encryption,
                         "--encrypt-with", form, *more))


def test_own_key(world):
    issued(world, enroll(world, "--self", "--encrypt-to", world.encryption, path="/open"))


def test_key_that_only_signs_cannot_be_answered(world):
    """The holder's certificate has digitalSignature alone; another of the same name helps."""
    holder = world.issue("signs", path="/signs")
    text = enroll(world, "--renew", holder.pem, "--renew-key", holder.key, "--encrypt-to",
                  world.encryption, path="/signs", cn="signs", ok=1)
    assert "badRequest" in text and "encrypted to nobody" in text


def opened(world):
    """How many messages were decrypted by now."""
    return world.server.cmcd("audit", "export").stdout.count(b'"event":"open"')


@pytest.mark.parametrize("how", ["officer", "self", "outside", "secret", "mac"])
def test_follow_up_is_encrypted_too(world, how):
    """Asked for twice and then confirmed, in the envelope that the request had; a signature stands
    for the MAC then, since its secret may be used up."""
    cn = "held " + how
    secret = secret_of(world, cn)
    who = {"officer": officer(world), "outside": [*officer(world), "--sign-outside"],
           "self": ["--self"], "secret": ["--self", "--secret-name", cn, "--encrypt-secret", secret],
           "mac": ["--mac-secret", secret, "--secret-name", cn]}[how]
    to = [] if how == "secret" else ["--encrypt-to", world.encryption]
    out, key = world.fresh("crt"), world.fresh("key")
    before = opened(world)
    run(CMC, "enroll", "--url", url(world, "/both"), "--trust", world.server.ca_pem, "--new-key",
        "ec:P-256", "--key-out", key, "--subject", "CN=" + cn, "--cert-out", out, *who, *to, ok=4)
    state = out.with_name(out.name + ".pending")
    assert opened(world) == before + 1
    for wrong in ({"encryptTo": 7}, {"encryptTo": [7]}, {"encryptWith": []}):
        spoilt = world.fresh("pending")
        spoilt.write_text(json.dumps({**json.loads(state.read_text()), **wrong}))
        assert str(spoilt) in run(CMC, "poll", spoilt, ok=1).stderr.decode()
    run(CMC, "poll", state, ok=4)
    assert opened(world) == before + 2
    row = next(r for r in world.server.cmcd("request", "list").stdout.decode().splitlines()
               if r.endswith("CN=" + cn))
    world.server.cmcd("request", "approve", row.split()[0])
    run(CMC, "poll", "--no-confirm", state, ok=4)
    run(CMC, "confirm", state)
    assert opened(world) == before + 4
    issued(world, out, cn)
    assert SECRET.encode() not in b"".join(
        p.read_bytes() for p in world.folder.glob("*.pending"))


def test_nobody_is_encrypted_to(world):
    text = enroll(world, *officer(world), "--encrypt-to", world.server.home / "tls.crt", ok=2)
    assert "keyAgreement" in text and "RFC 5280" in text
    other = world.fresh("crt")
    key = craft.new_key(world.fresh("key"))
    craft.openssl("req", "-x509", "-key", str(key), "-subj", "/CN=other", "-out", str(other))
    text = enroll(world, *officer(world), "--encrypt-to", other, ok=6)
    assert "badMessageCheck" in text and "cannot be decrypted here" in text


def test_mac(world):
    secret = secret_of(world, "device")
    issued(world, enroll(world, "--mac-secret", secret, "--secret-name", "device", path="/secret",
                         cn="device"), "device")
    issued(world, enroll(world, "--mac-secret", secret, "--encrypt-secret", secret,
                         "--secret-name", "device", path="/secret", cn="device"), "device")


def test_mac_of_a_key_that_cannot_sign(world):
    """Not a SignerInfo without a signature (appendix C.1), but a MAC, and a challenge."""
    secret = secret_of(world, "kem")
    out, key = world.fresh("crt"), world.fresh("key")
    asked = ["--url", url(world, "/secret"), "--trust", world.server.ca_pem, "--subject", "CN=kem",
             "--cert-out", out]
    done = run(CMC, "enroll", *asked, "--new-key", "x25519", "--key-out", key, "--self",
               "--identification", "kem", "--secret-file", secret, ok=2)
    assert b"cannot sign the message" in done.stderr and b"--mac-secret" in done.stderr
    run(CMC, "enroll", *asked, "--key", key, "--mac-secret", secret, "--secret-name", "kem")
    issued(world, out, "kem")


def test_wrong_secret_and_unknown_name_are_told_alike(world):
    secret_of(world, "guessed")
    wrong = world.fresh("secret")
    wrong.write_text("another secret, as long\n")
    texts = [enroll(world, "--mac-secret", wrong, "--secret-name", name, path="/secret",
                    cn="guessed", ok=1).splitlines()[0] for name in ("guessed", "nobody")]
    assert texts[0] == texts[1]
    assert "badMessageCheck" in texts[0] and "not authentic" in texts[0]
    line = next(x for x in world.server.cmcd("secret", "list").stdout.decode().splitlines()
                if x.startswith("guessed "))
    assert "failures 1" in line
    assert "verify.mac" in world.server.cmcd("audit", "export").stdout.decode()
    assert SECRET not in world.server.log_text()


def test_revoke(world):
    victim = world.issue("victim of encryption")
    done = run(CMC, "revoke", "--url", url(world, "/cmc"), "--trust", world.server.ca_pem,
               "--cert", victim.pem, "--officer-cert", world.officer.pem, "--officer-key",
               world.officer.key, "--encrypt-to", world.encryption, "--sign-outside")
    assert "revoked" in done.stdout.decode()


@pytest.mark.parametrize("args, text", [
    (["--encrypt-with", "enveloped"], "go with --encrypt-to"),
    (["--encrypt-to", "x", "--encrypt-with", "paper"], "want authenveloped or enveloped"),
    (["--mac-secret", "x", "--secret-name", "y"], "who asks"),
    (["--encrypt-secret", "x"], "--secret-name"),
    (["--secret-name", "x"], "--secret-name"),
    (["--decrypt-key", "x", "--encrypt-to", "y"], "without --decrypt-cert"),
])
def test_options_that_do_not_go_together(world, args, text):
    assert text in enroll(world, *officer(world), *args, ok=2)


# -- files ----------------------------------------------------------------------------------


def test_request_show_submit(world):
    """A request that is made, looked at and sent by itself."""
    key, csr, request = world.fresh("key"), world.fresh("csr"), world.fresh("crq")
    answer = world.fresh("crp")
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", key, "--subject", "CN=by hand",
        "--out", csr)
    run(CMC, "request", csr, "--signer-cert", world.officer.pem, "--signer-key", world.officer.key,
        "--encrypt-to", world.encryption, "--out", request)
    plain = run(CMC, "show", "--brief", request).stdout.decode()
    assert "authEnvelopedData" in plain and "by hand" not in plain
    opened = run(CMC, "show", "--brief", request, "--key",
                 world.server.home / "encryption.key").stdout.decode()
    assert "decrypted, what is in the" in opened and "CN=by hand" in opened
    wrong = run(CMC, "show", request, "--key", craft.new_key(world.fresh("key"), "rsa2048"), ok=1)
    assert "decrypting failed" in wrong.stderr.decode()
    run(CMC, "submit", request, "--url", url(world, "/cmc"), "--trust", world.server.ca_pem,
        "--key", world.officer.key, "--key-cert", world.officer.pem, "--out", answer)
    shown = run(CMC, "show", "--brief", answer, "--key", world.officer.key).stdout.decode()
    assert "success" in shown
    refused = run(CMC, "submit", request, "--url", url(world, "/cmc"), "--trust",
                  world.server.ca_pem, ok=6)
    assert "not to a key or secret that is known here" in refused.stderr.decode()


def test_show_mac(world):
    secret, csr, request = world.fresh("secret"), world.fresh("csr"), world.fresh("crq")
    secret.write_text(SECRET)
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", world.fresh("key"), "--subject", "CN=m",
        "--out", csr)
    run(CMC, "request", csr, "--mac-secret", secret, "--secret-name", "m", "--out", request)
    right = run(CMC, "show", request, "--secret-file", secret, "--secret-name", "m")
    assert "the MAC verifies" in right.stdout.decode()
    wrong = run(CMC, "show", request, "--secret-file", secret, "--secret-name", "n")
    assert "not shown to be right" in wrong.stdout.decode()


# -- OpenSSL on the other side --------------------------------------------------------------


def layer(der):
    """Content type and content of a ContentInfo."""
    info = parse(der)
    return info[0].oid(), info[1][0]


@pytest.mark.parametrize("cipher", ["-aes-128-cbc", "-aes-192-cbc", "-aes-256-cbc",
                                    "-aes-128-gcm", "-aes-256-gcm"])
@pytest.mark.parametrize("whole", [False, True])
def test_openssl_encrypts_and_decrypts(world, cipher, whole):
    """whole: a ContentInfo where the SignedData itself is due, as some peers do it. OpenSSL's
    AuthEnvelopedData without authAttrs is only good for id-data, so that must be refused."""
    body = craft.pkidata([craft.transaction_id(1, 77), craft.sender_nonce(2)],
                         [craft.tcr(10, craft.csr(world.key, "by openssl"))])
    signed = craft.message(body, world.officer.cert, world.officer.key)
    inner = world.fresh("der")
    inner.write_bytes(signed if whole else layer(signed)[1].whole)
    request = craft.openssl("cms", "-encrypt", "-binary", "-in", str(inner), "-outform", "DER",
                            cipher, "-recip", str(world.server.home / "encryption.crt"))
    assert request.count(oid(DATA)) == 1
    request = request.replace(oid(DATA), oid(SIGNED_DATA))  # its command line cannot say so
    _, answer = world.server.post("/cmc", request)
    if "gcm" in cipher:
        refusal = craft.Answer(answer)
        assert refusal.statuses[0][:2] == ("failed", "badMessageCheck")
        assert "contentType attribute" in refusal.statuses[0][3]
        return
    assert layer(answer)[0] == ENVELOPED
    path = world.fresh("der")
    path.write_bytes(answer)
    content = craft.openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(path),
                            "-recip", str(world.officer.pem), "-inkey", str(world.officer.key))
    got = craft.Answer(seq(oid(SIGNED_DATA), ctx(0, content)))
    assert got.statuses[0][0] == "success"
    assert any(c.spki == craft.public_key(world.key) for c in got.certs)


# -- AuthenticatedData from the RFCs' text --------------------------------------------------


def verified(name, secret, der):
    """The PKIResponse in an AuthenticatedData, whose MAC is checked."""
    kind, content = layer(der)
    assert kind == AUTHENTICATED
    _, _, recipients, mac_algorithm, _, encap, attributes, mac = content.parts
    assert mac_algorithm[0].oid() == HMAC_SHA256
    _, derivation, wrapping, wrapped = recipients[0].parts
    assert (derivation[0].oid(), wrapping[0].oid()) == (PBKDF2, AES256_WRAP)
    salt, rounds = derivation[1].parts[:2]
    kek = hashlib.pbkdf2_hmac("sha256", (name + secret).encode(), salt.content, rounds.int(), 32)
    covered = retag(0x31, attributes.whole)
    right = hmac.new(unwrap(kek, wrapped.content), covered, "sha256").digest()
    assert hmac.compare_digest(right, mac.content)
    assert encap[0].oid() == craft.PKIRESPONSE
    response = encap[1][0].content
    assert octets(hashlib.sha256(response).digest()) in covered
    return response


def test_authenticated_data_of_others(world):
    secret_of(world, "written")
    body = craft.pkidata([craft.transaction_id(1, 5), craft.sender_nonce(2),
                          craft.control(3, 2, utf8("written"))],
                         [craft.tcr(10, craft.csr(world.key, "written"))])
    _, answer = world.server.post("/secret", authenticated("written", SECRET, body))
    response = verified("written", SECRET, answer)
    assert oid(craft.CMC + "25") in response
    assert craft.public_key(world.key) in answer


def test_secret_before_identifier_is_wrong(world):
    """Section 6.2.3 has the other order; here it must not do."""
    secret_of(world, "order")
    body = craft.pkidata([craft.control(3, 2, utf8("order"))],
                         [craft.tcr(10, craft.csr(world.key, "order"))])
    _, answer = world.server.post("/secret", authenticated(SECRET, "order", body))
    assert craft.Answer(answer).statuses[0][:2] == ("failed", "badMessageCheck")


# -- configuration --------------------------------------------------------------------------


@keystore.files_only
def test_certificate_that_nobody_can_encrypt_to(world):
    conf = world.server.home / "wrong.yaml"
    conf.write_text(world.server.conf.read_text().replace(
        "certificate: encryption.crt, key: encryption.key",
        "certificate: tls.crt, key: tls.key"))
    done = run(CMCD, "check-config", conf, ok=None)
    assert done.returncode != 0
    assert "keyEncipherment" in done.stdout.decode() + done.stderr.decode()
