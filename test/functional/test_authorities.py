# SPDX-License-Identifier: Apache-2.0
"""Several authorities in one cmcd: each has its own name, chain, CRL and OCSP, and none does
anything with what another one issued."""
import base64
import json
import subprocess
import urllib.parse

import pytest

import craft
from authority import CMC, CMCD, Server, World, run
from der import ctx, seq

TWO = """\
database: {database}
workers: 2
status: /status
authorities:
  - name: one
    certificate: {ca}
    key: {ca_key}
    crl: {{path: /ca.crl, url: "http://crl.example/ca.crl", hours: 24}}
    certificate-path: /ca.crt
    chain-path: /ca.p7c
    officers: {{trust: [ca.crt, ../two/ca.crt]}}
    ocsp: {{path: /ocsp, certificate: ocsp.crt, key: ocsp.key}}
  - name: two
    certificate: ../two/ca.crt
    key: ../two/ca.key
    crl: {{path: /two.crl, url: "http://crl.example/two.crl", hours: 24}}
    certificate-path: /two.crt
    chain-path: /two.p7c
    responder: {{certificate: ../two/responder.crt, key: ../two/responder.key}}
    officers: {{trust: [ca.crt, ../two/ca.crt]}}
    ocsp: {{path: /ocsp/two, certificate: ../two/ocsp.crt, key: ../two/ocsp.key}}
responder: {{certificate: {responder}, key: {responder_key}}}
secrets: {{key: secrets.key}}
listen:
  - {{address: 127.0.0.1, port: 0}}
  - address: 127.0.0.1
    port: 0
    tls: {{certificate: {tls}, key: {tls_key}, client: optional}}
profiles:
  - name: client
    days: 90
    extensions:
      - {{name: basicConstraints, value: "critical,CA:FALSE"}}
      - {{name: keyUsage, value: "critical,digitalSignature"}}
endpoints:
  - {{path: /cmc, accept: [cmc, pkcs10], answer: [cmc, certs-only-chain], profile: client,
     officer: required, renewal: true, revoke: {{allow: true}}, secrets: true}}
  - {{path: /two, authority: two, accept: [cmc, pkcs10], answer: [cmc, certs-only-chain],
     profile: client, officer: required, renewal: true, revoke: {{allow: true}}, secrets: true}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authorities")
    run(CMCD, "init", folder / "two", "--name", "CN=The Second CA")
    server = Server(folder, TWO)
    server.two = craft.Cert(craft.pem_to_der(folder / "two" / "ca.crt"))
    server.two_pem = folder / "two" / "ca.crt"
    server.start()
    yield World(folder, server)
    server.close()


def told(world, path, who, *controls):
    """The status that a message of controls gets: (status, failInfo)."""
    body = craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2), *controls])
    _, answer = world.server.post(path, craft.message(body, who.cert, who.key))
    return craft.Answer(answer).statuses[0][:2]


def get_cert(part, person):
    return craft.control(part, 15, seq(ctx(4, person.issuer), person.serial_der))


def ocsp(world, person, ca, path):
    done = subprocess.run(["openssl", "ocsp", "-issuer", ca, "-cert", person.pem, "-CAfile", ca,
                           "-url", world.server.url + path], capture_output=True, text=True)
    return done.stdout + done.stderr


# -- each is an authority of its own

def test_each_issues_under_its_own_name(world):
    one, two = world.issue("of one"), world.issue("of two", "/two")
    assert one.issuer == world.server.ca.subject != two.issuer == world.server.two.subject
    run("openssl", "verify", "-CAfile", world.server.ca_pem, one.pem)
    run("openssl", "verify", "-CAfile", world.server.two_pem, two.pem)
    text = craft.openssl("x509", "-in", two.pem, "-noout", "-ext", "crlDistributionPoints")
    assert b"http://crl.example/two.crl" in text


def test_certificates_and_chains(world):
    assert world.server.request("GET", "/ca.crt")[2] == world.server.ca.der
    assert world.server.request("GET", "/two.crt")[2] == world.server.two.der
    assert [c.der for c in craft.Answer(world.server.request("GET", "/two.p7c")[2]).certs] == [
        world.server.two.der]
    _, body = world.server.post("/two", craft.openssl(
        "req", "-new", "-key", world.key, "-subj", "/CN=bare", "-outform", "DER"),
        "application/pkcs10", tls=world.officer)
    assert world.server.two.der in [c.der for c in craft.Answer(body).certs]


def test_crls(world):
    person = world.issue("revoked by two", "/two")
    assert world.revoke(person, path="/two").statuses[0][0] == "success"
    ours = {}
    for path, pem in (("/ca.crl", world.server.ca_pem), ("/two.crl", world.server.two_pem)):
        der = world.server.request("GET", path)[2]
        ours[path] = craft.openssl("crl", "-inform", "DER", "-CAfile", pem, "-noout", "-text",
                                   data=der).decode()
    serial = person.cert.serial.hex().upper()
    assert serial in ours["/two.crl"] and serial not in ours["/ca.crl"]


def test_ocsp(world):
    one, two = world.issue("asked of one"), world.issue("asked of two", "/two")
    assert ": good" in ocsp(world, one, world.server.ca_pem, "/ocsp")
    assert ": good" in ocsp(world, two, world.server.two_pem, "/ocsp/two")
    assert "unauthorized" in ocsp(world, two, world.server.two_pem, "/ocsp")
    # Its path begins with the other's: a GET goes to the longer.
    request = craft.openssl("ocsp", "-issuer", world.server.two_pem, "-cert", two.pem, "-reqout",
                            "/dev/stdout", "-no_nonce")
    path = "/ocsp/two/" + urllib.parse.quote(base64.b64encode(request).decode(), safe="")
    status, headers, body = world.server.request("GET", path)
    assert status == 200 and headers["content-type"] == "application/ocsp-response"
    assert craft.openssl("ocsp", "-respin", "/dev/stdin", "-noverify", "-resp_text",
                         data=body).count(b"Cert Status: good") == 1


def test_the_client_trusts_one_of_them(world):
    key, out = world.fresh("key"), world.fresh("crt")
    how = ["enroll", "-u", world.server.url + "/two", "--new-key", "ec:P-256", "--key-out", key,
           "-s", "CN=by the client", "-o", out, "--officer-cert", world.officer.pem,
           "--officer-key", world.officer.key]
    run(CMC, *how, "-T", world.server.two_pem)
    run("openssl", "verify", "-CAfile", world.server.two_pem, out)


# -- and does nothing with what is another's

def test_no_revocation(world):
    person = world.issue("safe", "/two")
    assert told(world, "/cmc", world.officer, craft.revoke_request(
        10, person.issuer, person.serial_der)) == ("failed", "badCertId")
    assert ": good" in ocsp(world, person, world.server.two_pem, "/ocsp/two")


def test_no_retrieval(world):
    person = world.issue("asked for", "/two")
    assert told(world, "/cmc", world.officer, get_cert(10, person)) == ("failed", "badCertId")
    body = craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2), get_cert(10, person)])
    _, answer = world.server.post("/two", craft.message(body, world.officer.cert,
                                                        world.officer.key))
    assert person.cert.der in [c.der for c in craft.Answer(answer).certs]


def test_no_crl_of_another(world):
    ask = craft.control(10, 16, seq(world.server.two.subject))
    assert told(world, "/cmc", world.officer, ask) == ("failed", "badCertId")


def test_a_holder_is_one_where_the_certificate_is_from(world):
    """Both trust the officers of either, but a holder of the one is nobody to the other."""
    holder = world.issue("holder of two", "/two")
    request = craft.tcr(10, craft.csr(world.key, "holder of two"))
    for path, expected in (("/cmc", ("failed", "badIdentity")), ("/two", ("success", None))):
        body = craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2)], [request])
        _, answer = world.server.post(path, craft.message(body, holder.cert, holder.key))
        assert craft.Answer(answer).statuses[0][:2] == expected


def test_an_officer_who_was_revoked_by_another(world):
    """An officer with a certificate of the second may enrol at the first, until that is revoked."""
    officer = world.register(world.issue("officer of two", "/two"), "enroll")
    request = craft.tcr(10, craft.csr(craft.new_key(world.fresh("key")), "by an officer of two"))

    def ask(n):
        body = craft.pkidata([craft.transaction_id(1, n), craft.sender_nonce(2, b"%08d" % n)], [request])
        _, answer = world.server.post("/cmc", craft.message(body, officer.cert, officer.key))
        return craft.Answer(answer).statuses[0][:2]

    assert ask(1) == ("success", None)
    world.revoke(officer, path="/two")
    assert ask(2) == ("failed", "badIdentity")


def test_the_same_message_at_both(world):
    """Two endpoints, two answers; each its own again when it comes again."""
    body = craft.message(craft.pkidata(
        [craft.transaction_id(1, 77), craft.sender_nonce(2, b"87654321")],
        [craft.tcr(10, craft.csr(world.key, "twice"))]), world.officer.cert, world.officer.key)
    first = world.server.post("/cmc", body)[1]
    assert world.server.post("/cmc", body)[1] == first
    # The nonce was used by its sender.
    assert craft.Answer(world.server.post("/two", body)[1]).statuses[0][:2] == (
        "failed", "badRequest")


# -- commands

def cmcd(world, *args, ok=True):
    done = world.server.cmcd(*args, ok=ok)
    return done.stdout.decode() + done.stderr.decode()


def test_commands_name_one(world):
    person = world.issue("by command", "/two")
    serial = person.cert.serial.hex()
    assert "no certificate has this issuer" in cmcd(world, "cert", "show", serial, ok=1)
    assert "state: valid" in cmcd(world, "cert", "show", serial, "--authority", "two")
    assert "has issued no certificate" in cmcd(world, "revoke", serial, "--reason", "superseded",
                                               ok=1)
    assert "revoked" in cmcd(world, "revoke", serial, "--reason", "superseded", "--authority",
                             "two")
    assert "no authority 'twoo'; did you mean 'two'?" in cmcd(
        world, "revoke", serial, "--reason", "superseded", "--authority", "twoo", ok=2)
    assert serial in cmcd(world, "cert", "list", "by command")


def test_profile_test(world):
    csr = world.fresh("csr")
    csr.write_bytes(craft.csr(world.key))
    for name, cn in (("one", None), ("two", "The Second CA")):
        words = cmcd(world, "profile", "test", "client", csr, "--authority", name)
        assert ("The Second CA" in words) == (cn is not None)


def test_a_secret_that_revokes(world):
    person = world.issue("by passphrase", "/two")
    serial = person.cert.serial.hex()
    cmcd(world, "secret", "add", "wrong", "--make", "--serial", serial, ok=1)
    word = cmcd(world, "secret", "add", "right", "--make", "--serial", serial, "--authority",
                "two").strip()

    def revoke(n):
        return craft.revoke_request(n, person.issuer, person.serial_der,
                                    passphrase=word.encode())

    assert told(world, "/cmc", world.officer, revoke(10)) == ("failed", "badCertId")
    assert told(world, "/two", world.officer, revoke(10)) == ("success", None)


def test_check_config_and_doctor(world):
    assert "good, " in cmcd(world, "check-config")
    world.server.request("GET", "/two.crl")
    words = cmcd(world, "doctor")
    assert "two: CRL number" in words and "one: CRL" in words
    other = world.server.home / "same-name.yaml"
    run(CMCD, "init", world.folder / "three", "--name", "CN=The Second CA")
    other.write_text(world.server.conf.read_text().replace(
        "certificate: ca.crt\n    key: ca.key", "certificate: ../three/ca.crt\n"
        "    key: ../three/ca.key"))
    assert "'one' and 'two' have the same subject" in run(
        CMCD, "check-config", other, ok=1).stdout.decode()


def test_the_audit_says_which(world):
    person = world.issue("audited", "/two")
    records = [json.loads(line) for line in cmcd(world, "audit", "export").splitlines()]
    mine = [r for r in records if person.cert.serial.hex() in json.dumps(r)]
    assert mine and json.dumps(mine[-1]).count('"authority": "two"') == 1
    cmcd(world, "audit", "verify")
