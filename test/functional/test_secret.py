# SPDX-License-Identifier: Apache-2.0
"""Identity by shared secret through the real cmcd: cmcd secret, identity proofs and their links,
revocation by passphrase. Keys and MACs of the proofs are computed here, from the RFC's text."""
import concurrent.futures
import hashlib
import hmac
import os
import pathlib
import pty
import socket
import stat

import pytest

import craft
from authority import CMCD, CONFIG, Server, World, run
from der import ctx, octets, oid, parse, seq, set_of, tlv, utf8

SECRETS = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key, failures: 3}}\nlisten:\n") + """\
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, revoke: {{allow: true}}}}
  - {{path: /dogtag, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, weak: true, compat: dogtag, revoke: {{allow: true}}}}
"""
HMAC_SHA256 = "1.2.840.113549.2.9"
SHA256 = craft.DIGESTS["sha256"]
RANDOM = bytes(range(64))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secret")
    server = Server(folder, SECRETS)
    server.start()
    yield World(folder, server)
    server.close()


def register(world, name, *args, value=None):
    """A secret of this name; its value, which cmcd makes unless it is given."""
    if value is None:
        return world.server.cmcd("secret", "add", name, *args).stdout.decode().strip()
    path = world.fresh("secret")
    path.write_text(value + "\n")
    done = world.server.cmcd("secret", "add", name, "--file", path, *args)
    assert done.stdout == b""
    return value


def proof(mac_key, data):
    """identityProofV2 and popLinkWitnessV2 look alike."""
    witness = hmac.new(hashlib.sha256(mac_key).digest(), data, "sha256").digest()
    return seq(seq(oid(SHA256)), seq(oid(HMAC_SHA256)), octets(witness))


def ski_of(key):
    """SHA-1 of the key's bits, RFC 5280 section 4.2.1.2."""
    return hashlib.sha1(parse(craft.public_key(key))[1].content[1:]).digest()


def letter(world, name, secret, path="/secret", **how):
    """The answer to a message that the key to be certified signs."""
    return craft.Answer(world.server.post(path, write(world, name, secret, **how))[1])


def write(world, name, secret, link=None, cn="alice", v1=None):
    """link: the key of the POP link witness. v1: that of an identityProof of version 1."""
    key = craft.new_key(world.fresh("key"))
    ski = ski_of(key)
    attributes = [seq(oid(craft.EXTENSION_REQ), set_of(seq(
        craft.extension("2.5.29.14", octets(ski)))))]
    if link is not None:
        attributes.append(seq(oid(craft.CMC + "33"), set_of(proof(link.encode(), RANDOM))))
    requests = seq(craft.tcr(9, craft.csr(key, cn=cn, attributes=attributes)))
    controls = [craft.control(1, 2, utf8(name))]
    if v1 is None:
        controls.append(craft.control(2, 34, proof((secret + name).encode(), requests)))
    else:
        witness = hmac.new(hashlib.sha1(v1.encode()).digest(), requests, "sha1").digest()
        controls.append(craft.control(2, 3, octets(witness)))
    if link is not None:
        controls.append(craft.control(3, 22, octets(RANDOM)))
    content = seq(seq(*controls), requests, seq(), seq())
    return craft.signed_data(content, [craft.signer_info(content, None, key, sid=tlv(0x80, ski))])


def status(answer):
    """(status, failInfo) of an answer with one status."""
    assert len(answer.statuses) == 1, answer.statuses
    return answer.statuses[0][:2]


GOOD = ("success", None)
BAD = ("failed", "badIdentity")


def test_made_secret_enrolls(world):
    secret = register(world, "made")
    assert len(secret) == 32
    answer = letter(world, "made", secret)
    assert status(answer) == GOOD
    assert any(b"alice" in c.subject for c in answer.certs)
    assert "made" in world.server.cmcd("cert", "list").stdout.decode()


def test_given_secret_in_utf8(world):
    register(world, "gegeben", value="Über allen Gipfeln ist Ruh")
    assert status(letter(world, "gegeben", "Über allen Gipfeln ist Ruh")) == GOOD


# [10002-6.2.1-c]
@pytest.mark.parametrize("characters", [16, 17, 33, 64, 65, 129, 1024])
def test_secrets_of_16_characters_and_more(world, characters):
    """Stored, configured and computed with, in full: the last character counts."""
    secret = ("sixteen and more " * 64)[:characters - 1] + "x"
    register(world, "long%d" % characters, value=secret)
    assert status(letter(world, "long%d" % characters, secret[:-1] + "y")) == BAD
    assert status(letter(world, "long%d" % characters, secret)) == GOOD


def test_elsewhere_it_is_nothing(world):
    secret = register(world, "elsewhere")
    assert status(letter(world, "elsewhere", secret, path="/cmc")) == ("failed", "badRequest")


def test_unknown_and_wrong_are_told_alike(world):
    register(world, "known")
    wrong = letter(world, "known", "a guess at the secret")
    unknown = letter(world, "unknown", "a guess at the secret")
    assert status(wrong) == BAD
    assert wrong.statuses == unknown.statuses
    audit = world.server.cmcd("audit", "export").stdout.decode()
    assert "the proof is wrong" in audit and "there is no such secret" in audit


def test_locked_after_failures_and_after_a_restart(world):
    secret = register(world, "guessed")
    for n in range(3):
        assert status(letter(world, "guessed", "guess number %d at it" % n)) == BAD
    assert status(letter(world, "guessed", secret)) == BAD
    world.server.kill()
    world.server.start()
    assert status(letter(world, "guessed", secret)) == BAD
    line = next(x for x in world.server.cmcd("secret", "list").stdout.decode().splitlines()
                if x.startswith("guessed "))
    assert "locked" in line and "failures 3" in line
    world.server.cmcd("secret", "remove", "guessed")
    secret = register(world, "guessed")
    assert status(letter(world, "guessed", secret)) == GOOD


def test_once(world):
    secret = register(world, "single", "--once")
    assert status(letter(world, "single", secret)) == GOOD
    assert status(letter(world, "single", secret)) == BAD


def test_once_also_for_many_at_once(world):
    secret = register(world, "raced", "--once")
    bodies = [write(world, "raced", secret, cn="racer %d" % n) for n in range(12)]
    certs = world.server.counts().certs
    with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(lambda body: world.server.post("/secret", body)[1], bodies))
    results = sorted(status(craft.Answer(a)) for a in answers)
    assert results == [BAD] * 11 + [GOOD]
    assert world.server.counts().certs == certs + 1


def test_bound_subject(world):
    secret = register(world, "bound", "--subject", "CN=bob")
    assert status(letter(world, "bound", secret, cn="eve")) == BAD
    assert status(letter(world, "bound", secret, cn="bob")) == GOOD


def test_links(world):
    secret = register(world, "linked")
    assert status(letter(world, "linked", secret, link=secret)) == GOOD
    assert status(letter(world, "linked", secret, link="another secret")) == ("failed", "popFailed")
    dogtag = secret + "linked"
    assert status(letter(world, "linked", secret, link=dogtag)) == ("failed", "popFailed")
    assert status(letter(world, "linked", secret, link=dogtag, path="/dogtag")) == GOOD


def test_version_1(world):
    secret = register(world, "old")
    assert status(letter(world, "old", secret, v1=secret + "old")) == ("failed", "badAlg")
    assert status(letter(world, "old", secret, v1=secret + "old", path="/dogtag")) == GOOD
    assert status(letter(world, "old", secret, v1=secret, path="/dogtag")) == GOOD


def revocation(world, person, passphrase, bare=False, path="/secret"):
    content = craft.pkidata([craft.revoke_request(1, person.issuer, person.serial_der, 4,
                                                  passphrase=passphrase.encode())])
    body = (seq(oid(craft.DATA), ctx(0, octets(content))) if bare
            else craft.signed_data(content, []))
    return craft.Answer(world.server.post(path, body)[1])


@pytest.mark.parametrize("bare, path", [(False, "/secret"), (True, "/dogtag")])
def test_revocation_by_passphrase(world, bare, path):
    person = world.issue("revoked by passphrase")
    stranger = world.issue("without a passphrase")
    name = "revokes-%s" % path[1:]
    secret = register(world, name, "--purpose", "revoke", "--serial", person.cert.serial.hex())
    wrong = revocation(world, person, "not that passphrase", bare, path)
    unknown = revocation(world, stranger, secret, bare, path)
    assert status(wrong) == BAD and wrong.statuses == unknown.statuses
    assert world.server.openssl_verify(person.pem, world.folder)[0]
    assert status(revocation(world, person, secret, bare, path)) == GOOD
    good, words = world.server.openssl_verify(person.pem, world.folder)
    assert not good and "revoked" in words


def test_request_without_a_content_type(world):
    """As Dogtag's HttpClient sends it: HTTP/1.0, Content-length and nothing else."""
    person = world.issue("revoked by HttpClient")
    secret = register(world, "httpclient", "--serial", person.cert.serial.hex())
    content = craft.pkidata([craft.revoke_request(1, person.issuer, person.serial_der, 4,
                                                  passphrase=secret.encode())])
    body = seq(oid(craft.DATA), ctx(0, octets(content)))

    def answer(path):
        with socket.create_connection(("127.0.0.1", world.server.port), timeout=20) as s:
            s.sendall(b"POST %s HTTP/1.0\r\nContent-length: %d\r\n\r\n" % (path, len(body)) + body)
            head, _, rest = b"".join(iter(lambda: s.recv(65536), b"")).partition(b"\r\n\r\n")
            return int(head.split()[1]), rest

    assert answer(b"/secret")[0] == 415
    code, octets_back = answer(b"/dogtag")
    assert code == 200 and status(craft.Answer(octets_back)) == GOOD


def test_id_data_is_for_dogtag_alone(world):
    person = world.issue("not revoked")
    secret = register(world, "bare", "--serial", person.cert.serial.hex())
    assert status(revocation(world, person, secret, True)) == ("failed", "badRequest")


def test_nothing_in_clear(world):
    """Neither database nor audit log nor server log holds a secret; its key is the owner's."""
    value = "a secret to look for 4711"
    register(world, "hidden", value=value)
    assert status(letter(world, "hidden", value)) == GOOD
    assert status(letter(world, "hidden", value + "!")) == BAD
    home = world.server.home
    for file in list(home.glob("chancery.db*")) + [world.folder / "log"]:
        assert value.encode() not in file.read_bytes(), file
    assert stat.S_IMODE(os.stat(home / "secrets.key").st_mode) == 0o600
    assert (home / "secrets.key").stat().st_size == 32
    world.server.audit_verify()


ADD = {
    "too weak": (["x", "--file", "-"], b"fifteen letters\n", 2, ["15 characters", "--weak-ok"]),
    "empty": (["x", "--file", "-", "--weak-ok"], b"\n", 2, ["empty"]),
    "not UTF-8": (["x", "--file", "-"], b"\xff" * 20 + b"\n", 2, ["UTF-8"]),
    "purpose": (["x", "--purpose", "sign"], b"", 2, ["enroll or revoke"]),
    "revoke without a serial": (["x", "--purpose", "revoke"], b"", 2, ["--serial"]),
    "serial to enroll": (["x", "--purpose", "enroll", "--serial", "01"], b"", 2, ["--serial"]),
    "serial that is not there": (["x", "--serial", "0123"], b"", 1, ["no certificate"]),
    "serial that is none": (["x", "--serial", "xyz"], b"", 2, ["hexadecimal"]),
    # [10002-6.3.2-a]
    "empty subject": (["x", "--subject", ""], b"", 2, ["empty"]),
    "no name": ([""], b"", 2, ["name"]),
    "control character in the name": (["a\nb"], b"", 2, ["control"]),
    "file that is not there": (["x", "--file", "/nothing/here"], b"", 3, ["/nothing/here"]),
}


@pytest.mark.parametrize("row", ADD)
def test_refused_to_add(world, row):
    args, data, code, words = ADD[row]
    done = world.server.cmcd("secret", "add", *args, ok=code, input=data)
    for word in words:
        assert word in done.stderr.decode(), done.stderr
    assert done.stdout == b""
    assert not any(line.startswith("x ") for line in
                   world.server.cmcd("secret", "list").stdout.decode().splitlines())


def test_twice_is_refused(world):
    register(world, "twice")
    done = world.server.cmcd("secret", "add", "twice", ok=1)
    assert b"twice" in done.stderr and done.stdout == b""
    world.server.cmcd("secret", "remove", "twice")
    world.server.cmcd("secret", "remove", "twice", ok=1)


def test_key_that_others_can_read_is_refused(tmp_path):
    server = Server(tmp_path, SECRETS)
    key = server.home / "secrets.key"
    os.chmod(key, 0o640)
    assert b"chmod 600" in run_check(server).stdout + run_check(server).stderr
    os.chmod(key, 0o600)
    key.write_bytes(b"short")
    assert b"32 octets" in run_check(server).stdout + run_check(server).stderr
    server.close()


def run_check(server):
    return run(CMCD, "check-config", server.conf, ok=1)


# -- what a terminal and Dogtag's tools give ------------------------------------------------------

DOGTAG = pathlib.Path(__file__).resolve().parent.parent / "data" / "dogtag" / "10-sharedtoken"


def test_token_of_dogtag(world):
    """What Dogtag's CMCSharedToken wrote; its passphrase is short."""
    for n, name in enumerate(("tok.b64", "tok.der", "tok-b.b64")):
        args = ["secret", "add", "tok %d" % n, "--token", DOGTAG / name, "--token-key",
                DOGTAG / "ip.key"]
        done = world.server.cmcd(*args, ok=2)
        assert b"10 characters" in done.stderr and b"testing123" not in done.stderr
        done = world.server.cmcd(*args, "--weak-ok")
        assert done.stdout == b""
        assert status(letter(world, "tok %d" % n, "testing124", path="/dogtag")) == BAD
        assert status(letter(world, "tok %d" % n, "testing123", path="/dogtag")) == GOOD


def test_token_from_a_pipe_on_one_line(world):
    text = (DOGTAG / "tok.b64").read_bytes().replace(b"\r\n", b"")
    world.server.cmcd("secret", "add", "piped", "--token", "-", "--token-key", DOGTAG / "ip.key",
                      "--weak-ok", input=text)
    assert status(letter(world, "piped", "testing123", path="/dogtag")) == GOOD


def test_tokens_refused(world):
    token, key = DOGTAG / "tok.b64", DOGTAG / "ip.key"
    other = world.fresh("key")
    run("openssl", "genrsa", "-out", other, "2048")
    bad = world.fresh("bad")
    bad.write_bytes(b"no token at all")
    for args, text in (
            (["--token", token], "--token-key"),
            (["--token-key", key], "belong to --token"),
            (["--oaep"], "belong to --token"),
            (["--token", token, "--token-key", key, "--file", bad], "choose one"),
            (["--token", token, "--token-key", key, "--make"], "choose one"),
            (["--token", token, "--token-key", key, "--oaep"], "does not open with this key"),
            (["--token", token, "--token-key", other], "does not open with this key"),
            (["--token", bad, "--token-key", key], str(bad)),
            (["--token", "/nowhere", "--token-key", key], "/nowhere"),
            (["--token", token, "--token-key", "/nowhere"], "/nowhere")):
        done = world.server.cmcd("secret", "add", "bad", *args, "--weak-ok", ok=None)
        assert done.returncode != 0 and text in done.stderr.decode(), args
        assert done.stderr.count(b"\n") == 1 and done.stdout == b""
    assert b"bad " not in world.server.cmcd("secret", "list").stdout


def typed(world, lines, *args):
    """cmcd secret add at a terminal: exit code, and all that stood on it."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(CMCD, [str(CMCD), "secret", "add", *map(str, args), "-c",
                        str(world.server.home / "cmcd.yaml")])
    seen = b""
    for line in lines:
        want = seen.count(b": ") + 1
        while seen.count(b": ") < want:
            seen += os.read(fd, 1000)
        os.write(fd, line + b"\n")
    while True:
        try:
            more = os.read(fd, 1000)
        except OSError:  # so Linux says that the other end has gone
            break
        if not more:
            break
        seen += more
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen


def test_asked_on_a_terminal(world):
    secret = b"typed on a terminal"
    code, seen = typed(world, [secret, secret], "typed")
    assert code == 0 and b"Secret for typed" in seen and secret not in seen
    assert status(letter(world, "typed", secret.decode())) == GOOD
    code, seen = typed(world, [secret, b"something else here"], "slip")
    assert code == 2 and b"not twice the same" in seen
    code, seen = typed(world, [b"short", b"short"], "short")
    assert code == 2 and b"5 characters" in seen
    # Nothing typed, and nothing asked: one is made.
    code, seen = typed(world, [b"", b""], "blank")
    assert code == 0
    made = seen.decode().split()[-1]
    assert len(made) == 32 and status(letter(world, "blank", made)) == GOOD
    code, seen = typed(world, [], "not asked", "--make")
    assert code == 0 and b"Secret for" not in seen and len(seen.strip()) == 32
