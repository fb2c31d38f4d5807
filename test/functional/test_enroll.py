# SPDX-License-Identifier: Apache-2.0
"""Enrolment end to end: every kind of key, in every form of request, answered in every form."""
import os
import subprocess
import time

import pytest

import craft
from authority import CMC, run

KINDS = {
    "rsa2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa3072": ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "rsa4096": ["RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "ed25519": ["ed25519"], "ed448": ["ed448"],
}
ANSWERS = {
    "cmc": "application/pkcs7-mime; smime-type=CMC-response",
    "certs-only": "application/pkcs7-mime; smime-type=certs-only",
    "pkix-cert": "application/pkix-cert",
}
MADE = {}


def openssl_csr(world, kind):
    """(key, CSR in PEM) made by openssl req: a key of each kind, and a new CSR each time, because
    the same bare PKCS#10 again would get the answer that it got before."""
    if kind not in MADE:
        MADE[kind] = world.fresh("key")
        craft.openssl("genpkey", "-algorithm", *KINDS[kind], "-out", MADE[kind])
    request = world.fresh("csr")
    craft.openssl("req", "-new", "-key", MADE[kind], "-out", request, "-subj",
                  "/O=Example/OU=%d/CN=%s.example" % (world.n, kind), "-addext",
                  "subjectAltName=DNS:%s.example" % kind)
    return MADE[kind], request


def certificates(body, form):
    if form == "pkix-cert":
        return [craft.Cert(body)]
    return craft.Answer(body).certs


def check_certificate(world, cert, key, cn):
    """The right key, name and extensions; openssl accepts it."""
    assert cert.spki == craft.public_key(key)
    assert cert.issuer == world.server.ca.subject
    assert len(cert.serial) == 20 and cert.serial[0] < 0x80, "serial numbers are 20 octets"
    person = world.save(cn, key, cert.der)
    text = craft.openssl("x509", "-in", person.pem, "-noout", "-text").decode()
    assert cn in text
    assert "http://crl.example/ca.crl" in text, "no CRL distribution point"
    good, words = world.server.openssl_verify(person.pem, world.folder)
    assert good, words
    return person


# [10002-3.1-c, 10002-3.1-u1, 10002-3.2-a, 10003-6-a, 10003-6.2-a, 10003-6.2-b, 10004-5-b,
# 10004-5-c, 10004-5-d, 10004-5-e, 10004-5-f, 10004-5-g, 10004-5-j, 10002-3.2.2-u3]
@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("request_form", ["pkcs10", "cmc-pkcs10", "cmc-crmf"])
@pytest.mark.parametrize("kind", KINDS)
def test_matrix(world, kind, request_form, form):
    """CSRs of openssl req bare over TLS and in CMC; CRMF made with the same keys."""
    key, request = openssl_csr(world, kind)
    server, accept = world.server, {"Accept": ANSWERS[form]}
    der = craft.openssl("req", "-in", request, "-outform", "DER")
    if request_form == "pkcs10":
        headers, body = server.post("/cmc" if form == "cmc" else "/pkcs10", der,
                                    "application/pkcs10", headers=accept, tls=world.officer)
    else:
        part = (craft.tcr(10, der) if request_form == "cmc-pkcs10" else
                craft.crm(craft.crmf(key, 10, cn="%s.example" % kind)))
        data = craft.pkidata([craft.transaction_id(1, hash((kind, form)) & 0xffffff),
                              craft.sender_nonce(2, os.urandom(16))], [part])
        headers, body = server.post("/cmc", craft.message(data, world.officer.cert,
                                                          world.officer.key), headers=accept)
    if form == "cmc" and request_form == "pkcs10":
        assert craft.Answer(body).full
    assert headers["content-type"].lower().startswith(ANSWERS[form].lower())
    mine = [c for c in certificates(body, form) if c.spki == craft.public_key(key)]
    assert len(mine) == 1
    if form == "cmc":
        assert [s[:3] for s in craft.Answer(body).statuses] == [
            ("success", None, [1 if request_form == "pkcs10" else 10])]
        craft.verify_answer(body, server.ca_pem)
    check_certificate(world, mine[0], key, "%s.example" % kind)


# [10003-6.1-a, 10003-6.1-b, 10003-6-u1, 10003-6-u2, 10003-6-b, 10004-5-b, 10004-5-c, 10004-5-d,
# 10004-5-f, 10004-5-j, 10002-3.2-u1, 10003-6.1-u1]
@pytest.mark.parametrize("form", ["cmc", "certs-only", "pkix-cert"])
@pytest.mark.parametrize("how", ["officer", "simple", "crmf"])
@pytest.mark.parametrize("kind", ["rsa:2048", "ec:P-256", "ed25519"])
def test_cmc_enroll(world, kind, how, form):
    """The same by cmc enroll, which makes key and request and checks the answer."""
    key, cert, chain = world.fresh("key"), world.fresh("crt"), world.fresh("chain")
    server = world.server
    args = [CMC, "enroll", "--new-key", kind, "--key-out", key, "-s", "CN=tool.example", "--san",
            "DNS:tool.example", "-T", server.ca_pem, "-a", form, "-o", cert, "--chain-out", chain]
    if how == "simple":
        args += ["--simple", "-u", server.tls_url + "/cmc", "--tls-ca", server.ca_pem,
                 "--tls-cert", world.officer.pem, "--tls-key", world.officer.key]
    else:
        args += ["-u", server.url + "/cmc", "--officer-cert", world.officer.pem,
                 "--officer-key", world.officer.key]
        args += ["--form", "crmf"] if how == "crmf" else []
    run(*args)
    assert os.stat(key).st_mode & 0o777 == 0o600
    person = world.person("tool", key, cert)
    check_certificate(world, person.cert, key, "tool.example")
    assert craft.pem_to_der(chain) == server.ca.der


# [10002-3.2-b, 10002-3.2-c, 10002-3.2-d, 10002-3.2-u2]
def test_self_signed_request(world):
    """Where no officer is needed, the key that is certified signs the message (RFC 10002 3.2)."""
    key, cert = world.fresh("key"), world.fresh("crt")
    run(CMC, "enroll", "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=self", "--ski", "--self",
        "-u", world.server.url + "/open", "-T", world.server.ca_pem, "-a", "cmc", "-o", cert)
    assert world.person("self", key, cert).cert.spki == craft.public_key(key)


# [10003-6.1-u1, 10003-6.2-u1, 10003-6.2-b]
def test_curl_alone(world):
    """curl and openssl, nothing of ours, over TLS with the officer's client certificate."""
    key, request = openssl_csr(world, "p256")
    der, answer = world.fresh("p10"), world.fresh("p7c")
    craft.openssl("req", "-in", request, "-outform", "DER", "-out", der)
    done = run("curl", "-sS", "--fail", "--cacert", world.server.ca_pem, "--cert",
               world.officer.pem, "--key", world.officer.key, "-H",
               "Content-Type: application/pkcs10", "--data-binary", "@%s" % der, "-o", answer,
               "-w", "%{http_code} %{content_type}", world.server.tls_url + "/pkcs10")
    assert done.stdout.decode().startswith("200 application/pkcs7-mime; smime-type=certs-only")
    pem = craft.openssl("pkcs7", "-inform", "DER", "-in", answer, "-print_certs")
    assert b"CN = p256.example" in pem or b"CN=p256.example" in pem


# [10002-4.1-c]
def test_chain_form(world):
    """certs-only with the issuer's chain."""
    _, body = world.server.post("/chain", craft.message(
        craft.pkidata([craft.sender_nonce(2, os.urandom(16))], [craft.tcr(10, world.csr)]),
        world.officer.cert, world.officer.key))
    got = craft.Answer(body)
    assert not got.full
    assert {c.der for c in got.certs} >= {world.server.ca.der} and len(got.certs) == 2


# [10002-3.2.2-u3]
def test_two_requests_in_one_message(world):
    one, two = craft.new_key(world.fresh("key")), craft.new_key(world.fresh("key"))
    data = craft.pkidata([craft.sender_nonce(1, os.urandom(16))],
                         [craft.tcr(5, craft.csr(one, "one")), craft.crm(craft.crmf(two, 6, "two"))])
    _, body = world.server.post("/cmc", craft.message(data, world.officer.cert, world.officer.key))
    got = craft.Answer(body)
    assert [s[:3] for s in got.statuses] == [("success", None, [5, 6])]
    assert {craft.public_key(one), craft.public_key(two)} <= {c.spki for c in got.certs}


# [10002-6.4-a, 10002-6.4-u1, 10004-5.2-j]
def test_data_return(world):
    """RFC 10002 section 6.4: given back unchanged, and in a Full Response."""
    data = craft.pkidata([craft.control(1, 4, craft.octets(b"\0any\xffthing"))],
                         [craft.tcr(10, world.csr)])
    _, body = world.server.post("/cmc", craft.message(data, world.officer.cert, world.officer.key))
    assert craft.Answer(body).control(4).content == b"\0any\xffthing"


def test_signer_by_ski(world):
    """subjectKeyIdentifier names the officer's certificate as well."""
    from der import tlv
    data = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
    _, body = world.server.post("/cmc", craft.message(
        data, world.officer.cert, world.officer.key, sid=tlv(0x80, world.officer.cert.ski())))
    assert craft.Answer(body).statuses[0][0] == "success"


def test_ber_is_read(world):
    """Indefinite lengths and strings in parts, as other programs stream them."""
    body = world.folder / "streamed"
    body.write_bytes(craft.pkidata([craft.sender_nonce(1, os.urandom(16))],
                                   [craft.tcr(10, world.csr)]))
    ber = craft.openssl("cms", "-sign", "-binary", "-nodetach", "-stream", "-econtent_type",
                        craft.PKIDATA, "-in", body, "-signer", world.officer.pem, "-inkey",
                        world.officer.key, "-outform", "DER")
    assert b"\x30\x80" in ber[:2]
    _, answer = world.server.post("/cmc", ber)
    assert craft.Answer(answer).statuses[0][:3] == ("success", None, [10])


@pytest.mark.parametrize("type", [
    "application/pkcs7-mime; smime-type=CMC-Request", "application/pkcs7-mime;smime-type=cmc-request",
    "APPLICATION/PKCS7-MIME; SMIME-TYPE=CMC-REQUEST; name=smime.p7m", "application/pkcs7-mime",
    'application/pkcs7-mime; name="x.p7m"; smime-type="CMC-request"'])
# [10003-6.1-a]
def test_media_types(world, type):
    """smime-type without regard to case, with and without name (RFC 10003 section 3)."""
    data = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
    _, answer = world.server.post("/cmc", craft.message(data, world.officer.cert,
                                                        world.officer.key), type)
    assert craft.Answer(answer).statuses[0][0] == "success"


# [10002-6.1-c, 10002-6.1-d, 10004-5.2-b]
def test_status_v1_beside_v2(world):
    data = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
    _, answer = world.server.post("/v1", craft.message(data, world.officer.cert,
                                                       world.officer.key))
    got = craft.Answer(answer)
    old = got.control(1)
    assert old[0].int() == 0 and [p.int() for p in old[1].parts] == [10]
    assert got.statuses[0][:3] == ("success", None, [10])


# [10002-3.2-u5, 10002-6.3-b, 10002-6.3.3-u1, 10002-6.3.3-u2]
def test_renewal(world):
    """The holder of a certificate gets a new one for a new key, without an officer."""
    old = world.issue("renewal.example", extensions=[craft.extension(
        "2.5.29.17", craft.seq(b"\x82\x0frenewal.example"))])
    key, cert = world.fresh("key"), world.fresh("crt")
    run(CMC, "enroll", "--renew", old.pem, "--renew-key", old.key, "--new-key", "ec:P-384",
        "--key-out", key, "-u", world.server.url + "/cmc", "-T", world.server.ca_pem, "-o", cert)
    new = world.person("renewed", key, cert)
    assert new.cert.subject == old.cert.subject and new.cert.serial != old.cert.serial
    assert new.cert.extensions["2.5.29.17"] == old.cert.extensions["2.5.29.17"]
    assert new.cert.spki == craft.public_key(key)
    good, words = world.server.openssl_verify(cert, world.folder)
    assert good, words


def test_renewal_with_the_same_key(world):
    """Only where the endpoint allows it; test_bad_inputs has the refusal."""
    old, cert = world.issue("same key"), world.fresh("crt")
    run(CMC, "enroll", "--renew", old.pem, "--renew-key", old.key, "-u",
        world.server.url + "/samekey", "-T", world.server.ca_pem, "-o", cert)
    assert world.person("renewed", old.key, cert).cert.spki == old.cert.spki


def test_enroll_is_quick(world):
    """cmc enroll against a running server in under 50 ms: the best of ten whole runs, process
    start and key generation included."""
    took = []
    for _ in range(10):
        key, cert = world.fresh("key"), world.fresh("crt")
        begun = time.perf_counter()
        run(CMC, "enroll", "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=quick", "-u",
            world.server.url + "/cmc", "-T", world.server.ca_pem, "--officer-cert",
            world.officer.pem, "--officer-key", world.officer.key, "-o", cert)
        took.append(time.perf_counter() - begun)
    if os.environ.get("CHANCERY_SLOW"):
        pytest.skip("timing means nothing here: CHANCERY_SLOW is set")
    assert min(took) < 0.050, ["%.0f ms" % (t * 1000) for t in took]


@pytest.mark.parametrize("change", ["nonce", "trust", "key"])
def test_the_client_does_not_believe_everything(world, change):
    """A wrong trust anchor, or an answer to somebody else's request, is refused."""
    key, cert = world.fresh("key"), world.fresh("crt")
    common = ["--new-key", "ec:P-256", "--key-out", key, "-s", "CN=c", "-o", cert]
    if change == "trust":
        done = run(CMC, "enroll", *common, "-u", world.server.url + "/cmc", "-T",
                   world.stranger.pem, "--officer-cert", world.officer.pem, "--officer-key",
                   world.officer.key, ok=None)
    else:
        # A server that gives every request the answer to another one.
        import http.server
        import threading
        nonce = craft.sender_nonce(2, os.urandom(16)) if change == "nonce" else b""
        _, other = world.server.post("/cmc", craft.message(
            craft.pkidata([nonce], [craft.tcr(10, world.csr)]), world.officer.cert,
            world.officer.key), headers={"Accept": ANSWERS["cmc" if change == "nonce" else
                                                           "certs-only"]})

        class Other(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", ANSWERS["cmc" if change == "nonce" else
                                                         "certs-only"])
                self.send_header("Content-Length", str(len(other)))
                self.end_headers()
                self.wfile.write(other)

            def log_message(self, *args):
                pass

        fake = http.server.HTTPServer(("127.0.0.1", 0), Other)
        threading.Thread(target=fake.serve_forever, daemon=True).start()
        done = run(CMC, "enroll", *common, "-u", "http://127.0.0.1:%d/" % fake.server_port, "-T",
                   world.server.ca_pem, "--officer-cert", world.officer.pem, "--officer-key",
                   world.officer.key, ok=None)
        fake.shutdown()
        fake.server_close()
    assert done.returncode == (1 if change == "key" else 6), done.stderr
    assert not cert.exists()
    words = {"nonce": b"once", "trust": b"trust", "key": b"key"}[change]
    assert words in done.stderr, done.stderr
