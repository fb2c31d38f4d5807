# SPDX-License-Identifier: Apache-2.0
"""The audit log: any change is found, by the chain, by its signed checkpoints, or by a checkpoint
that was kept elsewhere."""
import hashlib
import re
import shutil
import sqlite3

import pytest

import craft
from authority import CMCD, CONFIG, Server, World, run


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A log with three runs of a server in it; the server is stopped."""
    folder = tmp_path_factory.mktemp("audit")
    server = Server(folder)
    server.start()
    world = World(folder, server)
    for _ in range(2):
        world.issue("audited")
        server.stop()
        server.start()
    world.revoke(world.victim)
    server.stop()
    yield server
    server.close()


@pytest.fixture
def server(served, tmp_path):
    """The same with a database of its own, to be tampered with."""
    database = tmp_path / "chancery.db"
    shutil.copy(served.database, database)
    text = served.conf.read_text().replace(str(served.database), str(database))
    conf = served.home / (tmp_path.name + ".yaml")
    conf.write_text(text)
    yield type("Copy", (), {"database": database, "conf": conf, "log": served.folder / "log"})
    conf.unlink()


def verify(server, *args, ok=0):
    done = run(CMCD, "audit", "verify", *args, "-c", server.conf, ok=ok)
    return (done.stdout + done.stderr).decode()


class Records:
    """The rows of the audit table, to be changed and written back."""

    def __init__(self, server):
        self.path = server.database
        db = sqlite3.connect(self.path)
        self.rows = [list(r) for r in db.execute("SELECT seq, at, json, hash FROM audit ORDER BY seq")]
        db.close()

    def chain(self):
        """Compute all hashes anew, as whoever has the database can."""
        last = bytes(32)
        for row in self.rows:
            row[3] = last = hashlib.sha256(last + row[0].to_bytes(8, "big") +
                                           row[1].to_bytes(8, "big") + row[2].encode()).digest()
        return self

    def write(self):
        db = sqlite3.connect(self.path)
        db.execute("DELETE FROM audit")
        db.executemany("INSERT INTO audit VALUES (?, ?, ?, ?)", self.rows)
        db.execute("UPDATE counter SET value = ? WHERE name = 'audit'", (len(self.rows),))
        db.commit()
        db.close()
        return self


def checkpoints(server):
    """[(seq, hash)] that the server's log has."""
    return re.findall(r"checkpoint.*seq=(\d+) hash=([0-9a-f]{64})", server.log.read_text())


def test_good(server):
    words = verify(server)
    assert re.search(r"\d+ records, the chain is whole; 6 checkpoints verified, the last of record",
                     words), words
    kept = checkpoints(server)
    assert len(kept) == 6
    for seq, hash in kept:
        verify(server, "--checkpoint", "%s:%s" % (seq, hash))


def test_every_octet_counts(server):
    """One octet of one field of each record, without the hashes that follow from it."""
    original = Records(server)
    for i in range(0, len(original.rows), 3):
        for field in (1, 2, 3):
            records = Records(server)
            row = records.rows[i]
            if field == 1:
                row[1] += 1
            elif field == 2:
                at = (7 * i) % len(row[2])
                row[2] = row[2][:at] + chr(ord(row[2][at]) ^ 1) + row[2][at + 1:]
            else:
                row[3] = row[3][:5] + bytes([row[3][5] ^ 1]) + row[3][6:]
            records.write()
            assert "audit record" in verify(server, ok=1)
            original.write()
    verify(server)


def swap(rows):
    rows[2][1:], rows[5][1:] = rows[5][1:], rows[2][1:]


@pytest.mark.parametrize("change", [lambda rows: rows.pop(3), swap], ids=["absence", "order"])
def test_order_and_absence(server, change):
    records = Records(server)
    change(records.rows)
    records.write()
    assert "audit record" in verify(server, ok=1)


def test_an_end_that_was_cut_off(server):
    """The count was mended too: what is kept elsewhere tells that something is missing."""
    records = Records(server)
    gone = records.rows.pop()
    records.write()
    verify(server)
    words = verify(server, "--checkpoint", "%d:%s" % (gone[0], gone[3].hex()), ok=1)
    assert "is missing" in words


def test_a_deleted_last_record_is_missed_by_the_count(server):
    db = sqlite3.connect(server.database)
    db.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    db.commit()
    db.close()
    assert "is missing" in verify(server, ok=1)


def test_a_chain_computed_anew_is_found(server):
    """Whoever writes to the database can make a chain that fits, but no checkpoint."""
    records = Records(server)
    records.rows[4][2] = records.rows[4][2].replace("{", '{"x":1,', 1)
    records.chain().write()
    assert "computed anew" in verify(server, ok=1)


@pytest.mark.parametrize("field, value, words", [
    ("seq", '"seq":2', "computed anew"),
    ("hash", '"hash":"%s"' % ("00" * 32), "checkpoint of audit record"),
    ("signature", '"signature":"3006020101020101"', "checkpoint of audit record"),
    ("signature", '"signature":""', "damaged"),
    ("signer", '"signer":"4711"', "did not issue"),
])
def test_a_forged_checkpoint(server, field, value, words):
    records = Records(server)
    last = [r for r in records.rows if '"event":"checkpoint"' in r[2]][-1]
    last[2], n = re.subn(r'"%s":("[^"]*"|\d+)' % field, value, last[2])
    assert n == 1
    records.chain().write()
    said = verify(server, ok=1)
    assert words in said or (field == "seq" and "checkpoint of audit record" in said), said


def test_a_checkpoint_by_somebody_else(server, tmp_path):
    """Signed with a key of this CA that is no responder's: an officer's."""
    records = Records(server)
    index = [i for i, r in enumerate(records.rows) if '"event":"checkpoint"' in r[2]][-1]
    seq, hash = records.rows[index - 1][0], records.rows[index - 1][3]
    home = server.conf.parent
    message = tmp_path / "message"
    message.write_bytes(b"Chancery audit checkpoint\0" + seq.to_bytes(8, "big") + hash)
    signature = craft.openssl("dgst", "-sha256", "-sign", home / "officer.key", message)
    serial = craft.Cert(craft.pem_to_der(home / "officer.crt")).serial_der[2:].hex()
    records.rows[index][2] = (
        '{"event":"checkpoint","seq":%d,"hash":"%s","signer":"%s","signature":"%s"}'
        % (seq, hash.hex(), serial, signature.hex()))
    records.chain().write()
    assert "id-kp-cmcCA" in verify(server, ok=1)


@pytest.mark.parametrize("text", ["", "5", "5:", "5:00", "x:" + "00" * 32, "0:" + "00" * 32])
def test_wrong_checkpoint_option(server, text):
    assert "write SEQ:HASH" in verify(server, "--checkpoint", text, ok=2)


def test_known_checkpoint_of_another_log(server):
    assert "computed anew" in verify(server, "--checkpoint", "2:" + "00" * 32, ok=1)


def test_in_regular_intervals(tmp_path):
    """The shortest interval is a minute, so here only that the key is understood, and that a
    wrong one is not."""
    server = Server(tmp_path, CONFIG.replace("listen:", "audit: {{checkpoint: 1}}\nlisten:", 1))
    server.start()
    server.stop()
    server.conf.write_text(server.conf.read_text().replace("checkpoint: 1", "checkpoint: 0"))
    done = run(CMCD, "check-config", server.conf, ok=1)
    assert b"checkpoint" in done.stdout
    server.close()
