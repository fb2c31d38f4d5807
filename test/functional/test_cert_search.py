# SPDX-License-Identifier: Apache-2.0
"""cmcd cert list and search beside a running server."""
import os
import stat

import pytest

from authority import Server, World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    server = Server(folder)
    server.start()
    w = World(folder, server)
    for cn in ("www.search.example", "mail.search.example", "WWW2.search.example"):
        setattr(w, cn.split(".")[0].lower(), w.issue(cn))
    w.revoke(w.mail)
    yield w
    server.close()


def search(world, *args, ok=True):
    done = world.server.cmcd("cert", "search", *args, ok=ok)
    return done.stdout.decode().splitlines() if ok is True else done.stderr.decode()


def test_by_each(world):
    rows = search(world, "www")
    assert [r.split("CN=")[1] for r in rows] == ["WWW2.search.example", "www.search.example"]
    assert rows == search(world, "--subject", "Www")
    serial = world.mail.cert.serial.hex()
    rows = search(world, "--serial", serial)
    assert len(rows) == 1 and "revoked" in rows[0] and serial in rows[0]
    assert search(world, "--state", "revoked") == rows
    assert search(world, "search.example", "--state", "revoked") == rows
    assert len(search(world, "search", "--requester", "officer")) == 3
    assert search(world, "search", "--requester", "nobody") == []
    assert len(search(world, "search", "--limit", "1", "--offset", "2")) == 1
    assert len(search(world, "--profile", "client", "--expires", "36525")) >= 1
    # the same by both names
    assert world.server.cmcd("cert", "list", "www").stdout.decode().splitlines() == \
        search(world, "www")


def test_new_ones_and_old_ones(world):
    before = len(search(world, "later"))
    world.issue("later.example")
    assert len(search(world, "later")) == before + 1
    index = str(world.server.database) + "-search"
    assert stat.S_IMODE(os.stat(index).st_mode) == 0o600
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(index + suffix):
            os.unlink(index + suffix)
    assert len(search(world, "later")) == before + 1


def test_mistakes(world):
    assert "valid, revoked or held" in search(world, "--state", "dead", ok=2)
    assert "--limit 0" in search(world, "--limit", "0", ok=2)
    assert "1 to 36525 days" in search(world, "--expires", "36526", ok=2)
    assert "empty text" in search(world, "", ok=2)
    assert "no serial number" in search(world, "--serial", "xyz", ok=2)
