# SPDX-License-Identifier: Apache-2.0
"""Keys that live in tokens, named by URI alone: an NSS database and SoftHSM, made by their own
tools."""
import os
import shutil
import subprocess

import pytest

import craft
from authority import CMC, Server, World, run

TOOLS = {"certutil": "libnss3-tools", "pk12util": "libnss3-tools", "softhsm2-util": "softhsm2"}
ABSENT = ["%s (Debian package %s)" % tool for tool in TOOLS.items() if not shutil.which(tool[0])]
pytestmark = pytest.mark.skipif(bool(ABSENT), reason="not installed: " + ", ".join(ABSENT))

PASSWORD, PIN = "Secret.123", "1234"


class Tokens:
    """An NSS database with the officer in it, and a SoftHSM token with two keys."""

    def __init__(self, folder, world):
        self.home = folder / "tokens"
        self.db = self.home / "nss db"
        for name in (self.home, self.db, self.home / "hsm"):
            name.mkdir()
        self.password = self.file("password", PASSWORD + "\n")
        self.pin = self.file("pin", PIN + "\n")
        conf = self.file("softhsm2.conf", "directories.tokendir = %s\n" % (self.home / "hsm"))
        os.environ["SOFTHSM2_CONF"] = str(conf)
        run("certutil", "-N", "-d", "sql:%s" % self.db, "-f", self.password)
        self.into_nss(world.officer, "The Officer")
        run("softhsm2-util", "--init-token", "--free", "--label", "my hsm", "--pin", PIN,
            "--so-pin", "43210")
        self.n = 0
        for kind, spec in (("rsa", "rsa2048"), ("ec", "ec")):
            self.into_hsm(craft.new_key(self.home / (kind + ".key"), spec), "the " + kind)

    def file(self, name, text):
        path = self.home / name
        path.write_text(text)
        return path

    def into_nss(self, person, nickname):
        bag = self.home / "bag.p12"
        craft.openssl("pkcs12", "-export", "-in", person.pem, "-inkey", person.key, "-name",
                      nickname, "-passout", "pass:bag", "-out", bag)
        run("pk12util", "-i", bag, "-d", "sql:%s" % self.db, "-k", self.password, "-W", "bag")

    def into_hsm(self, key, label):
        self.n += 1
        plain = self.home / "plain.key"  # softhsm2-util reads PKCS#8 only
        craft.openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-out", plain)
        run("softhsm2-util", "--import", plain, "--token", "my hsm", "--label", label, "--id",
            "%02x" % self.n, "--pin", PIN)

    def nss(self, nickname, more=""):
        return "nss:%s?nickname=%s%s" % (self.db, nickname, more)

    def hsm(self, label):
        return "pkcs11:token=my%%20hsm;object=%s?pin-source=%s" % (label.replace(" ", "%20"),
                                                                   self.pin)


@pytest.fixture(scope="module")
def tokens(folder, world):
    return Tokens(folder, world)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_csr(world, tokens, kind, form):
    """A request signed in the token, over the key that was put there."""
    out = world.fresh("csr")
    run(CMC, "csr", "--key", tokens.hsm("the " + kind), "-s", "CN=in a token", "-f", form,
        "-o", out)
    if form == "pkcs10":
        craft.openssl("req", "-in", out, "-noout", "-verify")
        spki = craft.openssl("req", "-in", out, "-noout", "-pubkey")
        assert craft.openssl("pkey", "-pubin", "-outform", "DER", data=spki) == craft.public_key(
            tokens.home / (kind + ".key"))
    else:
        assert "in a token" in run(CMC, "show", out).stdout.decode()


def enroll(world, *more, ok=True):
    cert = world.fresh("crt")
    done = run(CMC, "enroll", "-s", "CN=holder of a token", "-T", world.server.ca_pem, "-u",
               world.server.url + "/cmc", "-a", "cmc", "-o", cert, *more, ok=ok)
    return cert, done


def test_officer_in_nss(world, tokens):
    """The officer's certificate and key by one nickname; the password from a file."""
    key = world.fresh("key")
    cert, _ = enroll(world, "--new-key", "ec:P-256", "--key-out", key, "--officer-cert",
                     tokens.nss("The%20Officer"), "--officer-pass", tokens.password)
    assert craft.Cert(craft.pem_to_der(cert)).spki == craft.public_key(key)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_both_in_tokens(world, tokens, kind):
    """Two modules in one process: the new key in SoftHSM, the officer in NSS."""
    cert, _ = enroll(world, "--key", tokens.hsm("the " + kind), "--officer-cert",
                     tokens.nss("The Officer"), "--officer-key",
                     tokens.nss("The Officer", "&pin-source=%s" % tokens.password))
    assert craft.Cert(craft.pem_to_der(cert)).spki == craft.public_key(
        tokens.home / (kind + ".key"))


def test_renewal_from_nss(world, tokens):
    """A certificate of the database renews itself with a new key."""
    tokens.into_nss(world.issue("renewing"), "renewing")
    key, cert = world.fresh("key"), world.fresh("crt")
    run(CMC, "enroll", "--renew", tokens.nss("renewing"), "--renew-pass", tokens.password,
        "--new-key", "ec:P-256", "--key-out", key, "-T", world.server.ca_pem, "-u",
        world.server.url + "/cmc", "-o", cert)
    text = craft.openssl("x509", "-in", cert, "-noout", "-subject").decode()
    assert "renewing" in text


def test_key_ids(world, tokens):
    """certutil -K's id of the officer's key, as it stands there and as Dogtag would write it."""
    lines = run("certutil", "-K", "-d", "sql:%s" % tokens.db, "-f",
                tokens.password).stdout.decode().splitlines()
    number = [line.split()[3 if line.startswith("< ") else 2] for line in lines
              if "The Officer" in line][0]
    signed = int(number, 16)
    signed -= 1 << 160 if signed >> 159 else 0
    for text in (number, "0x" + number, "%s%x" % ("-" if signed < 0 else "", abs(signed))):
        out = world.fresh("csr")
        run(CMC, "csr", "--key", "nss:%s?id=%s" % (tokens.db, text), "--key-pass", tokens.password,
            "-s", "CN=by id", "-o", out)
        spki = craft.openssl("pkey", "-pubin", "-outform", "DER", data=craft.openssl(
            "req", "-in", out, "-noout", "-pubkey"))
        assert spki == craft.public_key(world.officer.key)


BAD = {
    "wrong password": ("nss:{db}?nickname=The Officer&pin-source={pin}", 2, "password is wrong"),
    "wrong pin": ("pkcs11:token=my%20hsm;object=the%20ec?pin-source={password}", 2,
                  "password is wrong"),
    "no directory": ("nss:{db}/none?nickname=x", 2, "no NSS database"),
    "empty directory": ("nss:{hsm}?nickname=x", 2, "certutil -N"),
    "no such nickname": ("nss:{db}?nickname=The Offiser&pin-source={password}", 1,
                         "did you mean 'The Officer'"),
    "no such token": ("pkcs11:token=nobody;object=x", 1, "'my hsm'"),
    "no such key": ("pkcs11:token=my%20hsm;object=x?pin-source={pin}", 1, "no certificate 'x'"),
    "no such module": ("pkcs11:token=x?module-path=/nonexistent.so", 3, "/nonexistent.so"),
    "bad URI": ("pkcs11:colour=red", 2, "not known"),
    "old database": ("nss:{old}?nickname=x", 2, "certutil -K -X -d sql:"),
}


@pytest.mark.parametrize("case", BAD)
def test_refused(world, tokens, case):
    """One line that names the trouble, and nothing written."""
    old = tokens.home / "old"
    old.mkdir(exist_ok=True)
    (old / "cert8.db").touch()
    uri, status, text = BAD[case]
    out = world.fresh("csr")
    done = subprocess.run([CMC, "csr", "--key", uri.format(
        db=tokens.db, hsm=tokens.home / "hsm", pin=tokens.pin, password=tokens.password, old=old),
        "-s", "CN=x", "-o", str(out)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        start_new_session=True, timeout=30)
    assert done.returncode == status
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stdout == "" and not out.exists()


@pytest.mark.parametrize("where", ["nss", "hsm"])
def test_tls_client_in_a_token(world, tokens, where):
    """A bare PKCS#10, which the TLS client answers for: its key never leaves the token."""
    if where == "nss":
        identity = ["--tls-cert", tokens.nss("The Officer"), "--tls-key", tokens.nss("The Officer"),
                    "--tls-pass", tokens.password]
    else:
        tokens.into_hsm(world.officer.key, "tls client")
        identity = ["--tls-cert", world.officer.pem, "--tls-key", tokens.hsm("tls client")]
    csr, out = world.fresh("csr"), world.fresh("crt")
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", world.fresh("key"), "-s",
        "CN=over tls %s" % where, "-o", csr)
    ask = [CMC, "submit", "-u", world.server.tls_url + "/pkcs10", "--tls-ca", world.server.ca_pem,
           "-T", world.server.ca_pem, "-o", out, csr]
    assert b"TLS client certificate is required" in run(*ask, ok=None).stderr
    run(*ask, *identity)
    # and without --tls-ca the system's CAs count, which do not know ours
    plain = [a for a in ask if a not in ("--tls-ca", world.server.ca_pem, "-T")]
    done = run(*plain, *identity, "-T", world.server.ca_pem, ok=None)
    assert done.returncode != 0 and b"certificate" in done.stderr


def test_server_keys_in_a_token(tokens, folder):
    """cmcd with the keys of its CA, responder and TLS in SoftHSM, and none of them in a file."""
    home = folder / "server"
    home.mkdir()
    server = Server(home)
    text = server.conf.read_text()
    for name in ("ca", "responder", "tls"):
        key = server.home / (name + ".key")
        tokens.into_hsm(key, name)
        key.unlink()
        assert "key: %s.key" % name in text
        text = text.replace("key: %s.key" % name, 'key: "%s"' % tokens.hsm(name))
    server.conf.write_text(text)
    try:
        server.start()
        world = World(home, server)
        for n in range(8):
            person = world.issue("by a token %d" % n)
        good, words = server.openssl_verify(person.pem, home)
        assert good, words
        assert server.request("GET", "/ca.crt", tls=world.officer)[0] == 200
        assert world.revoke(person).statuses[0][0] == "success"
        assert not server.openssl_verify(person.pem, home)[0]
        server.stop()
    finally:
        server.close()


def test_a_token_is_no_file(world, tokens):
    """A new key is not written into a token as into a file, nor one in a token asked out of it."""
    done = run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", "pkcs11:token=my%20hsm", "-s",
               "CN=x", ok=None)
    assert done.returncode == 2
    assert b"names a token, where a file is wanted" in done.stderr
