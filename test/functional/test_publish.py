# SPDX-License-Identifier: Apache-2.0
"""cmc publish: what stands in the folder of cmcd, at once, after a crash, and after it was full."""
import hashlib
import os
import stat
import time

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run

PUBLISH = CONFIG.replace("  certificate-path:", "  publish: {{directory: ../published, "
                         "url: \"http://ca.example/published/\"}}\n  certificate-path:") + """\
  - {{path: /publish, accept: [cmc], answer: [cmc], profile: client, officer: required,
     renewal: true, publish: true, revoke: {{allow: true}}}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("publish")
    (folder / "published").mkdir()
    server = Server(folder, PUBLISH)
    server.start()
    yield World(folder, server)
    server.close()


def publish(world, *people, args=(), who=None, ok=True, path="/publish"):
    who = who or world.officer
    certs = [a for p in people for a in ("-c", p.pem)]
    return run(CMC, "publish", "-u", world.server.url + path, "-T", world.server.ca_pem,
               "--signer-cert", who.pem, "--signer-key", who.key, *certs, *args, ok=ok)


def file_of(world, person):
    return world.folder / "published" / (hashlib.sha256(person.cert.der).hexdigest() + ".cer")


def wait(condition):
    give_up = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_there_and_back(world):
    one, two = world.issue("one"), world.issue("two")
    publish(world, one, two, one)
    wait(lambda: file_of(world, one).exists() and file_of(world, two).exists())
    assert file_of(world, one).read_bytes() == one.cert.der
    assert stat.S_IMODE(os.stat(file_of(world, one)).st_mode) == 0o644
    run("openssl", "verify", "-CAfile", world.server.ca_pem, file_of(world, one))
    publish(world, one, args=["--remove"])
    wait(lambda: not file_of(world, one).exists())
    assert file_of(world, two).exists()
    # Only its certificates, whole: no temporary files.
    assert [f.suffix for f in (world.folder / "published").iterdir()] == [".cer"]
    world.server.audit_verify()


def test_by_its_holder(world):
    person = world.issue("holder of one")
    publish(world, person, who=person, args=["-m", "web"])
    wait(lambda: file_of(world, person).exists())
    assert b"badIdentity" in publish(world, person, who=world.holder, args=["--remove"],
                                     ok=1).stderr


@pytest.mark.parametrize("args, words", [
    (["-m", "ldap"], b"badRequest"), (["-m", "x500"], b"badRequest"),
    (["-m", "web", "--location", "http://elsewhere.example/"], b"badRequest"),
])
def test_methods(world, args, words):
    """[10002-6.18-c]"""
    assert words in publish(world, world.victim, args=args, ok=1).stderr
    publish(world, world.victim, args=["-m", "web", "--location", "http://ca.example/published/x"])


def test_refused(world):
    assert b"badRequest" in publish(world, world.victim, path="/cmc", ok=1).stderr
    assert b"badRequest" in publish(world, world.dead, ok=1).stderr
    assert b"badCertId" in publish(world, world.stranger, ok=1).stderr
    assert not file_of(world, world.dead).exists()


@pytest.mark.parametrize("args", [
    [], ["-c", "x"], ["-m", "fax"], ["--remove", "-m", "web"], ["--location", "http://a"],
    ["-m", "web", "-m", "ldap", "--location", "http://a"],
])
def test_usage(world, args):
    cert = [] if not args else ["-c", world.victim.pem]
    signer = [] if args == ["-c", "x"] else ["--signer-cert", world.officer.pem, "--signer-key",
                                             world.officer.key]
    args = [] if args == ["-c", "x"] else args
    done = run(CMC, "publish", "-u", world.server.url + "/publish", "-T", world.server.ca_pem,
               *signer, *cert, *args, ok=2)
    assert done.stderr.count(b"\n") == 1


def test_after_a_crash(world):
    """What was promised before the process died is done when it lives again."""
    person = world.issue("crash")
    folder = world.folder / "published"
    away = world.folder / "away"
    folder.rename(away)
    publish(world, person)  # decided, and cannot be done
    world.server.kill()
    away.rename(folder)
    assert not file_of(world, person).exists()
    world.server.start()
    wait(lambda: file_of(world, person).exists())


def test_check_config(world):
    folder = world.folder / "published"
    away = world.folder / "away"
    folder.rename(away)
    done = world.server.cmcd("check-config", ok=1)
    assert b"authority/publish/directory" in done.stdout
    away.rename(folder)
    world.server.cmcd("check-config")


def test_an_older_certificate(tmp_path):
    """Issued before anything was published: it is found when it comes along."""
    server = Server(tmp_path)
    server.start()
    world = World(tmp_path, server)
    person = world.issue("older")
    server.stop()
    (tmp_path / "published").mkdir()
    server.conf.write_text(PUBLISH.format(
        database=server.database, ca="ca.crt", ca_key="ca.key", responder="responder.crt",
        responder_key="responder.key", tls="tls.crt", tls_key="tls.key"))
    server.start()
    assert b"badCertId" in publish(world, person, ok=1).stderr
    publish(world, person, who=person)
    wait(lambda: file_of(world, person).exists())
    server.close()
    assert craft.pem_to_der(person.pem) == file_of(world, person).read_bytes()
