# SPDX-License-Identifier: Apache-2.0
"""What a profile says of names, validity, signature, requested extensions, possession and identity,
asked of the real cmcd by the real cmc; and a CA below, from its request to what it issues."""
import datetime

import pytest

import craft
from authority import CMC, CMCD, CONFIG, Server, World, run

PROFILES = """\
  - name: branch
    days: 90
    subject:
      - {{type: C, value: SE}}
      - {{type: O, from: officer}}
      - {{type: CN, pattern: '[a-z0-9.-]+'}}
      - {{type: serialNumber, optional: true}}
    san:
      kinds: [DNS, IP]
      max: 2
      permitted: ["DNS:branch.example", "IP:192.0.2.0/24"]
      from-cn: true
    signature: sha384
  - {{name: dropped, days: 90, subject: [{{type: CN}}], other-names: drop}}
  - {{name: hours, hours: 3, validity-from-request: true}}
  - {{name: fixed-end, not-after: "2035-12-31"}}
  - {{name: endless, no-expiry: true}}
  - name: asked
    days: 90
    extensions:
      - {{name: keyUsage, value: "critical,digitalSignature"}}
      - {{name: extendedKeyUsage, value: "clientAuth"}}
    overridden: [keyUsage]
    refuse: [extendedKeyUsage]
  - {{name: signed, days: 90, pop: signature}}
  - name: challenged
    days: 90
    extensions: [{{name: keyUsage, value: "critical,keyEncipherment"}}]
    pop: challenge
  - {{name: for-officers, days: 90, identity: officer}}
  - {{name: plain, days: 90, from-request: [subjectAltName]}}
  - name: sub
    days: 365
    extensions:
      - {{name: basicConstraints, value: "critical,CA:TRUE"}}
      - {{name: keyUsage, value: "critical,keyCertSign,cRLSign"}}
      - {{name: nameConstraints, value: "critical,permitted;DNS:sub.example,permitted;DNS:localhost"}}
"""
NAMES = ["branch", "dropped", "hours", "fixed-end", "endless", "asked", "signed", "challenged",
         "plain", "sub"]
ENDPOINTS = "".join("  - {{path: /%s, accept: [cmc, pkcs10], answer: [cmc], profile: %s, officer: "
                    "required, renewal: true}}\n" % (n, n) for n in NAMES) + """\
  - {{path: /held, accept: [cmc], answer: [cmc], profile: branch, officer: required, approvals: 1,
     poll: 0}}
  - {{path: /for-officers, accept: [cmc, pkcs10], answer: [cmc], profile: for-officers,
     officer: optional}}
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: plain, officer: optional, secrets: true,
     identity: secret}}
  - {{path: /holder, accept: [cmc], answer: [cmc], profile: plain, officer: optional, renewal: true,
     identity: holder}}
  - {{path: /vouched, accept: [cmc], answer: [cmc], profile: plain, officer: required, ra: [pop],
     pop: vouched}}
"""


def config():
    text = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key}}\nlisten:\n", 1)
    return text.replace("endpoints:\n", PROFILES + "endpoints:\n" + ENDPOINTS, 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    server = Server(folder, config())
    server.start()
    w = World(folder, server)
    key, pem = w.fresh("key"), w.fresh("crt")
    run(CMC, "enroll", "-u", server.url + "/plain", "-T", server.ca_pem, "--officer-cert",
        w.officer.pem, "--officer-key", w.officer.key, "--new-key", "ec:P-256", "--key-out", key,
        "-s", "O=Branch One, CN=clerk", "-o", pem)
    w.clerk = w.register(w.person("clerk", key, pem), "enroll,ra,approve")
    yield w
    server.close()


def enroll(world, path, *args, officer=None, ok=True):
    """(what was said, key file, certificate file)"""
    officer = officer or world.clerk
    key, pem = world.fresh("key"), world.fresh("crt")
    who = () if "--renew" in args or "--self" in args else ("--officer-cert", officer.pem,
                                                            "--officer-key", officer.key)
    new = () if "--csr" in args else ("--key-out", key)
    kind = () if "--new-key" in args or "--csr" in args else ("--new-key", "ec:P-256")
    done = run(CMC, "enroll", "-u", world.server.url + path, "-T", world.server.ca_pem, *who, *new,
               *kind, *args, "-o", pem, ok=ok)
    return (done.stdout + done.stderr).decode(), key, pem


def text(pem, *what):
    return run("openssl", "x509", "-in", pem, "-noout", *(what or ("-text",))).stdout.decode()


def subject(pem):
    return text(pem, "-subject", "-nameopt", "RFC2253,-dn_rev").strip()[len("subject="):]


def days(pem):
    ends = [datetime.datetime.strptime(text(pem, w).split("=")[1].strip(), "%b %d %H:%M:%S %Y GMT")
            for w in ("-startdate", "-enddate")]
    return ends[1] - ends[0]


# -- names and signature ---------------------------------------------------------------------

def test_names_of_profile_and_officer(world):
    _, key, pem = enroll(world, "/branch", "-s", "CN=a.branch.example")
    assert subject(pem) == "C=SE,O=Branch One,CN=a.branch.example"
    whole = text(pem)
    assert "DNS:a.branch.example" in whole and "ecdsa-with-SHA384" in whole
    run("openssl", "verify", "-CAfile", world.server.ca_pem, pem)
    # who has the names may ask for them: a renewal does, and no officer signs it
    _, _, again = enroll(world, "/branch", "--renew", pem, "--renew-key", key)
    assert subject(again) == subject(pem) and text(again, "-serial") != text(pem, "-serial")
    shown = world.server.cmcd("cert", "list").stdout.decode()
    assert "C=SE, O=Branch One, CN=a.branch.example" in shown


@pytest.mark.parametrize("name, asked, rule", [
    ("country", ("-s", "C=NO, CN=a.branch.example"), "other-names"),
    ("unit", ("-s", "OU=x, CN=a.branch.example"), "other-names"),
    ("pattern", ("-s", "CN=A B"), "subject CN"),
    ("none", ("-s", "serialNumber=1"), "subject CN"),
    ("space", ("-s", "CN=a.other.example"), "san permitted"),
    ("wildcard", ("-s", "CN=a", "--san", "DNS:*.branch.example"), "san"),
    ("kind", ("-s", "CN=a.branch.example", "--san", "email:a@branch.example"), "san kinds"),
    ("network", ("-s", "CN=a.branch.example", "--san", "IP:192.0.3.1"), "san permitted"),
    ("number", ("-s", "CN=a.branch.example", "--san", "IP:192.0.2.1,IP:192.0.2.2"), "san max"),
])
def test_names_refused(world, name, asked, rule):
    said, _, _ = enroll(world, "/branch", *asked, ok=1)
    assert "badRequest" in said and "rule " + rule in said, said


def test_officer_without_the_attribute(world):
    said, _, _ = enroll(world, "/branch", "-s", "CN=a.branch.example", officer=world.officer, ok=1)
    assert "badIdentity" in said and "rule subject O" in said


def test_names_of_what_is_held(world):
    """The officer's part is there when the certificate is issued to whoever asks for it later."""
    _, _, pem = enroll(world, "/held", "-s", "CN=h.branch.example", ok=4)
    number = world.server.cmcd("request", "list").stdout.decode().split()[0]
    shown = world.server.cmcd("request", "show", number).stdout.decode()
    assert "C=SE, O=Branch One, CN=h.branch.example" in shown
    world.server.cmcd("request", "approve", number, "--as", "boss")
    run(CMC, "poll", str(pem) + ".pending")
    assert subject(pem) == "C=SE,O=Branch One,CN=h.branch.example"
    assert "DNS:h.branch.example" in text(pem)


def test_names_dropped(world):
    _, _, pem = enroll(world, "/dropped", "-s", "C=NO, O=Else, CN=a")
    assert subject(pem) == "CN=a"


def test_lint_refuses_names(world):
    """RFC 5280 alone, without a rule of the profile's own."""
    for asked, rule in ((("-s", "C=S1"), "name-country"), (("-s", "CN=" + 65 * "x"), "name-bounds"),
                        (("-s", "CN=a", "--san", "DNS:a_b"), "san-dns"),
                        (("-s", "CN=a", "--san", "URI:x"), "san-uri")):
        said, _, _ = enroll(world, "/plain", *asked, ok=1)
        assert rule in said and "badRequest" in said, said


# -- validity --------------------------------------------------------------------------------

def utc(seconds):
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime(
        "%y%m%d%H%M%SZ")


def by_crmf(world, path, validity):
    body = craft.pkidata([craft.transaction_id(1, world.n), craft.sender_nonce(2)], [
        craft.crm(craft.crmf(world.key, 10, "validity", validity=validity))])
    world.n += 1
    answer = world.server.post(path, craft.message(body, world.clerk.cert, world.clerk.key))[1]
    got = craft.Answer(answer)
    mine = [c for c in got.certs if c.spki == craft.public_key(world.key)]
    return (world.save("validity", world.key, mine[0].der).pem if mine else None), got


def test_validity(world):
    _, _, pem = enroll(world, "/hours", "-s", "CN=a")
    assert days(pem) == datetime.timedelta(hours=3, seconds=-1)
    _, _, pem = enroll(world, "/fixed-end", "-s", "CN=a")
    assert "2035" in text(pem, "-enddate") and "Dec 31 23:59:59" in text(pem, "-enddate")
    _, _, pem = enroll(world, "/endless", "-s", "CN=a")
    assert "Dec 31 23:59:59 9999" in text(pem, "-enddate")
    pem, _ = by_crmf(world, "/hours", (utc(600), utc(1200)))
    assert days(pem) == datetime.timedelta(seconds=600)
    pem, _ = by_crmf(world, "/hours", (None, utc(600)))
    assert days(pem) <= datetime.timedelta(seconds=905)
    for wrong in ((utc(-3600), None), (None, utc(4 * 3600)), (utc(1200), utc(600))):
        pem, got = by_crmf(world, "/hours", wrong)
        assert pem is None and got.statuses[0][0] == "failed", got.statuses
    # where it is not the requester's to say, it is not looked at
    pem, _ = by_crmf(world, "/plain", (utc(600), utc(1200)))
    assert days(pem) > datetime.timedelta(days=89)


# -- what is asked for -----------------------------------------------------------------------

def test_extensions_asked_for(world):
    _, _, pem = enroll(world, "/asked", "-s", "CN=a", "--key-usage", "keyAgreement")
    assert "Digital Signature" in text(pem) and "Agreement" not in text(pem)
    said, _, _ = enroll(world, "/asked", "-s", "CN=a", "--eku", "clientAuth", ok=1)
    assert "unsupportedExt" in said and "may not be asked for" in said


def test_possession(world):
    said, _, _ = enroll(world, "/signed", "-s", "CN=a", "--new-key", "rsa:2048", "--no-signature",
                        ok=1)
    assert "popRequired" in said and "rule pop" in said
    enroll(world, "/signed", "-s", "CN=a")
    said, _, _ = enroll(world, "/challenged", "-s", "CN=a", "--new-key", "rsa:2048", ok=1)
    assert "popRequired" in said and "rule pop" in said
    enroll(world, "/challenged", "-s", "CN=a", "--new-key", "rsa:2048", "--no-signature")
    said, _, _ = enroll(world, "/vouched", "-s", "CN=a", ok=1)
    assert "popRequired" in said and "registration authority" in said


def test_identity(world):
    enroll(world, "/for-officers", "-s", "CN=a")
    said, key, pem = enroll(world, "/plain", "-s", "CN=holder")
    for path, who in (("/secret", "shared secret"), ("/holder", "renewals")):
        said, _, _ = enroll(world, path, "-s", "CN=a", ok=1)
        assert "badIdentity" in said and "rule identity" in said and who in said, said
    said, _, _ = enroll(world, "/for-officers", "--renew", pem, "--renew-key", key, ok=1)
    assert "badIdentity" in said and "rule identity" in said
    enroll(world, "/holder", "--renew", pem, "--renew-key", key)
    # nothing but a renewal, though no officer is needed here
    said, _, _ = enroll(world, "/holder", "--renew", pem, "--renew-key", key, "-s", "CN=else", ok=None)
    assert "CN=else" not in said
    status, _, body = world.server.request("POST", "/for-officers", world.csr, "application/pkcs10")
    assert status == 200 and craft.Answer(body).statuses[0][0] == "failed"
    secret = world.fresh("secret")
    secret.write_text("a secret of more than enough\n")
    world.server.cmcd("secret", "add", "visitor", "--file", secret)
    enroll(world, "/secret", "-s", "CN=visitor", "--self", "--identification", "visitor",
           "--secret-file", secret)


@pytest.mark.parametrize("endpoint, says", [
    ("pop: vouched", "needs 'ra: [pop]'"),
    ("identity: secret", "needs 'secrets: true'"),
    ("identity: holder", "needs 'renewal: true'"),
    ("pop: challenge", "cannot both be met"),
])
def test_demands_that_nobody_meets(world, endpoint, says):
    bad = world.server.home / "bad.yaml"
    bad.write_text(world.server.conf.read_text() + "  - {path: /bad, accept: [cmc], answer: [cmc], "
                   "profile: signed, officer: required, %s}\n" % endpoint)
    if endpoint == "pop: vouched":
        bad.write_text(bad.read_text().replace("profile: signed, officer: required, pop: vouched",
                                               "profile: plain, officer: required, pop: vouched"))
    done = run(CMCD, "check-config", bad, ok=1)
    assert says in (done.stdout + done.stderr).decode()


# -- said before -----------------------------------------------------------------------------

def test_profile_test(world):
    key = world.key
    for form in ("pkcs10", "crmf"):
        request = world.fresh("csr")
        run(CMC, "csr", "-k", key, "-s", "CN=t.branch.example", "--form", form, "-o", request)
        shown = world.server.cmcd("profile", "test", "branch", request, "--officer",
                                  world.clerk.pem).stdout.decode()
        assert "O=Branch One, CN=t.branch.example" in shown and "ecdsa-with-SHA384" in shown, shown
    # a whole message says by itself who signs
    message = world.fresh("cmc")
    run(CMC, "request", "--signer-cert", world.clerk.pem, "--signer-key", world.clerk.key, "-o",
        message, request)
    shown = world.server.cmcd("profile", "test", "branch", message).stdout.decode()
    assert "O=Branch One, CN=t.branch.example" in shown
    said = world.server.cmcd("profile", "test", "branch", request, ok=1).stderr.decode()
    assert "badIdentity" in said and "rule subject O" in said
    # each rule that refuses
    run(CMC, "csr", "-k", key, "-s", "C=NO, CN=a", "--san", "DNS:*.x.example", "-o", request)
    done = world.server.cmcd("profile", "test", "branch", request, "--officer", world.clerk.pem, ok=1)
    rows = [r for r in done.stdout.decode().splitlines() if r.startswith("refused: ")]
    assert any("rule other-names" in r for r in rows) and any("rule san" in r for r in rows), rows
    shown = world.server.cmcd("profile", "test", "endless", request).stdout.decode()
    assert "9999-12-31" in shown
    junk = world.fresh("csr")
    junk.write_bytes(b"\x30\x00")
    world.server.cmcd("profile", "test", "branch", junk, ok=1)


def test_check_config_lints(world):
    bad = world.server.home / "lint.yaml"
    good = world.server.conf.read_text()
    bad.write_text(good.replace('"critical,CA:TRUE"', '"CA:TRUE"'))
    said = run(CMCD, "check-config", bad, ok=1).stdout.decode()
    assert "profile sub: basicConstraints of a CA is not critical (rule ca-critical)" in said
    bad.write_text(good.replace('"critical,keyEncipherment"', '"keyEncipherment"'))
    said = run(CMCD, "check-config", bad).stdout.decode()
    assert "warning: profile challenged: keyUsage is not critical (rule usage-critical" in said
    bad.write_text(good.replace("signature: sha384", "signature: rsa-pss-sha256"))
    said = run(CMCD, "check-config", bad, ok=1).stdout.decode()
    assert "the key of the CA does not sign with rsa-pss-sha256" in said


# -- a CA below ------------------------------------------------------------------------------

def test_sub_ca(world, tmp_path):
    """Its certificate, its cmcd, and what that issues; its name constraints hold there."""
    _, key, pem = enroll(world, "/sub", "-s", "O=Below, CN=Sub CA")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(world.server.ca_pem.read_bytes())
    home = tmp_path / "sub"
    run(CMCD, "init", home, "--ca-cert", pem, "--ca-key", key, "--ca-chain", chain, "--host",
        "localhost")
    below = Server.__new__(Server)
    below.folder, below.process, below.home = tmp_path, None, home
    below.log = open(tmp_path / "log", "ab")
    below.ports = tmp_path / "ports"
    below.conf = home / "cmcd.yaml"
    below.conf.write_text(below.conf.read_text().replace("port: 8080", "port: 0").replace(
        "port: 8443", "port: 0"))
    below.start()
    try:
        leaf = tmp_path / "leaf.crt"
        who = ["-T", world.server.ca_pem, "--officer-cert", home / "officer.crt", "--officer-key",
               home / "officer.key", "--new-key", "ec:P-256"]
        run(CMC, "enroll", "-u", below.url + "/cmc", *who, "--key-out", tmp_path / "leaf.key", "-s",
            "CN=a.sub.example", "--san", "DNS:a.sub.example", "-o", leaf)
        run("openssl", "verify", "-x509_strict", "-CAfile", world.server.ca_pem, "-untrusted", pem,
            leaf)
        done = run(CMC, "enroll", "-u", below.url + "/cmc", *who, "--key-out",
                   tmp_path / "no.key", "-s", "CN=a", "--san", "DNS:a.other.example", "-o",
                   tmp_path / "no.crt", ok=1)
        assert "rule issuer-constraints" in (done.stdout + done.stderr).decode()
    finally:
        below.close()
