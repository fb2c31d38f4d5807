# SPDX-License-Identifier: Apache-2.0
"""A CA far below its root, and one whose superior is certified twice: what is given out, who can
follow it, and what in a chain is refused."""
import subprocess

import pytest

import craft
from authority import CMC, CMCD, CONFIG, Server, World, run

CA_EXTENSIONS = """\
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


class Pki:
    """CA certificates made by openssl, in a folder."""

    def __init__(self, folder):
        self.folder, self.serial = folder, 100
        self.extensions = folder / "ca.ext"
        self.extensions.write_text(CA_EXTENSIONS)

    def key(self, name):
        path = self.folder / (name + ".key")
        if not path.exists():
            craft.new_key(path)
        return path

    def pem(self, name):
        return self.folder / (name + ".crt")

    def make(self, name, issuer=None, file=None):
        """The CA `name`, certified by another or by itself; file: of the certificate."""
        request, out = self.folder / (name + ".csr"), self.pem(file or name)
        craft.openssl("req", "-new", "-key", self.key(name), "-subj", "/O=Chains/CN=" + name,
                      "-out", request)
        self.serial += 1
        by = ["-CA", self.pem(issuer), "-CAkey", self.key(issuer)] if issuer else [
            "-signkey", self.key(name)]
        craft.openssl("x509", "-req", "-in", request, *by, "-set_serial", self.serial, "-days",
                      "900", "-extfile", self.extensions, "-out", out)
        return out

    def join(self, out, *names):
        path = self.folder / out
        path.write_bytes(b"".join(self.pem(n).read_bytes() for n in names))
        return path


class Below(Server):
    """cmcd with the CA `name` of a Pki, and these files as its chain."""

    def __init__(self, pki, name, chain):
        folder = pki.folder
        self.folder, self.process, self.env, self.moved = folder, None, None, {}
        self.log = open(folder / "log", "ab")
        self.home = folder / "ca"
        run(CMCD, "init", self.home, "--ca-cert", pki.pem(name), "--ca-key", pki.key(name),
            "--ca-chain", chain)
        self.ca_pem, self.ca_key = pki.pem(name), pki.key(name)
        self.database = self.home / "chancery.db"
        self.conf = self.home / "test.yaml"
        self.ports = folder / "ports"
        self.write([chain])

    def write(self, chain):
        text = CONFIG.format(
            database=self.database, ca="ca.crt", ca_key=self.ca_key, responder="responder.crt",
            responder_key="responder.key", tls="tls.crt", tls_key="tls.key")
        self.conf.write_text(text.replace(
            "authority:\n", "authority:\n  chain: [%s]\n" % ", ".join(map(str, chain)), 1))


def files(pki, *names):
    return [craft.pem_to_der(pki.pem(n)) for n in names]


def enroll(world):
    """By the officer, over the endpoint that answers with the chain: the leaf's file, the rest."""
    key = craft.new_key(world.fresh("key"))
    body = craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2)],
                         [craft.tcr(10, craft.csr(key, "leaf"))])
    _, answer = world.server.post("/chain", craft.message(body, world.officer.cert,
                                                          world.officer.key))
    certs = [c.der for c in craft.Answer(answer).certs]
    leaf = [d for d in certs if craft.Cert(d).spki == craft.public_key(key)]
    assert len(leaf) == 1
    return world.save("leaf", key, leaf[0]).pem, [d for d in certs if d != leaf[0]]


def verify(folder, leaf, root, others):
    """openssl with nothing trusted but one root."""
    untrusted = folder / "untrusted.pem"
    untrusted.write_bytes(b"".join(craft.openssl("x509", "-inform", "DER", data=d)
                                   for d in others))
    return subprocess.run(["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore",
                           "-CAfile", root, "-untrusted", untrusted, leaf],
                          capture_output=True, text=True)


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """root, a, b, c and the CA itself, given from the root down and in two files."""
    pki = Pki(tmp_path_factory.mktemp("deep"))
    for name, issuer in (("root", None), ("a", "root"), ("b", "a"), ("c", "b"), ("ca", "c")):
        pki.make(name, issuer)
    server = Below(pki, "ca", pki.join("chain.pem", "root", "a", "b", "c"))
    server.write([pki.pem("root"), pki.join("rest.pem", "b", "a", "c")])
    server.start()
    yield World(pki.folder, server), pki
    server.close()


def test_five_deep(deep):
    world, pki = deep
    leaf, others = enroll(world)
    assert sorted(others) == sorted(files(pki, "ca", "c", "b", "a", "root"))
    done = verify(pki.folder, leaf, pki.pem("root"), others)
    assert done.returncode == 0, done.stderr
    # None of the five can be done without.
    for missing in files(pki, "ca", "c", "b", "a"):
        assert verify(pki.folder, leaf, pki.pem("root"),
                      [d for d in others if d != missing]).returncode != 0
    world.server.cmcd("check-config")
    world.server.cmcd("doctor")


def test_a_chain_needs_no_root(deep):
    """Which was good before is good now."""
    world, pki = deep
    text = world.server.conf.read_text()
    world.server.write([pki.join("rootless.pem", "c", "b", "a")])
    world.server.cmcd("check-config")
    world.server.conf.write_text(text)


@pytest.fixture(scope="module")
def crossed(tmp_path_factory):
    """old and new are roots, both of which certify upper, which certifies the CA."""
    pki = Pki(tmp_path_factory.mktemp("crossed"))
    pki.make("old")
    pki.make("new")
    pki.make("upper", "old")
    pki.make("upper", "new", "cross")
    pki.make("ca", "upper")
    server = Below(pki, "ca", pki.join("chain.pem", "upper", "new", "cross", "old"))
    server.start()
    yield World(pki.folder, server), pki
    server.close()


def test_cross_signed(crossed):
    """Who trusts either root has the way to it. openssl takes the first issuer that fits and never
    turns back, so it is given what is not a certificate of the other root."""
    world, pki = crossed
    leaf, others = enroll(world)
    assert sorted(others) == sorted(files(pki, "ca", "upper", "old", "cross", "new"))
    for root, way, detour in (("old", "upper", "cross"), ("new", "cross", "upper")):
        other_way = files(pki, detour)[0]
        done = verify(pki.folder, leaf, pki.pem(root), [d for d in others if d != other_way])
        assert done.returncode == 0, done.stderr
        both = files(pki, way, detour)
        assert verify(pki.folder, leaf, pki.pem(root),
                      [d for d in others if d not in both]).returncode != 0
    world.server.cmcd("check-config")


@pytest.mark.parametrize("root", ["old", "new"])
def test_the_client_finds_the_way(crossed, root):
    """Of the two that certify upper, whichever stands first in the message."""
    world, pki = crossed
    out = world.fresh("crt")
    run(CMC, "enroll", "-u", world.server.url + "/cmc", "-T", pki.pem(root), "--officer-cert",
        world.officer.pem, "--officer-key", world.officer.key, "--new-key", "ec:P-256", "--key-out",
        world.fresh("key"), "-s", "CN=by " + root, "-o", out)
    run("openssl", "verify", "-partial_chain", "-CAfile", pki.pem("ca"), out)


def test_another_root_is_no_anchor(crossed):
    """It certifies our superior. Its people are not our officers, be they registered or not."""
    world, pki = crossed
    key, pem, request = (world.fresh(s) for s in ("key", "crt", "csr"))
    craft.new_key(key)
    craft.openssl("req", "-new", "-key", key, "-subj", "/CN=theirs", "-out", request)
    craft.openssl("x509", "-req", "-in", request, "-CA", pki.pem("new"), "-CAkey", pki.key("new"),
                  "-set_serial", "7", "-days", "9", "-out", pem)
    theirs = world.person("theirs", key, pem)
    world.server.cmcd("officer", "add", "theirs", "--cert", pem, "--roles", "enroll", ok=None)
    body = craft.pkidata([craft.transaction_id(1, 5), craft.sender_nonce(2)],
                         [craft.tcr(10, craft.csr(world.key, "for them"))])
    _, answer = world.server.post("/cmc", craft.message(body, theirs.cert, theirs.key))
    assert craft.Answer(answer).statuses[0][:2] == ("failed", "badIdentity")


@pytest.mark.parametrize("names, file, words", [
    (("upper", "stranger"), "bad.pem", "O=Chains, CN=stranger"),  # foreign
    (("old",), "bad.pem", "O=Chains, CN=old"),  # upper is missing between
    (("upper", "new"), "bad.pem", "O=Chains, CN=new"),  # so is what new says of upper
    (("upper", "officer"), "bad.pem", "not the certificate of a CA"),
])
def test_refused(crossed, names, file, words):
    world, pki = crossed
    if not pki.pem("stranger").exists():
        pki.make("stranger")
        pki.pem("officer").write_bytes(world.officer.pem.read_bytes())
    server = world.server
    text = server.conf.read_text()
    server.write([pki.join(file, *names)])
    try:
        found = server.cmcd("check-config", ok=1).stdout.decode()
        errors = [line for line in found.splitlines() if line.startswith("error: ")]
        said = run(CMCD, "serve", "-c", server.conf, ok=2).stderr.decode()
        assert len(errors) == 1 and said.count("cmcd serve: ") == 1, (found, said)
        for word in (file, words):
            assert word in errors[0] and word in said, (found, said)
    finally:
        server.conf.write_text(text)


def test_init_refuses_it_too(crossed, tmp_path):
    world, pki = crossed
    done = run(CMCD, "init", tmp_path / "no", "--ca-cert", pki.pem("ca"), "--ca-key", pki.key("ca"),
               "--ca-chain", pki.join("old.pem", "old"), ok=None)
    assert done.returncode != 0 and b"old.pem: 'O=Chains, CN=old'" in done.stderr
    assert not (tmp_path / "no").exists()
