# SPDX-License-Identifier: Apache-2.0
"""More than one officer, with the real programs: signatures on one message (cmc sign), and approval
from afar of what is held (cmcd request show -m, cmc sign, cmc submit)."""
import pytest

import craft
from authority import CMC, CONFIG, Server, World, run

CONFIGURED = CONFIG + """\
  - {{path: /quorum, accept: [cmc], answer: [cmc], profile: client, officer: required, quorum: 2}}
  - {{path: /held, accept: [cmc], answer: [cmc], profile: client, officer: optional,
     approvals: 2, poll: 0}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quorum")
    server = Server(folder, CONFIGURED)
    server.start()
    w = World(folder, server)
    w.ann = w.register(w.issue("ann"), "enroll,approve")
    w.bob = w.register(w.issue("bob"), "approve")
    w.eve = w.register(w.issue("eve"), "ra")
    yield w
    server.close()


def request(world, cn, *who):
    """A message of cmc request for a new key, signed by an officer or (without) by that key."""
    key, csr, out = world.fresh("key"), world.fresh("csr"), world.fresh("crq")
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=" + cn, "--ski", "-o", csr)
    run(CMC, "request", *(who or ("--self", "--signer-key", key)), "-o", out, csr)
    return out, key


def officer(person):
    return "--officer-cert", person.pem, "--officer-key", person.key


def signer(person):
    return "--signer-cert", person.pem, "--signer-key", person.key


def sign(world, message, person, *args, **kw):
    out = world.fresh("crq")
    done = run(CMC, "sign", message, *signer(person), "-o", out, *args, **kw)
    return out, done


def submit(world, path, message, ok=True):
    out = world.fresh("crp")
    done = run(CMC, "submit", "-u", world.server.url + path, "--no-trust", "-o", out, message,
               ok=ok)
    return done.stdout + done.stderr, out


def audited(world, *words):
    lines = world.server.cmcd("audit", "export").stdout.decode().splitlines()
    return any(all(w in line for w in words) for line in lines)


def test_two_of_three_issue(world):
    first, key = request(world, "www", *signer(world.officer))
    both, _ = sign(world, first, world.ann)
    _, answer = submit(world, "/quorum", both)
    got = craft.Answer(answer.read_bytes())
    assert [c for c in got.certs if c.spki == craft.public_key(key)]
    assert audited(world, '"event":"issue"', "CN=www", '"signers":"')
    # the PKIData is the same, octet by octet
    assert craft.openssl("cms", "-verify", "-noverify", "-nosigs", "-inform", "DER", "-in",
                         first) == craft.openssl("cms", "-verify", "-noverify", "-nosigs",
                                                 "-inform", "DER", "-in", both)


def test_fewer_do_not(world):
    first, _ = request(world, "alone", *signer(world.officer))
    text, _ = submit(world, "/quorum", first, ok=1)
    assert b"badRequest" in text and b"2 different officers" in text
    # eve is an officer outside of her role
    both, _ = sign(world, first, world.eve)
    text, _ = submit(world, "/quorum", both, ok=1)
    assert b"badRequest" in text and b"eve" in text
    assert audited(world, '"failInfo":"badRequest"', "CN=alone", "eve")
    _, done = sign(world, first, world.officer, ok=1)
    assert b"signed it already" in done.stderr
    world.server.audit_verify()


def test_approved_from_afar(world):
    key, cert = world.fresh("key"), world.fresh("crt")
    run(CMC, "enroll", "-u", world.server.url + "/held", "-T", world.server.ca_pem,
        *officer(world.officer), "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=far", "-o",
        cert, ok=4)
    row = world.server.cmcd("request", "list").stdout.decode().split()
    message = world.fresh("crq")
    world.server.cmcd("request", "show", row[0], "-m", message)
    by_ann, _ = sign(world, message, world.ann)
    text, _ = submit(world, "/held", by_ann)
    assert b"1 of 2 approvals" in text
    # ann once more, in another way
    again, _ = sign(world, message, world.ann, "--alone")
    text, _ = submit(world, "/held", again, ok=1)
    assert b"ann approved it before" in text
    # and an administrator in her name
    done = world.server.cmcd("request", "approve", row[0], "--as", "ann", ok=1)
    assert b"approved it before" in done.stderr
    by_eve, _ = sign(world, message, world.eve)
    text, _ = submit(world, "/held", by_eve, ok=1)
    assert b"eve does not have the role approve" in text
    run(CMC, "poll", str(cert) + ".pending", ok=4)
    by_bob, _ = sign(world, message, world.bob)
    text, _ = submit(world, "/held", by_bob)
    assert b"2 of 2 approvals" in text
    run(CMC, "poll", str(cert) + ".pending")
    craft.openssl("verify", "-CAfile", world.server.ca_pem, cert)
    assert audited(world, '"event":"request-approve"', '"by":"bob"')
    world.server.audit_verify()


def test_what_cannot_be_signed(world):
    message, _ = request(world, "self")
    _, done = sign(world, message, world.ann, ok=1)
    assert b"--alone" in done.stderr
    alone, _ = sign(world, message, world.ann, "--alone")
    shown = run(CMC, "show", alone).stdout
    assert b"PKIData" in shown
    assert b"--signer-cert" in run(CMC, "sign", message, ok=2).stderr
    _, done = sign(world, world.ann.pem, world.ann, ok=1)
    _, answer = submit(world, "/held", request(world, "x", *signer(world.ann))[0], ok=4)
    _, done = sign(world, answer, world.ann, ok=1)
    assert b"no PKIData" in done.stderr
