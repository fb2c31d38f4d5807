# SPDX-License-Identifier: Apache-2.0
"""cmcd revoke: an administrator revokes beside a running server."""
import json
import os
import sqlite3

import pytest

import craft
from authority import Server, World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("revoke")
    server = Server(folder)
    server.start()
    yield World(folder, server)
    server.close()


def serial(person):
    return person.cert.serial.hex()


def state(world, person):
    return world.server.cmcd("cert", "show", serial(person)).stdout.decode().split("\n")[0]


def good(world, person):
    """What openssl says with the CRL that the server gives out now."""
    return world.server.openssl_verify(person.pem, world.folder)[0]


def records(world, event):
    out = world.server.cmcd("audit", "export").stdout.decode().splitlines()
    found = []
    for line in out:
        record = json.loads(line)
        record = record.get("record", record)
        if isinstance(record, str):
            record = json.loads(record)
        if record.get("event") == event:
            found.append(record)
    return found


def test_revoked_held_and_released(world):
    one, two = world.issue("one"), world.issue("two")
    assert good(world, one) and good(world, two)
    done = world.server.cmcd("revoke", serial(one), "--reason", "keyCompromise", "--as", "root",
                             "--comment", "stolen", "--invalid-days", "3")
    assert done.stdout.decode().split()[:2] == [serial(one), "revoked"]
    assert state(world, one) == "state: revoked"
    assert b"invalid since: " in world.server.cmcd("cert", "show", serial(one)).stdout
    # the running server knows at once
    assert not good(world, one) and good(world, two)
    record = records(world, "revoke")[-1]
    assert record["by"] == "root" and record["serial"] == serial(one)
    assert record["reason"] == 1 and record["comment"] == "stolen"
    world.server.cmcd("revoke", serial(two), "-r", "hold")
    assert state(world, two) == "state: held" and not good(world, two)
    world.server.cmcd("revoke", serial(two), "-r", "release")
    assert state(world, two) == "state: valid" and good(world, two)
    world.server.audit_verify()


def test_by_the_rules_of_a_revocation(world):
    once = world.issue("once")
    fresh = world.issue("fresh")
    world.server.cmcd("revoke", serial(once), "-r", "superseded")
    before = len(records(world, "revoke"))
    refuse = [
        (("-r", "keyCompromise", serial(once)), 1, b"revoked already; that is final"),
        (("-r", "release", serial(fresh)), 1, b"not on hold"),
        (("-r", "hold", "0102030405"), 1, b"has issued no certificate"),
        (("-r", "superseded", serial(fresh), serial(fresh)), 2, b"named twice"),
        # one that cannot: then none
        (("-r", "superseded", serial(fresh), serial(once)), 1, b"that is final"),
        (("-r", "stolen", serial(fresh)), 2, b"unknown reason"),
        (("-r", "keyCompromize", serial(fresh)), 2, b"did you mean 'keyCompromise'?"),
        ((serial(fresh),), 2, b"no --reason"),
        (("-r", "hold", "--comment", "a\nb", serial(fresh)), 2, b"control characters"),
        (("-r", "hold", "--as", "", serial(fresh)), 2, b"--as"),
    ]
    for args, status, text in refuse:
        done = world.server.cmcd("revoke", *args, ok=status)
        assert text in done.stderr, done.stderr
    assert state(world, fresh) == "state: valid"
    done = world.server.cmcd("revoke", "-r", "hold", "--dry-run", serial(fresh))
    assert b"would be put on hold" in done.stdout
    assert state(world, fresh) == "state: valid"
    assert len(records(world, "revoke")) == before
    # many at once
    more = [world.issue("more %d" % i) for i in range(3)]
    world.server.cmcd("revoke", "-r", "cessationOfOperation", *[serial(p) for p in more])
    assert all(state(world, p) == "state: revoked" for p in more)
    assert len(records(world, "revoke")) == before + 3
    # and the protocol sees what the administrator did
    assert world.revoke(more[0]).statuses[0][:2] == ("failed", "badRequest")
    world.server.audit_verify()


def many(world, n):
    """So many certificates, by a few large messages."""
    csr = craft.csr(world.key, "many")
    for at in range(0, n, 500):
        body = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [
            craft.tcr(10 + i, csr) for i in range(at, min(at + 500, n))])
        world.server.post("/open", craft.message(body, world.officer.cert, world.officer.key))
    db = sqlite3.connect("file:%s?mode=ro" % world.server.database, uri=True)
    rows = db.execute("SELECT hex(serial) FROM cert WHERE subject_text = 'CN=many'"
                      " AND state = 0 ORDER BY id").fetchall()
    db.close()
    return [r[0] for r in rows]


def revoked(world):
    return world.server.counts().revoked


def test_serials_from_a_file(world, tmp_path):
    serials = many(world, 1500)
    assert len(serials) == 1500
    path = tmp_path / "serials"
    path.write_text("# stolen\n" + "\r\n".join(serials[:1200]) + "\n\n  %s  # one more\n" %
                    serials[1200])
    before = revoked(world)
    done = world.server.cmcd("revoke", "-r", "keyCompromise", "--serials-file", path, "--dry-run")
    assert done.stdout.count(b"would be revoked") == 1201 and revoked(world) == before
    done = world.server.cmcd("revoke", "-r", "keyCompromise", "--serials-file", path)
    assert done.stdout.count(b"  revoked  ") == 1201 and revoked(world) == before + 1201
    assert done.stderr == b""  # progress is for terminals
    # one that is revoked already: then none of the others
    path.write_text("\n".join(serials[1200:1300]))
    done = world.server.cmcd("revoke", "-r", "keyCompromise", "--serials-file", path, ok=1)
    assert serials[1200].encode() in done.stderr and revoked(world) == before + 1201
    # in batches what was done stays, and is told
    path.write_text("\n".join(serials[1201:1221] + serials[1200:1201] + serials[1221:1230]))
    done = world.server.cmcd("revoke", "-r", "keyCompromise", "--serials-file", path, "--batch",
                             "10", ok=1)
    assert b"20 of 30 are done, and then" in done.stderr
    assert done.stdout.count(b"  revoked  ") == 20 and revoked(world) == before + 1221
    # named twice, in two batches
    path.write_text("\n".join(serials[1230:1233] + serials[1230:1231]))
    done = world.server.cmcd("revoke", "-r", "hold", "--serials-file", path, "--batch", "2", ok=2)
    assert b"named twice" in done.stderr
    # hold and release both ways, from standard input
    text = "\n".join(serials[1240:1260]).encode()
    before = revoked(world)
    world.server.cmcd("revoke", "-r", "hold", "--serials-file", "-", input=text)
    assert revoked(world) == before + 20
    world.server.cmcd("revoke", "-r", "release", "--serials-file", "-", input=text)
    assert revoked(world) == before
    path.write_text("# nothing\n\n")
    for args, status, words in (
            (("--serials-file", path), 2, b"no serial number in it"),
            (("--serials-file", path, serials[1270]), 2, b"or --serials-file"),
            ((), 2, b"or --serials-file"),
            (("--serials-file", tmp_path / "none"), 3, b"none"),
            (("--batch", "100001", serials[1270]), 1, b"CMC_LIMIT_REVOKE_AT_ONCE"),
    ):
        done = world.server.cmcd("revoke", "-r", "hold", *args, ok=status)
        assert words in done.stderr, done.stderr
    world.server.audit_verify()
