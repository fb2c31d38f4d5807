# SPDX-License-Identifier: Apache-2.0
"""Registration authorities, changes of name, keys that are used again and Diffie-Hellman keys: the
real cmcd, asked by messages made by hand and by the real cmc."""
import pytest

import craft
from authority import CMC, CONFIG, Server, run
from craft import control, ctx, octets, oid, seq, utf8
from der import boolean, integer, retag

MORE_PROFILES = """\
  - name: ra
    days: 90
    extensions:
      - {{name: keyUsage, value: "critical,digitalSignature"}}
      - {{name: extendedKeyUsage, value: "1.3.6.1.5.5.7.3.28"}}
  - name: any
    days: 90
    from-request: [all]
    change-subject-name: true
  - {{name: once, days: 90, key-reuse: refuse}}
  - {{name: archive, days: 90, archive: required}}
  - {{name: dh, days: 90, keys: [dh], extensions: [{{name: keyUsage, value: keyAgreement}}]}}
"""
MORE_ENDPOINTS = """\
  - {{path: /ra-cert, accept: [cmc], answer: [cmc], profile: ra, officer: required}}
  - path: /ra
    accept: [cmc]
    answer: [cmc]
    profile: any
    officer: required
    renewal: true
    ra: [template, pop, identity, controls]
    ra-names: ["O=Example", "DNS:example.org"]
  - {{path: /ra-some, accept: [cmc], answer: [cmc], profile: any, officer: required,
     ra: [identity]}}
  - {{path: /once, accept: [cmc], answer: [cmc], profile: once, officer: required}}
  - {{path: /archive, accept: [cmc], answer: [cmc], profile: archive, officer: required}}
  - {{path: /dh, accept: [cmc], answer: [cmc], profile: dh, officer: required}}
dh-pop: {{certificate: dh.crt, key: dh.key}}
"""


def make_dh(server):
    """A Diffie-Hellman certificate of the CA, which a CA has to make for itself."""
    home = server.home
    craft.openssl("genpkey", "-algorithm", "DHX", "-pkeyopt", "group:dh_2048_256", "-out",
                  home / "dh.key")
    craft.openssl("pkey", "-in", home / "dh.key", "-pubout", "-out", home / "dh.pub")
    craft.openssl("req", "-new", "-key", home / "officer.key", "-subj", "/CN=DH of the CA", "-out",
                  home / "dh.csr")
    craft.openssl("x509", "-req", "-in", home / "dh.csr", "-force_pubkey", home / "dh.pub", "-CA",
                  server.ca_pem, "-CAkey", server.ca_key, "-days", "30", "-set_serial", "77",
                  "-out", home / "dh.crt")


@pytest.fixture(scope="module")
def server(folder):
    config = CONFIG.replace("endpoints:\n", MORE_PROFILES + "endpoints:\n") + MORE_ENDPOINTS
    s = Server(folder, config)
    make_dh(s)
    s.cmcd("check-config")
    s.start()
    yield s
    ended = s.process.poll() is not None
    s.close()
    assert not ended, "cmcd ended during the tests:\n" + s.log_text()


@pytest.fixture(scope="module")
def ruth(world):
    """An RA as it should be."""
    return world.register(world.issue("ruth", path="/ra-cert"), "enroll,ra")


@pytest.fixture(scope="module")
def paul(world):
    """The role alone, in a certificate that is not that of an RA."""
    return world.register(world.issue("paul"), "enroll,ra")


def ask(world, who, controls, requests, path="/ra"):
    body = craft.pkidata([craft.transaction_id(1, world.n + 1), craft.sender_nonce(2), *controls],
                         requests)
    world.n += 1
    _, answer = world.server.post(path, craft.message(body, who.cert, who.key))
    return craft.Answer(answer)


def status(answer):
    assert len(answer.statuses) == 1, answer.statuses
    return answer.statuses[0][:3]


def name(**rdns):
    kinds = {"O": "2.5.4.10", "CN": "2.5.4.3"}
    return seq(*[craft.set_of(seq(oid(kinds[k]), utf8(v))) for k, v in rdns.items()])


def mod(part, request, template, replace=True):
    return control(part, 31, seq(seq(integer(0)), seq(integer(request)),
                                 b"" if replace else boolean(False), seq(*template)))


POP = control(3, 11, seq(integer(0), seq(integer(10))))
IDENTITY = control(3, 35, seq(integer(10)))
SUBJECT = mod(3, 10, [ctx(5, name(O="Example", CN="new"))])
EXTENSIONS = control(3, 8, seq(integer(0), seq(integer(10)), seq(craft.extension(
    "2.5.29.17", seq(retag(0x82, octets(b"www.example.org")))))))
PROCESSED = control(3, 32, seq(seq(integer(4))))


@pytest.mark.parametrize("what", [POP, IDENTITY, SUBJECT, EXTENSIONS, PROCESSED])
def test_who_may(world, ruth, paul, what):
    """[10002-10-a, 10002-10-b, 10002-10-c]"""
    key = craft.new_key(world.fresh("key"))
    request = craft.tcr(10, craft.csr(key, "somebody"))
    assert status(ask(world, world.officer, [what], [request])) == ("failed", "badRequest", [3])
    assert status(ask(world, paul, [what], [request])) == ("failed", "badIdentity", [3])
    assert status(ask(world, ruth, [what], [request])) == ("success", None, [10])
    elsewhere = status(ask(world, ruth, [what], [request], path="/ra-some"))
    assert elsewhere == {POP: ("failed", "popFailed", [10]),
                         IDENTITY: ("success", None, [10])}.get(what, ("failed", "badRequest", [3]))


def test_possession(world, ruth):
    """[10002-6.8-a] No challenge where the RA has seen the proof."""
    key = craft.new_key(world.fresh("key"))
    request = craft.crm(craft.crmf(key, 10, "silent", pop="raVerified"))
    assert status(ask(world, ruth, [], [request])) == ("failed", "popRequired", [10])
    answer = ask(world, ruth, [POP], [request])
    assert status(answer) == ("success", None, [10])
    assert craft.public_key(key) in [c.spki for c in answer.certs]


def test_template(world, ruth):
    """The changes are in the certificate, and who made them in the audit log."""
    key = craft.new_key(world.fresh("key"))
    answer = ask(world, ruth, [SUBJECT, control(4, 8, seq(
        integer(0), seq(integer(10)), seq(craft.extension(
            "2.5.29.17", seq(retag(0x82, octets(b"www.example.org")))))))],
        [craft.tcr(10, craft.csr(key, "old"))])
    assert status(answer) == ("success", None, [10])
    cert = next(c for c in answer.certs if c.spki == craft.public_key(key))
    assert cert.subject == name(O="Example", CN="new")
    assert b"www.example.org" in cert.extensions["2.5.29.17"]
    shown = world.server.cmcd("audit", "export").stdout.decode()
    line = next(x for x in shown.splitlines() if "subject, " in x)
    assert "ruth" in line and "CN=old" in line
    # outside of its names
    other = mod(3, 10, [ctx(5, name(O="Elsewhere", CN="new"))])
    assert status(ask(world, ruth, [other], [craft.tcr(10, craft.csr(key, "old"))])) == (
        "failed", "badRequest", [10])
    world.server.audit_verify()


def test_contradiction(world, ruth):
    """[10002-6.5.2-u2]"""
    key = craft.new_key(world.fresh("key"))
    removed = mod(4, 10, [ctx(5, name(O="Example"))], replace=False)
    assert status(ask(world, ruth, [SUBJECT, removed], [craft.tcr(10, craft.csr(key, "old"))])) == (
        "failed", "badRequest", [10])


def test_unknown_control(world, ruth):
    """[10002-3.2.1.1-a]"""
    key = craft.new_key(world.fresh("key"))
    request = craft.tcr(10, craft.csr(key, "extra"))
    unknown = control(4, "1.2.3.4.5", octets(b"x"))
    assert status(ask(world, ruth, [unknown], [request])) == ("failed", "badRequest", [4])
    assert status(ask(world, ruth, [unknown, PROCESSED], [request])) == ("success", None, [10])


# -- what end entities ask for --------------------------------------------------------------


def enroll(world, path, *args, ok=True, officer=True):
    cert = world.fresh("crt")
    who = ["--officer-cert", world.officer.pem, "--officer-key", world.officer.key]
    done = run(CMC, "enroll", "-u", world.server.url + path, "-T", world.server.ca_pem, "-o", cert,
               *(who if officer else []), *args, ok=ok)
    return cert, done


def subject(pem):
    return craft.openssl("x509", "-in", pem, "-noout", "-subject", "-nameopt", "RFC2253").decode()


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_change_of_name(world, form):
    """[10002-7.1-a, 10002-7.1-b] The request keeps the old name, the certificate has the new."""
    old_key, new_key = world.fresh("key"), world.fresh("key")
    old, _ = enroll(world, "/ra", "--new-key", "ec:P-256", "--key-out", old_key, "-s", "CN=maiden",
                    "--san", "DNS:a.example")
    new, _ = enroll(world, "/ra", "--renew", old, "--renew-key", old_key, "--new-key", "ec:P-256",
                    "--key-out", new_key, "--change-subject", "CN=married", "--form", form,
                    officer=False)
    assert subject(new).strip() == "subject=CN=married"
    text = craft.openssl("x509", "-in", new, "-noout", "-ext", "subjectAltName").decode()
    assert "DNS:a.example" in text  # it was not to change
    again, _ = enroll(world, "/ra", "--renew", new, "--renew-key", new_key, "--new-key",
                      "ec:P-256", "--key-out", world.fresh("key"), "--change-san", "DNS:b.example",
                      "--form", form, officer=False)
    assert subject(again).strip() == "subject=CN=married"
    text = craft.openssl("x509", "-in", again, "-noout", "-ext", "subjectAltName").decode()
    assert "DNS:b.example" in text and "DNS:a.example" not in text
    # where the profile does not change names; and a request that asks for nothing
    holder = world.holder
    _, done = enroll(world, "/cmc", "--renew", holder.pem, "--renew-key", holder.key, "--new-key",
                     "ec:P-256", "--key-out", world.fresh("key"), "--change-subject", "CN=x",
                     officer=False, ok=None)
    assert done.returncode != 0 and b"badRequest" in done.stderr
    _, done = enroll(world, "/ra", "--new-key", "ec:P-256", "--key-out", world.fresh("key"), "-s",
                     "CN=x", "--change-subject", "", ok=None)
    assert done.returncode != 0 and b"needs a name" in done.stderr


def test_key_used_again(world):
    """[10002-3.2-g] noKeyReuse, and the client says so."""
    key = world.fresh("key")
    craft.new_key(key)
    enroll(world, "/once", "--key", key, "-s", "CN=first")
    cert, done = enroll(world, "/once", "--key", key, "-s", "CN=second", ok=None)
    assert done.returncode != 0 and b"noKeyReuse" in done.stderr and not cert.exists()


def test_archive(world):
    """mustArchiveKeys, and the client says so."""
    _, done = enroll(world, "/archive", "--new-key", "ec:P-256", "--key-out", world.fresh("key"),
                     "-s", "CN=keep me", ok=None)
    assert done.returncode != 0 and b"mustArchiveKeys" in done.stderr


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_diffie_hellman(world, form):
    """[10004-5.1-z, 10004-5.1-ab, 10004-8-a] A key that cannot sign, in one trip."""
    key, csr = world.fresh("key"), world.fresh("csr")
    run(CMC, "csr", "--new-key", "dh", "--key-out", key, "-s", "CN=dh", "--dh-pop",
        world.server.home / "dh.crt", "--form", form, "-o", csr)
    cert, _ = enroll(world, "/dh", "--csr", csr)
    assert craft.openssl("x509", "-in", cert, "-noout", "-pubkey") == craft.openssl(
        "pkey", "-in", key, "-pubout")
    assert b"Key Agreement" in craft.openssl("x509", "-in", cert, "-noout", "-ext", "keyUsage")
    # the same key again, from its file
    run(CMC, "csr", "--key", key, "-s", "CN=dh again", "--dh-pop", world.server.home / "dh.crt",
        "--form", form, "-o", world.fresh("csr"))
    # a request that was changed
    der = bytearray(run(CMC, "csr", "--key", key, "-s", "CN=dh", "--dh-pop",
                        world.server.home / "dh.crt", "--der").stdout)
    der[-1] ^= 1
    bad = world.fresh("csr")
    bad.write_bytes(der)
    _, done = enroll(world, "/dh", "--csr", bad, ok=None)
    assert done.returncode != 0 and b"popFailed" in done.stderr


def test_diffie_hellman_options(world):
    done = run(CMC, "csr", "--new-key", "dh", "--key-out", world.fresh("key"), "-s", "CN=x", ok=None)
    assert done.returncode == 2 and b"--dh-pop" in done.stderr
    key = craft.new_key(world.fresh("key"))
    done = run(CMC, "csr", "--key", key, "-s", "CN=x", "--dh-pop", world.server.home / "dh.crt",
               ok=None)
    assert done.returncode != 0 and b"Diffie-Hellman" in done.stderr
    done = run(CMC, "csr", "--new-key", "dh", "--key-out", world.fresh("key"), "-s", "CN=x",
               "--dh-pop", world.server.ca_pem, ok=None)
    assert done.returncode != 0 and b"Diffie-Hellman" in done.stderr


def test_officers_are_listed(world, ruth):
    assert "enroll,ra" in world.server.cmcd("officer", "list").stdout.decode()
