# SPDX-License-Identifier: Apache-2.0
"""cmcd revoke: an administrator revokes beside a running server."""
import json

import pytest

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
