# SPDX-License-Identifier: Apache-2.0
"""Trust anchors that cmcd publishes and cmc anchors takes over (RFC 10002 sections 6.15, 6.16)."""
import concurrent.futures
import json
import subprocess

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run

ANCHORS = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key, failures: 3}}\nlisten:\n") + """\
  - {{path: /anchors, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, publish-anchors: true, renewal: true}}
"""


def make(folder):
    server = Server(folder, ANCHORS)
    server.start()
    return World(folder, server)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = make(tmp_path_factory.mktemp("anchors"))
    yield world
    world.server.close()


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another CA, which publishes too."""
    world = make(tmp_path_factory.mktemp("other"))
    yield world
    world.server.close()


def new_root(world, cn, days=30):
    key, cert = world.fresh("key"), world.fresh("crt")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", key, "-subj", "/CN=" + cn, "-days", str(days), "-out", cert)
    return key, cert


def publish(world, *certs, **kw):
    """The sequence number that the set was given."""
    done = world.server.cmcd("anchors", "publish", *certs, **kw)
    return int(done.stdout.decode().split()[1].rstrip(",")) if done.returncode == 0 else done


def update(world, state, *args, ok=True, url=None):
    return run(CMC, "anchors", "update", "-s", state, "-u",
               (url or world.server.url) + "/anchors", *args, ok=ok)


def sets(state):
    return json.loads(state.read_text())["sets"]


def trusts(bundle, cert):
    """Does openssl accept a certificate with what was written?"""
    return subprocess.run(["openssl", "verify", "-CAfile", bundle, cert],
                          capture_output=True).returncode == 0


# -- publishing

def test_publish_and_list(world):
    _, root = new_root(world, "Listed")
    first = publish(world, world.server.ca_pem, root)
    assert publish(world, world.server.ca_pem, root, root) == first + 1
    text = world.server.cmcd("anchors", "list").stdout.decode()
    assert text.startswith("seqNumber %d, published 20" % (first + 1))
    assert text.count("\n") == 3 and "CN=Listed" in text
    world.server.audit_verify()


def test_what_cannot_be_published(world):
    key = world.fresh("key")
    craft.new_key(key)
    assert publish(world, key, ok=1).stdout == b""
    world.server.cmcd("anchors", "publish", ok=2)
    roots = [new_root(world, "Root %d" % i)[1] for i in range(17)]
    assert publish(world, *roots, ok=2).stdout == b""
    both = world.fresh("pem")
    both.write_bytes(b"".join(r.read_bytes() for r in roots))
    assert b"CMC_LIMIT_ANCHORS" in publish(world, both, ok=1).stderr


def test_an_endpoint_that_does_not_publish(world):
    state = world.fresh("state")
    done = run(CMC, "anchors", "update", "-s", state, "-u", world.server.url + "/cmc", "-T",
               world.server.ca_pem, "--signer-cert", world.officer.pem, "--signer-key",
               world.officer.key, ok=1)
    assert b"publishes no trust anchors" in done.stderr and not state.exists()


# -- taking over

def test_take_over(world):
    """[10002-6.15-b, 10002-6.15-u1, 10002-10-u3]: a new root comes, is trusted afterwards, and its
    source is kept."""
    state, out = world.fresh("state"), world.fresh("pem")
    _, root = new_root(world, "Next Root")
    number = publish(world, world.server.ca_pem, root)
    assert not trusts(world.server.ca_pem, root)
    update(world, state, "-T", world.server.ca_pem, "-o", out)
    assert trusts(out, root) and trusts(out, world.officer.pem)
    # Its source stands beside it.
    text = out.read_text()
    assert "# published by" in text and world.server.url in text and "seqNumber 0x" in text
    local, published = sets(state)
    assert local["publisher"] == "local" and len(local["anchors"]) == 1
    assert int(published["seqNumber"], 16) == number and published["believedBy"] == "signature"
    # What was written is what other commands read.
    run(CMC, "get", "cert", "-u", world.server.url + "/cmc", "-T", out, "--issuer-cert",
        world.server.ca_pem, "--serial", "0x" + world.victim.cert.serial.hex(), "--signer-cert",
        world.officer.pem, "--signer-key", world.officer.key)
    listed = run(CMC, "anchors", "list", "-s", state).stdout
    assert json.loads(listed)["sets"] == sets(state)


def test_the_same_again(world):
    """[10002-6.15-e]: nothing new, and nothing old in the place of something new."""
    state = world.fresh("state")
    publish(world, world.server.ca_pem)
    old = world.fresh("response")
    request = world.fresh("request")
    body = craft.message(craft.pkidata([craft.sender_nonce(1)]), world.officer.cert,
                         world.officer.key)
    request.write_bytes(body)
    run(CMC, "submit", "-u", world.server.url + "/anchors", "-o", old, request)
    publish(world, world.server.ca_pem)
    update(world, state, "-T", world.server.ca_pem)
    before = state.read_text()
    assert b"is not greater than" in update(world, state, ok=1).stderr
    done = run(CMC, "anchors", "update", "-s", state, "--response", old, ok=1)
    assert b"is not greater than" in done.stderr
    assert state.read_text() == before
    # The next one needs no --trust any more, nor what was named with it.
    publish(world, world.server.ca_pem)
    update(world, state, "--drop-named")
    assert [s["publisher"] == "local" for s in sets(state)] == [False]


def test_a_set_replaces_the_one_before(world):
    state, out = world.fresh("state"), world.fresh("pem")
    _, gone = new_root(world, "Gone")
    publish(world, world.server.ca_pem, gone)
    update(world, state, "-T", world.server.ca_pem, "--drop-named", "-o", out)
    assert trusts(out, gone)
    publish(world, world.server.ca_pem)
    update(world, state, "-o", out)
    assert not trusts(out, gone) and trusts(out, world.officer.pem)


def test_several_publishers(world, other):
    """[10002-6.15-f]: each has its own set and its own numbers."""
    state = world.fresh("state")
    number = publish(world, world.server.ca_pem)
    assert publish(other, other.server.ca_pem) < number
    update(world, state, "-T", world.server.ca_pem)
    # The other CA is not trusted by the first one's anchors.
    assert b"no trusted path" in update(other, state, ok=1).stderr
    update(other, state, "-T", other.server.ca_pem)
    assert len([s for s in sets(state) if s["publisher"] != "local"]) == 2
    assert b"is not greater" in update(world, state, ok=1).stderr
    publish(world, world.server.ca_pem)
    update(world, state)
    assert b"is not greater" in update(other, state, ok=1).stderr
    # One of them is not needed any more.
    first = next(s for s in sets(state) if s["publisher"] != "local")
    run(CMC, "anchors", "forget", "-s", state, "--publisher", first["publisher"])
    assert first not in sets(state) and len(sets(state)) == 2
    run(CMC, "anchors", "forget", "-s", state, "--publisher", first["publisher"], ok=1)


def digest(data):
    return craft.openssl("dgst", "-sha256", "-r", data=data).decode().split()[0]


def test_who_may_publish(world):
    """[10002-6.15-c]"""
    state = world.fresh("state")
    publish(world, world.server.ca_pem)
    responder = craft.Cert(craft.pem_to_der(world.server.home / "responder.crt"))
    done = update(world, state, "-T", world.server.ca_pem, "--publisher",
                  digest(world.officer.cert.der), ok=1)
    assert b"none of those that may publish" in done.stderr and not state.exists()
    update(world, state, "-T", world.server.ca_pem, "--publisher", digest(world.officer.cert.der),
           "--publisher", digest(responder.der))
    publish(world, world.server.ca_pem)
    colons = digest(responder.spki).upper()
    update(world, state, "--publisher", ":".join(colons[i:i + 2] for i in range(0, 64, 2)))


def test_a_stranger_publishes(world, other):
    """[10002-6.15-b]"""
    state = world.fresh("state")
    publish(other, other.server.ca_pem)
    done = update(other, state, "-T", world.server.ca_pem, ok=1)
    assert b"no trusted path" in done.stderr and not state.exists()


def test_two_at_once(world):
    """One of them takes the set over; to the others it is old."""
    state = world.fresh("state")
    publish(world, world.server.ca_pem)
    update(world, state, "-T", world.server.ca_pem)
    publish(world, world.server.ca_pem)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(lambda _: update(world, state, ok=None).returncode, range(4)))
    assert codes == [0, 1, 1, 1]


# -- first contact

def secret_of(world, name):
    path = world.fresh("secret")
    path.write_bytes(world.server.cmcd("secret", "add", name).stdout)
    return path


def test_first_contact(world):
    """[10002-6.16-u1]: nothing is trusted but a secret; afterwards the signature will do."""
    state, out = world.fresh("state"), world.fresh("pem")
    secret = secret_of(world, "newcomer")
    publish(world, world.server.ca_pem)
    update(world, state, "--identity", "newcomer", "--secret-file", secret, "-o", out)
    assert sets(state)[0]["believedBy"] == "shared secret"
    assert trusts(out, world.officer.pem)
    assert b"is not greater" in update(world, state, ok=1).stderr
    publish(world, world.server.ca_pem)
    update(world, state)
    assert [s["believedBy"] for s in sets(state)] == ["signature"]


def test_a_wrong_secret(world):
    state, wrong = world.fresh("state"), world.fresh("secret")
    secret_of(world, "guessed")
    wrong.write_text("sixteen or more characters\n")
    publish(world, world.server.ca_pem)
    done = update(world, state, "--identity", "guessed", "--secret-file", wrong, ok=1)
    assert b"badIdentity" in done.stderr and not state.exists()


def test_a_server_without_the_secret(world, other):
    """Somebody else answers in the CA's place: it cannot make the MAC."""
    state = world.fresh("state")
    secret = secret_of(world, "careful")
    secret_of(other, "careful")
    publish(other, other.server.ca_pem)
    done = update(other, state, "--identity", "careful", "--secret-file", secret, ok=1)
    assert b"badIdentity" in done.stderr and not state.exists()


# -- files and options

@pytest.mark.parametrize("text", [
    "", "{}", "[]", '{"version": 2, "sets": []}', '{"version": 1, "sets": [{}]}',
    '{"version": 1, "sets": [{"publisher": "local", "source": "x", "anchors": [1]}]}',
    '{"version": 1, "sets": [{"publisher": "local", "source": "x", "anchors": ["no PEM"]}]}',
])
def test_a_damaged_state(world, text):
    state = world.fresh("state")
    state.write_text(text)
    done = update(world, state, "-T", world.server.ca_pem, ok=1)
    assert done.stderr and state.read_text() == text


@pytest.mark.parametrize("args", [
    ["update"], ["update", "-s", "x"], ["update", "-s", "x", "-u", "http://a", "--response", "r"],
    ["list"], ["forget", "-s", "x"], ["remember", "-s", "x"], ["update", "-s", "x", "-u", "http://a", "--identity", "n"],
    ["update", "-s", "x", "-u", "http://a", "--publisher", "12"],
    ["update", "-s", "x", "-u", "http://a", "--no-eku"],
    ["update", "-s", "x", "-u", "http://127.0.0.1:1"],
])
def test_usage(world, args, monkeypatch):
    monkeypatch.chdir(world.folder)
    done = run(CMC, "anchors", *args, ok=2)
    assert done.stdout == b"" and done.stderr.count(b"\n") == 1
