# SPDX-License-Identifier: Apache-2.0
"""Operating an authority: backup while it serves, restore, and what cmcd doctor finds."""
import hashlib
import os
import sqlite3
import threading
import time

import pytest

from authority import CMCD, Server, World, run


@pytest.fixture
def world(tmp_path):
    server = Server(tmp_path)
    server.start()
    yield World(tmp_path, server)
    server.close()


def count(path):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return db.execute("SELECT count(*) FROM cert").fetchone()[0]
    finally:
        db.close()


# -- backup and restore ------------------------------------------------------------------------

def test_backup_while_serving_and_restore(world):
    server, copy = world.server, world.folder / "copy.db"
    before = world.issue("before the backup")
    stop = threading.Event()

    def load():
        while not stop.is_set():
            world.issue("under way", key=world.key)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        server.cmcd("backup", copy)
    finally:
        stop.set()
        thread.join()
    assert copy.stat().st_mode & 0o777 == 0o600
    after = world.issue("after the backup")
    kept, all_of_them = count(copy), server.counts().certs
    assert 5 <= kept < all_of_them

    refused = server.cmcd("restore", copy, ok=None)
    assert refused.returncode == 3 and b"stop cmcd first" in refused.stderr
    assert server.counts().certs == all_of_them

    server.stop()
    said = server.cmcd("restore", copy).stdout.decode()
    assert "restored" in said
    aside = said.split("the one before is ")[1].strip()
    assert count(aside) == all_of_them and server.counts().certs == kept
    server.start()
    server.audit_verify()
    assert world.revoke(before).statuses[0][0] == "success"
    assert world.revoke(after).statuses[0][:2] == ("failed", "badCertId")


def test_backup_does_not_overwrite(world):
    copy = world.folder / "copy.db"
    copy.write_bytes(b"something else")
    done = world.server.cmcd("backup", copy, ok=1)
    assert b"it is there already" in done.stderr
    assert copy.read_bytes() == b"something else"
    assert [p.name for p in world.folder.glob("copy.db*")] == ["copy.db"], "nothing half done"
    done = world.server.cmcd("backup", world.folder / "nowhere" / "copy.db", ok=3)
    assert b"No such file" in done.stderr


@pytest.mark.parametrize("how", ["cut", "other", "damaged", "newer"])
def test_restore_refuses_what_is_no_backup(world, how):
    server, copy = world.server, world.folder / "copy.db"
    server.cmcd("backup", copy)
    octets = bytearray(copy.read_bytes())
    if how == "cut":
        copy.write_bytes(octets[:len(octets) // 2])
    elif how == "damaged":
        for at in range(4096, len(octets), 4096):
            octets[at:at + 64] = os.urandom(64)
        copy.write_bytes(octets)
    else:
        if how == "other":
            copy.unlink()
        db = sqlite3.connect(copy)
        db.execute("CREATE TABLE t (a)" if how == "other" else
                   "UPDATE meta SET value = 999 WHERE key = 'schema_version'")
        db.commit()
        db.close()
    server.stop()
    before = server.database.read_bytes()
    done = server.cmcd("restore", copy, ok=3)
    words = {"cut": b"store", "other": b"not a database of cmcd", "damaged": b"store",
             "newer": b"999 is not known"}[how]
    assert words in done.stderr
    assert server.database.read_bytes() == before


# -- doctor ------------------------------------------------------------------------------------

def doctor(world, ok=0):
    """Findings of cmcd doctor by kind: {"good": [...], "warning": [...], "error": [...]}."""
    lines = world.server.cmcd("doctor", ok=ok).stdout.decode().splitlines()
    kinds = {"good": [], "warning": [], "error": []}
    for line in lines[:-1]:
        kind, text = line.split(": ", 1)
        kinds[kind].append(text)
    assert lines[-1].endswith("%d error%s, %d warning%s" % (
        len(kinds["error"]), "" if len(kinds["error"]) == 1 else "s",
        len(kinds["warning"]), "" if len(kinds["warning"]) == 1 else "s"))
    return kinds


def test_doctor_finds_nothing(world):
    world.server.crl(world.folder / "now.crl")
    found = doctor(world)
    assert found["error"] == []
    assert [w for w in found["warning"] if "crl.example" not in w and "anybody gets" not in w] == []
    text = "\n".join(found["good"])
    for word in ("readable by their owner", "database is whole", "audit records is whole",
                 "clock", "CRL number 1", "1 officer is", "left on the disk"):
        assert word in text, word


def test_doctor_finds_permissions(world):
    for name in ("ca.key", "responder.key", "tls.key"):
        os.chmod(world.server.home / name, 0o640)
    os.chmod(world.server.database, 0o604)
    errors = doctor(world, ok=1)["error"]
    assert len(errors) == 4
    assert all("mode 06" in e and "chmod 600" in e for e in errors)


def change(world, sql):
    db = sqlite3.connect(world.server.database)
    db.execute(sql)
    db.commit()
    db.close()


def test_doctor_finds_a_changed_audit_record(world):
    world.issue("audited")
    change(world, "UPDATE audit SET json = replace(json, '{', '{ ') WHERE seq = 2")
    assert any("2" in e for e in doctor(world, ok=1)["error"])


def test_doctor_finds_a_clock_that_went_back(world):
    """The last record is of tomorrow, in a chain that fits."""
    db = sqlite3.connect(world.server.database)
    seq, before = db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, at, text = seq + 1, int(time.time()) + 86400, '{"event":"tomorrow"}'
    after = hashlib.sha256(before + seq.to_bytes(8, "big") + at.to_bytes(8, "big") +
                           text.encode()).digest()
    db.execute("INSERT INTO audit VALUES (?, ?, ?, ?)", (seq, at, text, after))
    db.execute("UPDATE counter SET value = ? WHERE name = 'audit'", (seq,))
    db.commit()
    db.close()
    found = doctor(world, ok=1)
    assert len(found["error"]) == 1 and "clock is behind" in found["error"][0]


def test_doctor_finds_old_crl_and_expired_officer(world):
    server = world.server
    server.crl(world.folder / "now.crl")
    change(world, "UPDATE crl SET next_update = 1000000")
    assert any("another has not been made" in w for w in doctor(world)["warning"])
    person = world.expired
    assert person is not None
    assert any("expired at" in e for e in doctor(world, ok=1)["error"])


# -- a CRL that is a file beside the database ---------------------------------------------------

def revoke_many(world, n):
    """As if n certificates had been issued and revoked, past the server."""
    world.issue("first")
    change(world, """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
        INSERT INTO cert (issuer, serial, state, reason, revoked_at, invalidity_at, not_before,
            not_after, issued_at, subject, spki_digest)
        SELECT c.issuer, CAST(x'0101' || randomblob(14) AS BLOB), 1, 1, c.issued_at, 0, c.not_before,
            c.not_after, c.issued_at, c.subject, c.spki_digest
        FROM n, (SELECT * FROM cert ORDER BY id DESC LIMIT 1) c""" % n)
    change(world, "INSERT INTO crl_change SELECT value + 1, cert.id FROM counter, cert"
                  " WHERE name = 'generation' AND state <> 0")
    change(world, "UPDATE counter SET value = value + 1 WHERE name = 'generation'")


def crl_files(world):
    return sorted(world.server.database.with_name("chancery.db.crls").glob("*"))


def entries(world, path):
    return run("openssl", "crl", "-in", path, "-noout", "-text").stdout.count(b"Serial Number:")


@pytest.mark.parametrize("over_tls", [False, True])
def test_a_large_crl_is_served_from_its_file(world, over_tls):
    tls = world.officer if over_tls else None
    revoke_many(world, 5000)
    assert entries(world, world.server.crl(world.folder / "now.crl")) == 5000
    (held,) = crl_files(world)
    assert held.stat().st_mode & 0o777 == 0o600
    status, headers, body = world.server.request("GET", "/ca.crl", tls=tls)
    assert status == 200 and body == held.read_bytes()
    status, headers, body = world.server.request("HEAD", "/ca.crl", tls=tls)
    assert status == 200 and body == b""
    assert not [w for w in doctor(world)["warning"] if "CRL" in w]


def test_a_large_crl_that_is_lost_is_made_again(world):
    revoke_many(world, 5000)
    world.server.crl(world.folder / "now.crl")
    (held,) = crl_files(world)
    held.unlink()
    assert any(str(held) in w and "makes another" in w for w in doctor(world)["warning"])
    assert entries(world, world.server.crl(world.folder / "now.crl")) == 5000
    (again,) = crl_files(world)
    assert again.name != held.name


def test_doctor_reads_what_cannot_be_read(world):
    conf = world.server.conf
    conf.write_text("database: [")
    done = run(CMCD, "doctor", conf, ok=1)
    assert done.stdout.decode().startswith("error: ")
