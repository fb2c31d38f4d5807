# SPDX-License-Identifier: Apache-2.0
"""What cmc proves with a shared secret, what it refuses to do, and what it says about the answers
of a real cmcd."""
import base64
import json
import threading

import http.server
import pytest

import craft
from authority import CMC, CONFIG, Server, World, run

SECRETS = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key, failures: 50}}\nlisten:\n") + """\
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, revoke: {{allow: true}}}}
  - {{path: /dogtag, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, weak: true, compat: dogtag, revoke: {{allow: true}}}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    server = Server(folder, SECRETS)
    server.start()
    yield World(folder, server)
    server.close()


def register(world, name, *args):
    """A secret of this name; the file that holds it."""
    path = world.fresh("secret")
    path.write_bytes(world.server.cmcd("secret", "add", name, *args).stdout)
    return path


def cmc(world, command, *args, path="/secret", ok=True, **kw):
    return run(CMC, command, "-u", world.server.url + path, "-T", world.server.ca_pem, *args,
               ok=ok, **kw)


def enroll(world, *args, kind="ec:P-256", name="alice", ok=True, **kw):
    """(done, key, certificate file) of a key made on the way."""
    key, cert = world.fresh("key"), world.fresh("crt")
    done = cmc(world, "enroll", "--new-key", kind, "--key-out", key, "-s", "CN=" + name, "-o", cert,
               *args, ok=ok, **kw)
    return done, key, cert


def spki(pem):
    return craft.openssl("pkey", "-pubin", "-outform", "DER",
                         data=craft.openssl("x509", "-in", pem, "-noout", "-pubkey"))


def of_key(key):
    return craft.openssl("pkey", "-in", key, "-pubout", "-outform", "DER")


# -- identity by shared secret --------------------------------------------------------------

PROOFS = {
    "as it is": ([], "/secret"),
    "sha384": (["--proof", "sha384"], "/secret"),
    "sha512 with another MAC": (["--proof", "sha512:hmac-sha256"], "/secret"),
    "without a link": (["--pop-link", "none"], "/secret"),
    "link with other algorithms": (["--pop-link", "sha384:hmac-sha512"], "/secret"),
    "link by PBKDF2": (["--pop-link", "pbkdf2"], "/secret"),
    "link by PBKDF2 with few rounds": (["--pop-link", "pbkdf2:1000"], "/secret"),
    "v1 beside v2": (["--proof", "sha256", "--proof-v1"], "/secret"),
    "v1 alone": (["--proof-v1", "--pop-link", "v1"], "/dogtag"),
    "Dogtag's keys": (["--compat", "dogtag"], "/dogtag"),
    "Dogtag's keys, v1": (["--compat", "dogtag", "--proof-v1"], "/dogtag"),
}


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
@pytest.mark.parametrize("row", PROOFS)
def test_enroll_by_secret(world, row, form):
    """[10002-6.2-a, 10002-6.2.3-a, 10002-6.3-a, 10002-6.3.1.1-b, 10002-6.3.1.1-u2,
    10002-6.3.1.1-u3, 10002-6.3.1.2-u1, 10002-6.2.2-u1, 10004-5.2-c, 10004-5.2-d, 10004-5.2-e,
    10004-5.2-f, 10004-5.2-g, 10004-5.2-h]"""
    args, path = PROOFS[row]
    name = "%s %s" % (row, form)
    secret = register(world, name, "--once")
    _, key, cert = enroll(world, "--secret-file", secret, "-i", name, "--form", form, *args,
                          path=path)
    assert spki(cert) == of_key(key)
    # It was the secret: used up, it does not do a second time.
    done, _, again = enroll(world, "--secret-file", secret, "-i", name, *args, path=path, ok=1)
    assert b"badIdentity" in done.stderr and b"what to do: check who asks" in done.stderr
    assert not again.exists()


@pytest.mark.parametrize("row", ["as it is", "link by PBKDF2", "v1 alone"])
def test_wrong_secret(world, row):
    """The same rows with another secret: nothing of the above would pass anyway."""
    args, path = PROOFS[row]
    register(world, "guessed " + row)
    wrong = world.fresh("secret")
    wrong.write_text("this is not the right secret\n")
    done, _, cert = enroll(world, "--secret-file", wrong, "-i", "guessed " + row, *args, path=path,
                           ok=1)
    assert b"failed badIdentity" in done.stderr and not cert.exists()


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
@pytest.mark.parametrize("kind", ["x25519", "rsa:2048"])
def test_secret_and_challenge(world, kind, form):
    """A key that does not sign: an officer signs, the secret says whose it is, and both trips hold
    the proof and the same link. [10002-6.7-u6, 10002-6.7-u7, 10002-6.7-u8]"""
    name = "challenged %s %s" % (kind, form)
    secret = register(world, name)
    extra = ["--no-signature"] if kind.startswith("rsa") else []
    _, key, cert = enroll(world, "--secret-file", secret, "-i", name, "--form", form,
                          "--officer-cert", world.officer.pem, "--officer-key", world.officer.key,
                          *extra, kind=kind)
    assert spki(cert) == of_key(key)


def test_secret_from_standard_input_and_token(world):
    """- is standard input; a Dogtag shared token is opened with the key it is sealed to."""
    secret = register(world, "piped")
    enroll(world, "--secret-file", "-", "-i", "piped", input=secret.read_bytes())
    key, cert, token = world.fresh("key"), world.fresh("crt"), world.fresh("token")
    craft.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", "/CN=kra",
                  "-days", "9", "-out", cert)
    for oaep in ([], ["--oaep"]):
        run(CMC, "secret", "--secret-file", secret, "--for-cert", cert, "-o", token, *oaep)
        der = base64.b64decode(token.read_bytes())
        assert der[0] == 0x30 and secret.read_bytes().strip() not in der
        enroll(world, "--secret-file", token, "--secret-key", key, "-i", "piped")
    done, _, _ = enroll(world, "--secret-file", token, "-i", "piped", ok=2)
    assert b"--secret-key" in done.stderr
    done, _, _ = enroll(world, "--secret-file", token, "--secret-key", world.officer.key, "-i",
                        "piped", ok=None)
    assert done.returncode != 0


def test_secret_is_made(world):
    texts = {run(CMC, "secret", "--new").stdout for _ in range(3)}
    assert len(texts) == 3 and {len(t) for t in texts} == {33}


# -- several requests -----------------------------------------------------------------------

def csr(world, name, *args, kind="ec:P-256"):
    key, path = world.fresh("key"), world.fresh("csr")
    run(CMC, "csr", "--new-key", kind, "--key-out", key, "-s", "CN=" + name, "-o", path, *args)
    return key, path


def officer(world):
    return ["--officer-cert", world.officer.pem, "--officer-key", world.officer.key]


def certs_in(path):
    text = path.read_text()
    end = "-----END CERTIFICATE-----\n"
    return [craft.Cert(craft.openssl("x509", "-outform", "DER", data=(pem + end).encode()))
            for pem in text.split(end)[:-1]]


def test_several_requests(world):
    """Both forms, with and without signatures, in one message: certificates in the order PKCS#10,
    CRMF; known by their keys. [10002-4.2-b]"""
    made = [csr(world, "one"), csr(world, "two", "--form", "crmf"),
            csr(world, "three", kind="x25519"), csr(world, "four", "--form", "crmf", kind="x448")]
    args = [a for _, path in made for a in ("--csr", path)]
    keys = [a for key, _ in made for a in ("--request-key", key)]
    out = world.fresh("crt")
    done = cmc(world, "enroll", *args, *keys, *officer(world), "-o", out)
    assert [c.spki for c in certs_in(out)] == [of_key(made[i][0]) for i in (0, 2, 1, 3)]
    assert done.stdout.count(b"certificate of ") == 4
    done = cmc(world, "enroll", *args, *officer(world), "-o", world.fresh("crt"), ok=2)
    assert b"request 2" in done.stderr and b"--request-key" in done.stderr


def test_several_by_secret(world):
    secret = register(world, "many")
    made = [csr(world, "m%d" % n, "--ski", *(["--form", "crmf"] if n > 1 else [])) for n in range(4)]
    out = world.fresh("crt")
    cmc(world, "enroll", *[a for _, path in made for a in ("--csr", path)],
        *[a for key, _ in made for a in ("--request-key", key)], "--secret-file", secret, "-i", "many",
        "-o", out)
    assert len(certs_in(out)) == 4


def test_one_of_several_is_refused(world):
    """The other one is saved, and the exit code tells of the refusal. [10002-6.1-b]"""
    good, bad = csr(world, "good"), csr(world, "p384", kind="ec:P-384")
    out = world.fresh("crt")
    done = cmc(world, "enroll", "--csr", good[1], "--csr", bad[1], *officer(world), "-o", out,
               path="/p256", ok=1)
    assert [c.spki for c in certs_in(out)] == [of_key(good[0])]
    assert b"what to do" in done.stderr
    done = cmc(world, "enroll", "--csr", good[1], "--csr", bad[1], *officer(world), "-o", out,
               "--json", path="/p256", ok=1)
    said = json.loads(done.stdout)
    assert said["result"] == "failed" and len(said["certificates"]) == 1
    assert {s["status"] for s in said["statuses"]} == {"success", "failed"}


# -- revocation -----------------------------------------------------------------------------

@pytest.mark.parametrize("args, path", [([], "/secret"), (["--compat", "dogtag"], "/dogtag")])
def test_revoke_by_passphrase(world, args, path):
    """[10002-6.11-b, 10002-6.11-c]"""
    person = world.issue("revoked without a signature")
    secret = register(world, "revokes" + path, "--purpose", "revoke", "--serial",
                      person.cert.serial.hex())
    wrong = world.fresh("secret")
    wrong.write_text("not that passphrase\n")
    done = cmc(world, "revoke", "-c", person.pem, "--passphrase-file", wrong, *args, path=path, ok=1)
    assert b"badIdentity" in done.stdout and b"what to do" in done.stderr
    done = cmc(world, "revoke", "-c", person.pem, "--passphrase-file", secret, "-r", "superseded",
               *args, path=path)
    assert b"revoked (superseded)" in done.stdout
    assert not world.server.openssl_verify(person.pem, world.folder)[0]


def test_revoke_signed_with_passphrase(world):
    """By the holder, whose signature does not suffice here."""
    person = world.issue("holder with a passphrase")
    secret = register(world, "signed", "--purpose", "revoke", "--serial", person.cert.serial.hex())
    holder = ["--officer-cert", person.pem, "--officer-key", person.key]
    cmc(world, "revoke", "-c", person.pem, *holder, ok=1)
    cmc(world, "revoke", "-c", person.pem, *holder, "--passphrase-file", secret)
    assert not world.server.openssl_verify(person.pem, world.folder)[0]


def test_revoke_in_steps(world):
    """--out writes what submit sends; a file without a signature is one too."""
    person = world.issue("revoked in steps")
    secret = register(world, "steps", "--purpose", "revoke", "--serial", person.cert.serial.hex())
    for args in (["--passphrase-file", secret], officer(world)):
        out = world.fresh("crq")
        run(CMC, "revoke", "-c", person.pem, *args, "-o", out)
        shown = run(CMC, "show", "--brief", out).stdout
        assert b"revokeRequest" in shown
    cmc(world, "submit", out)
    assert not world.server.openssl_verify(person.pem, world.folder)[0]


def test_one_passphrase_for_one_certificate(world):
    """[10002-6.11-f]"""
    secret = world.fresh("secret")
    secret.write_text("x" * 20)
    done = cmc(world, "revoke", "-c", world.holder.pem, "-c", world.victim.pem, "--passphrase-file",
               secret, ok=2)
    assert b"RFC 10002 section 6.11" in done.stderr and done.stderr.count(b"\n") == 1


# -- what the client does not do ------------------------------------------------------------

S = ["--secret-file", "SECRET"]
WRONG = {
    # [10002-3.1-b]
    "simple with a secret": (["--simple", *S, "-s", "CN=x", "--new-key", "ec:P-256", "--key-out",
                              "NEW"], "RFC 10002 section 3.1"),
    "simple with a control": (["--simple", "--reg-info", "x", "-s", "CN=x", "--new-key", "ec:P-256",
                               "--key-out", "NEW"], "RFC 10002 section 3.1"),
    # [10002-3.1-u2]
    "simple without a signature": (["--simple", "-s", "CN=x", "--new-key", "x25519", "--key-out",
                                    "NEW"], "RFC 10002 section 3.1"),
    # [10002-3.2-u5]
    "renewal with a secret": (["--renew", "OLD", *S], "RFC 10002 section 3.2"),
    # [10002-3.2-b]
    "self without an SKI": (["--self", "--csr", "CSR", "--key", "KEY"], "subjectKeyIdentifier"),
    # [10002-6.2.4-c]
    "hardware token, no subject": (["--hardware-token", *S, "-s", "", "--new-key", "ec:P-256",
                                    "--key-out", "NEW", "-u", "https://127.0.0.1:1/"],
                                   "RFC 10002 section 6.2.4"),
    # [10002-6.2.4-e]
    "hardware token in clear": (["--hardware-token", *S, "-s", "CN=x", "--new-key", "ec:P-256",
                                 "--key-out", "NEW"], "https:"),
    # [10002-6.2.4-b]
    "hardware token and a name": (["--hardware-token", *S, "-i", "x", "-s", "CN=x", "--new-key",
                                   "ec:P-256", "--key-out", "NEW"], "--identification"),
    # [10002-6.3.2-c]
    "nothing links": (["OFFICER", *S, "-i", "x", "--pop-link", "none", "-s", "", "--new-key",
                       "ec:P-256", "--key-out", "NEW"], "RFC 10002 section 6.3.2"),
    "proof without a secret": (["OFFICER", "--proof", "sha256", "-s", "CN=x", "--new-key",
                                "ec:P-256", "--key-out", "NEW"], "--secret-file"),
    "link without a secret": (["OFFICER", "--pop-link", "hash", "-s", "CN=x", "--new-key",
                               "ec:P-256", "--key-out", "NEW"], "--secret-file"),
    "SHA-1 for V2": (["OFFICER", *S, "--proof", "sha1", "-s", "CN=x", "--new-key", "ec:P-256",
                      "--key-out", "NEW"], "--proof sha1"),
    "no such MAC": (["OFFICER", *S, "--proof", "sha256:hmac-md5", "-s", "CN=x", "--new-key",
                     "ec:P-256", "--key-out", "NEW"], "hmac-sha384"),
    "no such link": (["OFFICER", *S, "--pop-link", "chain", "-s", "CN=x", "--new-key", "ec:P-256",
                      "--key-out", "NEW"], "--pop-link chain"),
    "too many rounds": (["OFFICER", *S, "--pop-link", "pbkdf2:99999999", "-s", "CN=x", "--new-key",
                         "ec:P-256", "--key-out", "NEW"], "rounds"),
    "no such peer": (["OFFICER", "--compat", "windows", "-s", "CN=x", "--new-key", "ec:P-256",
                      "--key-out", "NEW"], "--compat windows"),
    "an empty secret": (["OFFICER", "--secret-file", "EMPTY", "-s", "CN=x", "--new-key", "ec:P-256",
                         "--key-out", "NEW"], "is empty"),
    "a secret that is no text": (["OFFICER", "--secret-file", "BINARY", "-s", "CN=x", "--new-key",
                                  "ec:P-256", "--key-out", "NEW"], "UTF-8"),
    "a long identification": (["OFFICER", *S, "-i", "x" * 256, "-s", "CN=x", "--new-key",
                               "ec:P-256", "--key-out", "NEW"], "255"),
    "somebody else's key": (["OFFICER", "--csr", "CSR", "--request-key", "OTHER"], "none of the"),
    "request key without a request": (["OFFICER", "--request-key", "KEY", "-s", "CN=x", "--new-key",
                                       "ec:P-256", "--key-out", "NEW"], "--csr"),
    "simple with two": (["--simple", "--csr", "CSR", "--csr", "CSR"], "one request"),
}


@pytest.mark.parametrize("row", WRONG)
def test_the_client_does_not(world, row):
    """One line, exit code 2, nothing sent and nothing written but a new key."""
    args, words = WRONG[row]
    key, request = csr(world, "ready")
    old, new = world.holder, world.fresh("key")
    files = {"SECRET": b"a secret that is long enough\n", "EMPTY": b"\n", "BINARY": b"\xff\xfe" * 9}
    names = {"NEW": [new], "OLD": [old.pem, "--renew-key", old.key], "CSR": [request], "KEY": [key],
             "OTHER": [world.officer.key], "OFFICER": officer(world)}
    for name, content in files.items():
        names[name] = [world.fresh("secret")]
        names[name][0].write_bytes(content)
    url = [] if "-u" in args else ["-u", "http://127.0.0.1:1/"]
    out = world.fresh("crt")
    done = run(CMC, "enroll", *[a for arg in args for a in names.get(arg, [arg])], *url, "-T",
               world.server.ca_pem, "-o", out, ok=2)
    lines = done.stderr.decode().splitlines()
    assert words in lines[0], lines
    assert all("the new key stays" in line for line in lines[1:]), lines
    assert not out.exists() and done.stdout == b""
