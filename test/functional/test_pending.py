# SPDX-License-Identifier: Apache-2.0
"""Requests that wait for approval and certificates that wait for their confirmation, through the
real cmcd and cmc (RFC 10002 sections 6.13 and 6.14)."""
import hashlib
import hmac
import json
import os
import sqlite3
import stat
import threading
import time

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run
from der import octets, oid, parse, seq, set_of, tlv, utf8

WAITING = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key}}\nlisten:\n") + """\
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, approvals: 1, poll: 0}}
  - {{path: /held, accept: [cmc, pkcs10], answer: [cmc, pkix-cert], profile: client,
     officer: optional, approvals: 1, poll: 0, status-v1: true}}
  - {{path: /two, accept: [cmc], answer: [cmc], profile: client, officer: required,
     approvals: 2, poll: 60}}
  - {{path: /confirm, accept: [cmc], answer: [cmc, certs-only], profile: client,
     officer: optional, confirm: 60}}
  - {{path: /both, accept: [cmc], answer: [cmc], profile: client, officer: required,
     approvals: 1, poll: 0, confirm: 60}}
  - {{path: /now, accept: [cmc], answer: [cmc], profile: client, officer: required,
     signing-time: 5, response-info: "ask the help desk"}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pending")
    server = Server(folder, WAITING)
    server.start()
    yield World(folder, server)
    server.close()


def enroll(world, path, cn, *args, ok=True, who=None):
    """cmc enroll with a new key; (what it did, certificate file, key file)."""
    key, cert = world.fresh("key"), world.fresh("crt")
    who = who or ("--officer-cert", world.officer.pem, "--officer-key", world.officer.key)
    done = run(CMC, "enroll", "-u", world.server.url + path, "-T", world.server.ca_pem, *who,
               "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=" + cn, "-o", cert, *args,
               ok=ok)
    return done, cert, key


def listed(world, cn, *args):
    """The row of cmcd request list with this subject."""
    rows = [r for r in world.server.cmcd("request", "list", *args).stdout.decode().splitlines()
            if r.endswith("CN=" + cn)]
    assert len(rows) <= 1
    return rows[0].split() if rows else None


def state_of(world, cert):
    serial = craft.Cert(craft.pem_to_der(cert)).serial
    done = world.server.cmcd("cert", "show", serial.hex())
    return dict(line.split(": ", 1) for line in done.stdout.decode().splitlines()[:4]
                if ": " in line)


def count(world, cn):
    db = sqlite3.connect("file:%s?mode=ro" % world.server.database, uri=True)
    try:
        return db.execute("SELECT count(*) FROM cert WHERE subject_text = ?",
                          ("CN=" + cn,)).fetchone()[0]
    finally:
        db.close()


def audited(world, *words):
    out = world.server.cmcd("audit", "export").stdout.decode()
    return any(all(w in line for w in words) for line in out.splitlines())


# -- approval

def test_held_listed_approved_polled(world):
    done, cert, key = enroll(world, "/held", "www", "--chain-out", world.fresh("chain"), ok=4)
    state = cert.with_name(cert.name + ".pending")
    assert b"pending" in done.stderr and str(state).encode() in done.stderr
    assert not cert.exists()
    assert stat.S_IMODE(os.stat(state).st_mode) == 0o600
    row = listed(world, "www")
    assert row[1] == "waiting" and row[2:5] == ["0", "of", "1"]
    shown = world.server.cmcd("request", "show", row[0]).stdout.decode()
    assert "requester: officer" in shown and "profile: client" in shown
    assert "endpoint: /held" in shown and "subjectPublicKey" in shown

    assert run(CMC, "poll", state, ok=4).stderr.count(b"pending") >= 1
    assert b"approved" in world.server.cmcd("request", "approve", row[0]).stdout
    assert count(world, "www") == 0
    world.server.stop()
    world.server.start()  # nothing is lost; but the port is another
    text = json.loads(state.read_text())
    text["url"] = world.server.url + "/held"
    state.write_text(json.dumps(text))
    run(CMC, "poll", state)
    assert cert.exists() and not state.exists()
    craft.openssl("verify", "-CAfile", world.server.ca_pem, cert)
    assert craft.Cert(craft.pem_to_der(cert)).spki == craft.public_key(key)
    assert count(world, "www") == 1
    assert listed(world, "www") is None
    assert listed(world, "www", "--all")[1] == "issued"
    assert audited(world, "request-approve", '"request":%s' % row[0])
    world.server.audit_verify()


def test_refused_with_a_reason(world):
    _, cert, _ = enroll(world, "/held", "refused", ok=4)
    state = cert.with_name(cert.name + ".pending")
    number = listed(world, "refused")[0]
    world.server.cmcd("request", "refuse", number, ok=2)  # the reason is missing
    world.server.cmcd("request", "refuse", number, "--reason", "no such host here")
    done = run(CMC, "poll", state, ok=1)
    assert b"no such host here" in done.stderr and b"badRequest" in done.stderr
    assert not cert.exists() and count(world, "refused") == 0
    assert audited(world, "request-refuse", "no such host here")


def test_decisions_that_cannot_be(world):
    enroll(world, "/held", "decided", ok=4)
    number = listed(world, "decided")[0]
    assert b"there is no request 4711" in world.server.cmcd("request", "approve", "4711",
                                                            ok=1).stderr
    assert b"there is no request" in world.server.cmcd("request", "show", "4711", ok=1).stderr
    for wrong in ("0", "-1", "x", "1x", ""):
        world.server.cmcd("request", "approve", wrong, ok=2)
    world.server.cmcd("request", "approve", number)
    assert b"approved already" in world.server.cmcd("request", "approve", number, ok=1).stderr
    world.server.cmcd("request", "refuse", number, "--reason", "after all")
    assert b"refused already" in world.server.cmcd("request", "approve", number, ok=1).stderr
    world.server.cmcd("request", "refuse", number, "--reason", "two\nlines", ok=2)


def test_two_must_approve(world):
    _, cert, _ = enroll(world, "/two", "quorum", ok=4)
    state = cert.with_name(cert.name + ".pending")
    number = listed(world, "quorum")[0]
    assert b"waits for more" in world.server.cmcd("request", "approve", number, "--as",
                                                  "ann").stdout
    assert b"ann approved it before" in world.server.cmcd("request", "approve", number, "--as",
                                                          "ann", ok=1).stderr
    run(CMC, "poll", state, ok=4)
    world.server.cmcd("request", "approve", number, "--as", "ben")
    shown = world.server.cmcd("request", "show", number).stdout.decode()
    assert "by ann\n" in shown and "by ben\n" in shown
    run(CMC, "poll", state)
    assert cert.exists()


def test_waiting_for_it(world):
    """--wait goes on asking; an approval in between ends it."""
    timer = threading.Thread(target=approve_when_there, args=(world, "patient"))
    timer.start()
    done, cert, _ = enroll(world, "/held", "patient", "--wait", "30", "--json")
    timer.join()
    assert json.loads(done.stdout)["result"] == "success"
    assert cert.exists() and not cert.with_name(cert.name + ".pending").exists()


def approve_when_there(world, cn):
    give_up = time.monotonic() + 20
    while listed(world, cn) is None:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    world.server.cmcd("request", "approve", listed(world, cn)[0])


def test_not_before_the_time_told(world):
    """The server says in an hour; cmc does not ask before, and does not wait in vain."""
    begun = time.monotonic()
    enroll(world, "/two", "impatient", "--wait", "30", ok=4)
    assert time.monotonic() - begun < 10


def test_the_key_asks_for_itself(world):
    _, cert, key = enroll(world, "/held", "self", ok=4, who=("--self",))
    state = cert.with_name(cert.name + ".pending")
    run(CMC, "poll", state, ok=4)
    world.server.cmcd("request", "approve", listed(world, "self")[0])
    run(CMC, "poll", state)
    assert craft.Cert(craft.pem_to_der(cert)).spki == craft.public_key(key)


def test_a_bare_pkcs10_waits_too(world):
    _, cert, key = enroll(world, "/held", "simple", ok=4, who=("--simple",))
    world.server.cmcd("request", "approve", listed(world, "simple")[0])
    run(CMC, "poll", cert.with_name(cert.name + ".pending"))
    assert craft.Cert(craft.pem_to_der(cert)).spki == craft.public_key(key)


def test_somebody_elses_token(world):
    """The file is stolen, the key is not."""
    _, cert, _ = enroll(world, "/held", "stolen", ok=4)
    state = cert.with_name(cert.name + ".pending")
    world.server.cmcd("request", "approve", listed(world, "stolen")[0])
    thief = world.enroller
    text = json.loads(state.read_text())
    text.update(signerCert=str(thief.pem), signerKey=str(thief.key))
    theirs = world.fresh("pending")
    theirs.write_text(json.dumps(text))
    done = run(CMC, "poll", theirs, "-o", world.fresh("crt"), ok=1)
    assert b"no request of yours" in done.stderr
    assert count(world, "stolen") == 0
    text = json.loads(state.read_text())
    text["token"] = "00" * 32
    theirs.write_text(json.dumps(text))
    assert b"no request of yours" in run(CMC, "poll", theirs, ok=1).stderr
    run(CMC, "poll", state)
    assert count(world, "stolen") == 1


@pytest.mark.parametrize("text", [
    "", "{}", "[]", "null", '{"version": 2}', '{"version": 1, "trust": []}',
    '{"version": 1, "trust": [1], "url": "x"}', '{"version": 1, "trust": [], "url": 7}',
    '{"version": 1, "trust": [], "url": "x", "signerKey": "k", "publicKey": "zz"}'])
def test_files_that_are_none(world, text):
    path = world.fresh("pending")
    path.write_text(text)
    done = run(CMC, "poll", path, ok=1)
    assert done.stderr.count(b"\n") == 1 and str(path).encode() in done.stderr


def test_a_secret_for_one_use(world):
    """Holding uses it up; from then on the key of the request asks, or nobody."""
    secret = world.server.cmcd("secret", "add", "once", "--once").stdout.decode().strip()
    key = craft.new_key(world.fresh("key"))
    got = by_secret(world, "once", secret, key, seq(craft.tcr(9, ski_csr(key, "once"))))
    assert got.statuses[0][0] == "pending"
    token = pend_token(got)
    other = craft.new_key(world.fresh("key"))
    again = by_secret(world, "once", secret, other, seq(craft.tcr(9, ski_csr(other, "no"))))
    assert again.statuses[0][:2] == ("failed", "badIdentity")
    query = craft.control(5, 21, octets(token))
    assert by_secret(world, None, None, other, seq(), query).statuses[0][:2] == \
        ("failed", "badIdentity")
    assert by_secret(world, None, None, key, seq(), query).statuses[0][0] == "pending"
    world.server.cmcd("request", "approve", listed(world, "once")[0])
    got = by_secret(world, None, None, key, seq(), query)
    assert got.statuses[0][:2] == ("success", None)
    assert craft.public_key(key) in [c.spki for c in got.certs]


def ski_of(key):
    return hashlib.sha1(parse(craft.public_key(key))[1].content[1:]).digest()


def ski_csr(key, cn):
    return craft.csr(key, cn=cn, attributes=[seq(oid(craft.EXTENSION_REQ), set_of(seq(
        craft.extension("2.5.29.14", octets(ski_of(key))))))])


def by_secret(world, name, secret, key, requests, *controls):
    """The answer to a message that the key signs; with a proof of identity if there is a name."""
    controls = [craft.sender_nonce(2), *controls]
    if name is not None:
        mac = hmac.new(hashlib.sha256((secret + name).encode()).digest(), requests, "sha256")
        controls += [craft.control(3, 2, utf8(name)), craft.control(4, 34, seq(
            seq(oid(craft.DIGESTS["sha256"])), seq(oid("1.2.840.113549.2.9")),
            octets(mac.digest())))]
    content = seq(seq(*controls), requests, seq(), seq())
    return craft.Answer(world.server.post("/secret", craft.signed_data(content, [craft.signer_info(
        content, None, key, sid=tlv(0x80, ski_of(key)))]))[1])


def pend_token(answer):
    """Of the first status: CMCStatusInfoV2.otherInfo.pendInfo.pendToken."""
    return answer.control(25).parts[-1].parts[0].content


# -- confirmation

def test_accepted(world):
    """[10002-6.14-b]: the file is there when the server has the confirmation."""
    done, cert, _ = enroll(world, "/confirm", "accepted", "--json")
    assert json.loads(done.stdout)["result"] == "success"
    assert cert.exists() and state_of(world, cert)["state"] == "valid"
    assert audited(world, '"event":"confirm"', '"outcome":"success"')


def test_accepted_by_its_own_key(world):
    _, cert, _ = enroll(world, "/confirm", "accepted self", who=("--self",))
    assert state_of(world, cert)["state"] == "valid"


def test_rejected(world):
    done, cert, _ = enroll(world, "/confirm", "rejected", "--reject", "changed my mind", ok=1)
    assert b"rejected" in done.stderr and not cert.exists()
    db = sqlite3.connect("file:%s?mode=ro" % world.server.database, uri=True)
    assert db.execute("SELECT state, reason FROM cert WHERE subject_text = 'CN=rejected'"
                      ).fetchone() == (1, 5)
    db.close()
    assert audited(world, '"event":"reject"', '"outcome":"success"')


def test_confirmed_later(world):
    """[10002-6.14-b, 10002-6.1.3-u3]: no file, and so no use, before the confirmation."""
    done, cert, _ = enroll(world, "/confirm", "later", "--no-confirm", ok=4)
    state = cert.with_name(cert.name + ".pending")
    assert b"cmc confirm" in done.stderr and not cert.exists()
    assert b"use cmc confirm" in run(CMC, "poll", state, ok=2).stderr
    again = world.fresh("pending")
    again.write_text(state.read_text())
    run(CMC, "confirm", state)
    assert cert.exists() and not state.exists()
    assert state_of(world, cert)["state"] == "valid"
    run(CMC, "confirm", again)  # twice is once


def test_rejected_later(world):
    _, cert, _ = enroll(world, "/confirm", "rejected later", "--no-confirm", ok=4)
    state = cert.with_name(cert.name + ".pending")
    again = world.fresh("pending")
    again.write_text(state.read_text())
    run(CMC, "confirm", state, "--reject", "no")
    assert not cert.exists()
    done = run(CMC, "confirm", again, ok=1)
    assert b"rejected before" in done.stderr


def test_nobody_confirms(world):
    """The window is over when the server looks: revoked, and a late confirmation is refused."""
    _, cert, _ = enroll(world, "/confirm", "lapsed", "--no-confirm", ok=4)
    state = cert.with_name(cert.name + ".pending")
    db = sqlite3.connect(world.server.database, timeout=20)
    db.execute("UPDATE await SET deadline = deadline - 7200 WHERE state = 0")
    db.commit()
    db.close()
    world.server.stop()
    world.server.start()
    text = json.loads(state.read_text())
    text["url"] = world.server.url + "/confirm"
    state.write_text(json.dumps(text))
    done = run(CMC, "confirm", state, ok=1)
    assert b"too late" in done.stderr and not cert.exists()
    give_up = time.monotonic() + 20
    while not audited(world, "confirmation-lapsed"):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    world.server.audit_verify()


def test_approved_and_then_confirmed(world):
    _, cert, _ = enroll(world, "/both", "both", ok=4)
    state = cert.with_name(cert.name + ".pending")
    world.server.cmcd("request", "approve", listed(world, "both")[0])
    run(CMC, "poll", state)
    assert state_of(world, cert)["state"] == "valid"


# -- what keeps messages apart

def test_a_nonce_is_for_one_message(world):
    def ask(cn, transaction):
        body = craft.pkidata([craft.transaction_id(1, transaction), craft.sender_nonce(2, b"a nonce used twice")],
                             [craft.tcr(10, craft.csr(world.key, cn))])
        return craft.Answer(world.server.post("/cmconly", craft.message(
            body, world.officer.cert, world.officer.key))[1])

    assert ask("nonce one", 70001).statuses[0][0] == "success"
    got = ask("nonce two", 70002).statuses[0]
    assert got[0] == "failed" and "badRequest" in got
    assert count(world, "nonce two") == 0


def test_a_clock_that_is_wrong(world):
    """signingTime an hour ago, where five minutes are allowed; cmc says what it was told."""
    enroll(world, "/now", "in time")
    for minutes, good in ((0, True), (4, True), (-60, False), (60, False)):
        cn = "clock %d" % minutes
        body = craft.pkidata([craft.sender_nonce(2)], [craft.tcr(10, craft.csr(world.key, cn))])
        got = craft.Answer(world.server.post("/now", craft.message(
            body, world.officer.cert, world.officer.key,
            attributes=[
                craft.attribute(craft.CONTENT_TYPE, oid(craft.PKIDATA)),
                craft.attribute(craft.MESSAGE_DIGEST, octets(hashlib.sha256(body).digest())),
                signing_time(time.time() + 60 * minutes)]))[1])
        assert got.statuses[0][:2] == (("success", None) if good else ("failed", "badTime"))
        assert got.control(19).content == b"ask the help desk"


def signing_time(at):
    return seq(oid("1.2.840.113549.1.9.5"),
               set_of(tlv(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime(at)).encode())))
