# SPDX-License-Identifier: Apache-2.0
"""cmc get: certificates and CRLs from cmcd, looked at by openssl; and what a peer that lies gets."""
import http.server
import json
import subprocess
import threading
import time

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run
from der import ctx, parse, seq

RETRIEVE = CONFIG + """\
  - {{path: /anyone, accept: [cmc], answer: [cmc], profile: client, officer: required,
     retrieve: anyone}}
  - {{path: /officers, accept: [cmc], answer: [cmc], profile: client, officer: required,
     retrieve: officer}}
  - {{path: /off, accept: [cmc], answer: [cmc], profile: client, officer: required,
     retrieve: off}}
  - {{path: /dogtag, accept: [cmc], answer: [cmc], profile: client, officer: required,
     compat: dogtag}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrieve")
    server = Server(folder, RETRIEVE)
    server.start()
    yield World(folder, server)
    server.close()


def get(world, what, *args, ok=True, path="/cmc", who=None, url=None, trust=None):
    signer = ["--unsigned"] if who is None else ["--signer-cert", who.pem, "--signer-key", who.key]
    return run(CMC, "get", what, "-u", (url or world.server.url) + path, "-T",
               trust or world.server.ca_pem, *signer, *args, ok=ok)


def of_ca(world):
    return ["--issuer-cert", world.server.ca_pem]


def serial(person):
    return "0x" + person.cert.serial.hex()


def pem_of(der):
    return craft.openssl("x509", "-inform", "DER", data=der)


# -- certificates

def test_a_certificate_comes_back(world):
    out = world.fresh("crt")
    get(world, "cert", *of_ca(world), "--serial", serial(world.victim), "-o", out,
        who=world.officer)
    assert craft.pem_to_der(out) == world.victim.cert.der
    run("openssl", "verify", "-CAfile", world.server.ca_pem, out)


def test_der_several_and_json(world):
    out = world.fresh("crt")
    get(world, "cert", *of_ca(world), "--serial", serial(world.victim), "--form", "der", "-o", out,
        who=world.holder)
    assert out.read_bytes() == world.victim.cert.der
    done = get(world, "cert", *of_ca(world), "--serial", serial(world.victim), "--serial",
               serial(world.holder), "--json", "-o", out, who=world.officer)
    assert out.read_text().count("BEGIN CERTIFICATE") == 2
    told = json.loads(done.stdout)
    assert told["result"] == "success" and told["full"] is True
    assert [c["serial"] for c in told["certificates"]] == [
        world.victim.cert.serial.hex(), world.holder.cert.serial.hex()]


def test_a_simple_response(world):
    """[10002-6.9-u1, 10002-6.10-u1]: nothing to give back, so a Simple PKI Response will do."""
    out = world.fresh("crt")
    done = get(world, "cert", *of_ca(world), "--serial", serial(world.victim), "--no-nonce",
               "--json", "-o", out, who=world.officer)
    assert json.loads(done.stdout)["full"] is False
    assert craft.pem_to_der(out) == world.victim.cert.der
    body = craft.pkidata([get_cert(1, world.victim)])
    message = craft.message(body, world.officer.cert, world.officer.key)
    headers, answer = world.server.post("/cmc", message)
    assert "certs-only" in headers["content-type"]
    certs = craft.openssl("pkcs7", "-inform", "DER", "-print_certs", data=answer)
    assert certs.count(b"BEGIN CERTIFICATE") == 1
    # A client that takes nothing but a Full PKI Response gets one.
    headers, answer = world.server.post("/cmc", message, headers={
        "Accept": "application/pkcs7-mime; smime-type=CMC-response"})
    assert "CMC-response" in headers["content-type"]
    assert craft.Answer(answer).statuses[0][0] == "success"


def get_cert(part, person, dogtag=False):
    issuer = person.cert.issuer if dogtag else ctx(4, person.cert.issuer)
    return craft.control(part, 15, seq(issuer, person.cert.serial_der))


def test_unknown(world):
    out = world.fresh("crt")
    done = get(world, "cert", *of_ca(world), "--serial", "0x123456", "-o", out, ok=1,
               who=world.officer)
    assert b"badCertId" in done.stderr and not out.exists()
    done = get(world, "cert", "--issuer", "CN=Nobody", "--serial", serial(world.victim), ok=1,
               who=world.officer)
    assert b"badCertId" in done.stderr and done.stdout == b""
    # One that is there and one that is not: the first is written, the exit says that not all is.
    done = get(world, "cert", *of_ca(world), "--serial", "77", "--serial", serial(world.victim),
               "-o", out, ok=1, who=world.officer)
    assert craft.pem_to_der(out) == world.victim.cert.der


def test_who_may(world):
    ask = ["cert", *of_ca(world), "--serial", serial(world.victim)]
    get(world, *ask, path="/anyone")
    get(world, *ask, path="/officers", who=world.officer)
    for path, who in [("/cmc", None), ("/officers", world.holder), ("/cmc", world.stranger)]:
        done = get(world, *ask, path=path, who=who, ok=1)
        assert b"badIdentity" in done.stderr, done.stderr
    assert b"badRequest" in get(world, *ask, path="/off", who=world.officer, ok=1).stderr


def test_dogtag_form(world):
    message = craft.message(craft.pkidata([get_cert(1, world.victim, dogtag=True)]),
                            world.officer.cert, world.officer.key)
    assert "certs-only" in world.server.post("/dogtag", message)[0]["content-type"]
    got = craft.Answer(world.server.post("/cmc", message)[1])
    assert got.statuses[0][:3] == ("failed", "badRequest", [1])


@pytest.mark.parametrize("args", [
    ["cert", "--serial", "1"], ["cert", "--issuer", "CN=a"], ["crl"],
    ["crl", "--issuer", "CN=a", "--serial", "1"], ["cert", "--issuer", "CN=a", "--serial", "1",
                                                   "--time", "2026-01-01"],
    ["cert", "--issuer", "CN=a", "--serial", "x"], ["thing", "--issuer", "CN=a"],
    ["crl", "--issuer", "CN=a", "--time", "yesterday"], ["crl", "--issuer", "CN=a", "--form", "xml"],
    ["crl", "--issuer", "CN=a", "--json"], ["crl", "--issuer", "CN=a", "--reason", "unspecified"],
    ["cert", "--issuer", "CN=a", "--serial", "1", "--serial", "2", "--form", "der"],
])
def test_usage(world, args):
    assert get(world, *args, ok=2).stdout == b""


# -- CRLs

def test_the_newest_crl(world):
    person = world.issue("to be revoked")
    out = world.fresh("crl")
    world.revoke(person)
    get(world, "crl", *of_ca(world), "-o", out, who=world.officer)
    text = craft.openssl("crl", "-in", out, "-noout", "-text", "-CAfile", world.server.ca_pem)
    assert person.cert.serial.hex().upper() in text.decode().replace(":", "").upper()
    done = subprocess.run(["openssl", "verify", "-crl_check", "-CAfile", world.server.ca_pem,
                           "-CRLfile", out, person.pem], capture_output=True)
    assert b"revoked" in done.stdout + done.stderr
    get(world, "crl", *of_ca(world), "--no-nonce", "--crl-url", "http://crl.example/ca.crl",
        "--reason", "keyCompromise", "-o", out, path="/anyone")


def test_a_crl_by_time(world):
    """[10002-6.10-u2]: three CRLs a second apart, and the middle one asked for."""
    made = []
    for i in range(3):
        world.revoke(world.issue("for CRL %d" % i))
        out = world.fresh("crl")
        get(world, "crl", *of_ca(world), "-o", out, who=world.officer)
        made.append(out)
        time.sleep(1.1)
    at = [crl_time(p) for p in made]
    assert at[0] < at[1] < at[2]
    out = world.fresh("crl")
    get(world, "crl", *of_ca(world), "--time", at[2], "-o", out, who=world.officer)
    assert out.read_bytes() == made[1].read_bytes()
    get(world, "crl", *of_ca(world), "--time", at[1], "-o", out, who=world.officer)
    assert out.read_bytes() == made[0].read_bytes()
    done = get(world, "crl", *of_ca(world), "--time", "2020-01-01", ok=1, who=world.officer)
    assert b"badRequest" in done.stderr
    # It is still there after a restart.
    world.server.stop()
    world.server.start()
    get(world, "crl", *of_ca(world), "--time", at[2], "-o", out, who=world.officer)
    assert out.read_bytes() == made[1].read_bytes()


def crl_time(path):
    """thisUpdate as 2026-11-21T10:00:00Z."""
    der = craft.openssl("crl", "-in", path, "-outform", "DER")
    text = parse(der)[0][3].content.decode()
    return "20%s-%s-%sT%s:%s:%sZ" % tuple(text[i:i + 2] for i in range(0, 12, 2))


def test_no_such_crl(world):
    for args in (["--issuer", "CN=Nobody"], [*of_ca(world), "--crl-url", "http://crl.example/no"]):
        done = get(world, "crl", *args, ok=1, who=world.officer)
        assert b"badCertId" in done.stderr and done.stdout == b""


# -- a server that lies

class Liar:
    """Answers every POST with the same octets, and keeps what was asked."""

    def __init__(self, answer, type="application/pkcs7-mime; smime-type=certs-only"):
        liar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                liar.asked = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.asked = None
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def certs_only(certs=(), crls=()):
    return craft.openssl(*["crl2pkcs7", "-outform", "DER"],
                         *(["-nocrl"] if not crls else ["-in", crls[0]]),
                         *[a for c in certs for a in ("-certfile", c)])


def lied(world, answer, what, *args, **kw):
    out = world.fresh("lie")
    with Liar(answer) as liar:
        done = get(world, what, *of_ca(world), *args, "--no-nonce", "-o", out, url=liar.url, ok=1,
                   who=world.officer, **kw)
    assert not out.exists()
    return done.stderr.decode()


def test_another_certificate(world):
    answer = certs_only([world.holder.pem])
    assert "not among the 1" in lied(world, answer, "cert", "--serial", serial(world.victim))


def test_a_forged_certificate(world):
    """The right names, another signature."""
    der = bytearray(world.victim.cert.der)
    der[-5] ^= 1
    pem = world.fresh("crt")
    pem.write_bytes(pem_of(bytes(der)))
    assert "not signed by its issuer" in lied(world, certs_only([pem]), "cert", "--serial",
                                              serial(world.victim))


def test_nothing(world):
    assert "not among the 0" in lied(world, certs_only([], [empty_crl(world, "Nobody")]), "cert",
                                     "--serial", serial(world.victim))


def empty_crl(world, cn, days=1, key=None, ca=None):
    """A CRL by openssl ca, signed with a key that may be the CA's own."""
    folder = world.fresh("ca")
    folder.mkdir()
    (folder / "index").write_text("")
    (folder / "cnf").write_text("[ca]\ndefault_ca=c\n[c]\ndatabase=%s/index\ndefault_md=sha256\n"
                                % folder)
    if ca is None:
        key = craft.new_key(folder / "key")
        ca = folder / "crt"
        run("openssl", "req", "-x509", "-key", key, "-subj", "/CN=" + cn, "-days", "2", "-out", ca)
    dates = ["-crldays", str(days)] if days > 0 else [
        "-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", "20260102000000Z"]
    run("openssl", "ca", "-config", folder / "cnf", "-gencrl", "-keyfile", key, "-cert", ca,
        *dates, "-out", folder / "crl")
    return folder / "crl"


def test_a_crl_of_another(world):
    assert "not among the 1" in lied(world, certs_only([], [empty_crl(world, "Else")]), "crl")


def test_a_stale_crl(world):
    """By the CA itself, but past its nextUpdate: what was revoked since does not stand in it."""
    crl = empty_crl(world, None, days=0, key=world.server.ca_key, ca=world.server.ca_pem)
    assert "past its nextUpdate" in lied(world, certs_only([], [crl]), "crl")
    # Asked for by time it is what was asked for.
    with Liar(certs_only([], [crl])) as liar:
        get(world, "crl", *of_ca(world), "--time", "2026-06-01", "--no-nonce", url=liar.url,
            who=world.officer)


def test_a_crl_that_is_too_young(world):
    crl = empty_crl(world, None, key=world.server.ca_key, ca=world.server.ca_pem)
    assert "not among the 1" in lied(world, certs_only([], [crl]), "crl", "--time", "2026-01-01")


def test_a_forged_crl(world):
    crl = empty_crl(world, None, key=world.server.ca_key, ca=world.server.ca_pem)
    der = bytearray(craft.openssl("crl", "-in", crl, "-outform", "DER"))
    der[-3] ^= 1
    crl.write_bytes(craft.openssl("crl", "-inform", "DER", data=bytes(der)))
    assert "not signed by its issuer" in lied(world, certs_only([], [crl]), "crl")


def test_an_issuer_that_nobody_trusts(world):
    stranger = world.fresh("crt")
    run("openssl", "req", "-x509", "-key", world.key, "-subj", "/CN=Else", "-out", stranger)
    out = world.fresh("crt")
    with Liar(certs_only([world.victim.pem])) as liar:
        done = get(world, "cert", "--issuer", issuer_text(world), "--serial", serial(world.victim),
                   "--no-nonce", "-o", out, url=liar.url, ok=1, who=world.officer, trust=stranger)
    assert b"not among the trusted ones" in done.stderr and not out.exists()


def issuer_text(world):
    text = craft.openssl("x509", "-in", world.server.ca_pem, "-noout", "-subject", "-nameopt",
                         "RFC2253").decode()
    return ", ".join(reversed(text.strip().split("=", 1)[1].split(",")))
