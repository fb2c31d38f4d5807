# SPDX-License-Identifier: Apache-2.0
"""Publication of CRLs and certificates to folders and by commands: what a target has, after a crash, with a
full disk, and in time."""
import hashlib
import json
import os
import resource
import shlex
import sqlite3
import stat
import time

import pytest

import craft
from authority import CONFIG, Server, World
from test_publish import publish

HOOK = """#!/bin/sh
set -eu
cat > {out}/$CMC_KIND.tmp
env | sort > {out}/$CMC_KIND.env
ls -l /proc/$$/fd > {out}/$CMC_KIND.fds
grep -E '^Sig(Blk|Ign)' /proc/self/status > {out}/$CMC_KIND.signals
mv {out}/$CMC_KIND.tmp {out}/$CMC_KIND
"""


def config(*targets):
    return CONFIG.replace("  certificate-path:", "  publication:\n" + "".join(
        "    - {{%s}}\n" % t for t in targets) + "  certificate-path:", 1) + (
            ENDPOINT if any("certificates" in t for t in targets) else "")


ENDPOINT = """\
  - {{path: /publish, accept: [cmc], answer: [cmc], profile: client, officer: required,
     renewal: true, publish: true, revoke: {{allow: true}}}}
"""


WEB = "name: web, kind: folder, what: [crl, ca-certificate, chain, certificates], directory: ../web"


def wait(condition, seconds=20):
    give_up = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        assert time.monotonic() < give_up
        time.sleep(0.01)


def crl_number(der):
    text = craft.openssl("crl", "-inform", "DER", "-noout", "-crlnumber", data=der).decode()
    return int(text.split("=")[1], 16)


def new_crl(world):
    """Revoke somebody, and have the CRL made that says so; its number."""
    person = world.issue("to be revoked")
    assert world.revoke(person).statuses[0][0] == "success"
    return crl_number(world.server.request("GET", "/ca.crl")[2])


def lines(done):
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


class Place:
    def __init__(self, folder, *targets):
        (folder / "web").mkdir(exist_ok=True)
        self.web = folder / "web"
        self.server = Server(folder, config(*targets))
        self.server.start()
        self.world = World(folder, self.server)

    def state(self, name="web"):
        """What cmcd publish says of a target: {object: state}."""
        return {object: state for target, object, state in
                lines(self.server.cmcd("publish", "--dry-run", "-t", name)) if target == name}

    def status(self, name="web"):
        found = json.loads(self.server.request("GET", "/status")[2])["publication"]
        return next(t for t in found if t["target"] == name)

    def crl(self):
        path = self.web / "ca.crl"
        return crl_number(path.read_bytes()) if path.exists() else 0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    p = Place(tmp_path_factory.mktemp("publication"), WEB)
    yield p
    p.server.close()


def test_a_folder(place):
    """CRL, certificate and chain, each whole and readable by all; nothing else lies about."""
    number = new_crl(place.world)
    wait(lambda: place.crl() == number)
    wait(lambda: (place.web / "ca.p7c").exists())
    assert (place.web / "ca.crl").read_bytes() == place.server.request("GET", "/ca.crl")[2]
    assert (place.web / "ca.crt").read_bytes() == place.server.ca.der
    assert (place.web / "ca.p7c").read_bytes() == place.server.request("GET", "/ca.p7c")[2]
    craft.openssl("crl", "-inform", "DER", "-CAfile", place.server.ca_pem, "-noout", "-in",
                  place.web / "ca.crl")
    names = sorted(f.name for f in place.web.iterdir() if f.suffix != ".cer")
    assert names == ["ca.crl", "ca.crt", "ca.p7c"]
    for name in names:
        assert stat.S_IMODE(os.stat(place.web / name).st_mode) == 0o644
    # The next one takes its place.
    later = new_crl(place.world)
    assert later > number
    wait(lambda: place.crl() == later)
    assert place.state()["crl"].startswith("good: number %d," % later)
    assert place.status()["state"] == "good" and place.status()["published"] >= 4
    assert "good: publication target web has what it should" in place.server.cmcd(
        "doctor").stdout.decode()


def test_a_restart_repeats_nothing(place):
    number = new_crl(place.world)
    wait(lambda: place.state()["crl"].startswith("good: number %d," % number))
    place.server.stop()
    (place.web / "ca.crl").unlink()
    place.server.start()
    wait(lambda: "good" in place.state()["crl"])
    time.sleep(0.3)
    assert not (place.web / "ca.crl").exists()
    # By hand all of it is done once more.
    place.server.cmcd("publish", "--again", "--target", "web")
    assert place.crl() == number


def test_killed_between_signing_and_publishing(tmp_path):
    """The CRL is durable, and due: published when the server lives again. Nobody else did it."""
    p = Place(tmp_path, WEB)
    try:
        wait(lambda: (p.web / "ca.p7c").exists())
        away = tmp_path / "away"
        p.web.rename(away)
        number = new_crl(p.world)
        p.server.kill()
        away.rename(p.web)
        assert p.crl() < number
        assert p.state()["crl"].startswith("due: number %d;" % number)
        p.server.start()
        wait(lambda: p.crl() == number)
        assert p.status()["state"] == "good"
    finally:
        p.server.close()


def test_killed_at_any_moment(tmp_path):
    """At no moment is there half a CRL, and after each crash the newest comes to be there."""
    p = Place(tmp_path, WEB)
    try:
        for _ in range(4):
            number = new_crl(p.world)
            p.server.kill()
            if (p.web / "ca.crl").exists():
                craft.openssl("crl", "-inform", "DER", "-CAfile", p.server.ca_pem, "-noout", "-in",
                              p.web / "ca.crl")
            p.server.start()
            wait(lambda: p.crl() == number)
    finally:
        p.server.close()


def test_a_folder_that_is_lost(tmp_path):
    """One line when it fails, one when it is well; status and doctor know; the others go on."""
    other = "name: other, kind: folder, what: [crl], directory: ../other, crl-file: 'x{{shard}}.crl'"
    (tmp_path / "other").mkdir()
    p = Place(tmp_path, WEB, other)
    try:
        number = new_crl(p.world)
        wait(lambda: p.crl() == number)
        away = tmp_path / "away"
        p.web.rename(away)
        number = new_crl(p.world)
        assert wait(lambda: p.status()["state"] == "failing")
        wait(lambda: crl_number((tmp_path / "other" / "x.crl").read_bytes()) == number)
        assert p.status("other")["state"] == "good"
        assert "No such file" in p.status()["error"]
        doctor = p.server.cmcd("doctor", ok=1).stdout.decode()
        assert "publication target web fails since" in doctor and "No such file" in doctor
        time.sleep(1.5)  # it is tried again meanwhile
        away.rename(p.web)
        wait(lambda: p.crl() == number)
        wait(lambda: p.status()["state"] == "good")
        log = [line for line in p.server.log_text().splitlines() if "publish target=web" in line]
        assert sum("No such file" in line for line in log) == 1
        assert sum("well again" in line for line in log) == 1
        assert "fails since" not in p.server.cmcd("doctor").stdout.decode()
    finally:
        p.server.close()


def test_doctor_tells_how_far_it_lags(tmp_path):
    p = Place(tmp_path, WEB)
    try:
        number = new_crl(p.world)
        wait(lambda: p.crl() == number)
        p.server.stop()
        lag(p.server.database)
        doctor = p.server.cmcd("doctor").stdout.decode()
        assert ("publication target web lags behind by 20 minutes: it lacks crl number %d, and has "
                "number 0" % number) in doctor
    finally:
        p.server.close()


def lag(database):
    db = sqlite3.connect(database)
    with db:
        db.execute("UPDATE publish_mark SET number = 0 WHERE object = 'crl'")
        db.execute("UPDATE crl SET this_update = this_update - 1200")
    db.close()


@pytest.mark.parametrize("how", ["readonly", "full"])
def test_what_cannot_be_written_leaves_the_old(tmp_path, how):
    p = Place(tmp_path, WEB)
    try:
        number = new_crl(p.world)
        wait(lambda: p.crl() == number)
        old = (p.web / "ca.crl").read_bytes()
        p.server.stop()
        if how == "readonly":
            if os.geteuid() == 0:
                os.system("chattr +i %s 2>/dev/null" % shlex.quote(str(p.web)))
                try:
                    (p.web / "probe").touch()
                    (p.web / "probe").unlink()
                    pytest.skip("root writes into any folder here, and it cannot be made immutable")
                except OSError:
                    pass
            else:
                p.web.chmod(0o555)
            limit = None
        else:
            limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # noqa: E731
        if limit is None:
            done = p.server.cmcd("publish", "--again", "-t", "web", ok=1)
        else:
            # The database may not grow either: only what is said of the folder counts.
            done = p.server.cmcd("publish", "--again", "-t", "web", ok=None, preexec_fn=limit)
            assert done.returncode != 0
        words = (done.stdout + done.stderr).decode()
        assert "ca.crl" in words or "chancery.db" in words
        assert (p.web / "ca.crl").read_bytes() == old
        assert sorted(f.name for f in p.web.iterdir() if f.suffix != ".cer") == [
            "ca.crl", "ca.crt", "ca.p7c"]
    finally:
        os.system("chattr -i %s 2>/dev/null" % shlex.quote(str(p.web)))
        p.web.chmod(0o755)
        p.server.close()


SHARDS = """  crl: {{path: "/ca-{{shard}}.crl", url: "http://crl.example/ca-{{shard}}.crl", hours: 24,
        shards: 2, complete-path: /ca.crl, delta-path: "/delta-{{shard}}.crl",
        delta-url: "http://crl.example/delta-{{shard}}.crl", delta: 60}}
"""


def test_shards_and_deltas(tmp_path):
    """Each shard's full CRL and the delta to it, made by the schedule though nobody asks."""
    (tmp_path / "web").mkdir()
    text = config("name: web, kind: folder, what: [crl, delta], directory: ../web")
    old = '  crl: {{path: /ca.crl, url: "http://crl.example/ca.crl", hours: 24}}\n'
    assert old in text
    server = Server(tmp_path, text.replace(old, SHARDS))
    server.start()
    try:
        names = {"ca.crl", "ca-1.crl", "ca-2.crl", "delta-1.crl", "delta-2.crl"}
        wait(lambda: names <= {f.name for f in (tmp_path / "web").iterdir()}, 60)
        for name in names - {"ca.crl"}:
            der = (tmp_path / "web" / name).read_bytes()
            assert der == server.request("GET", "/" + name)[2]
            out = craft.openssl("crl", "-inform", "DER", "-noout", "-text", data=der).decode()
            assert ("Delta CRL Indicator" in out) == name.startswith("delta")
        rows = lines(server.cmcd("publish", "-n"))
        assert [r[1] for r in rows] == ["crl", "crl 1", "delta 1", "crl 2", "delta 2"]
        assert all(r[2].startswith("good: number") for r in rows)
    finally:
        server.close()


# -- commands


def hook(folder, text=HOOK):
    program = folder / "hook"
    program.write_text(text.format(out=folder / "out"))
    program.chmod(0o755)
    (folder / "out").mkdir(exist_ok=True)
    return program


def command(program, more="timeout: 20", what="crl, ca-certificate"):
    return "name: hook, kind: command, what: [%s], command: [%s, --first], %s" % (what, program, more)


def test_a_command(tmp_path):
    """The object on its standard input, the facts in its environment, and nothing else of ours."""
    p = Place(tmp_path, command(hook(tmp_path)))
    out = tmp_path / "out"
    try:
        number = new_crl(p.world)
        wait(lambda: (out / "crl").exists() and crl_number((out / "crl").read_bytes()) == number)
        wait(lambda: (out / "ca-certificate").exists())
        assert (out / "ca-certificate").read_bytes() == p.server.ca.der
        facts = dict(line.split("=", 1) for line in (out / "crl.env").read_text().splitlines())
        facts = {k: v for k, v in facts.items() if k not in ("PWD", "SHLVL", "_", "OLDPWD")}
        assert sorted(facts) == ["CMC_ACTION", "CMC_FILE", "CMC_ISSUER", "CMC_KIND",
                                 "CMC_NEXT_UPDATE", "CMC_NUMBER", "CMC_SHARD", "CMC_THIS_UPDATE",
                                 "PATH"]
        assert facts["CMC_KIND"] == "crl" and facts["CMC_NUMBER"] == str(number)
        assert facts["CMC_ACTION"] == "publish" and facts["CMC_SHARD"] == "0"
        assert facts["CMC_FILE"] == "/dev/stdin" and "CN=" in facts["CMC_ISSUER"]
        assert facts["CMC_THIS_UPDATE"] < facts["CMC_NEXT_UPDATE"]
        # No key, socket or database: three descriptors, and what the shell opens for itself.
        for line in (out / "crl.fds").read_text().splitlines():
            assert not any(word in line for word in ("chancery", ".key", "socket:", "eventpoll",
                                                     "eventfd"))
        signals = dict(line.split() for line in (out / "crl.signals").read_text().splitlines())
        # Behind 31 the C library has two of its own.
        assert int(signals["SigBlk:"], 16) == 0
        assert int(signals["SigIgn:"], 16) & 0x7fffffff == 0
    finally:
        p.server.close()


@pytest.mark.parametrize("text, words, seconds", [
    ("#!/bin/sh\necho 'no route to the mirror' >&2\necho more >&2\nexit 3\n",
     "exit status 3: no route to the mirror", 5),
    ("#!/bin/sh\nkill -9 $$\n", "ended by signal 9", 5),
    # It does not want to end, and what it started does not either.
    ("#!/bin/sh\ntrap '' TERM\nsleep 600 &\necho waiting >&2\nsleep 600\n",
     "stopped after 3 seconds: waiting", 8),
    ("no program at all\n", "cannot be run: Exec format error", 5),
])
def test_a_command_that_fails(tmp_path, text, words, seconds):
    program = tmp_path / "hook"
    program.write_text(text)
    program.chmod(0o755)
    server = Server(tmp_path, config(command(program, "timeout: 1", "ca-certificate")))
    begun = time.monotonic()
    done = server.cmcd("publish", ok=1)
    assert time.monotonic() - begun < seconds
    first, second = lines(done)
    assert first[0] == "hook" and first[1].startswith("failed: ") and words in first[1]
    assert "more" not in first[1]
    assert second == ["hook", "ca-certificate", "due: published never"]
    server.close()


def test_certificates_by_command(tmp_path):
    """publishCert, and taking back."""
    text = "#!/bin/sh\nset -eu\nd=$(sha256sum | cut -c1-64)\necho $CMC_ACTION > {out}/$d\n"
    p = Place(tmp_path, command(hook(tmp_path, text), what="certificates"))
    try:
        person = p.world.issue("published by command")
        there = tmp_path / "out" / hashlib.sha256(person.cert.der).hexdigest()
        publish(p.world, person)
        wait(lambda: there.exists() and there.read_text() == "publish\n")
        publish(p.world, person, args=["--remove"])
        wait(lambda: there.read_text() == "remove\n")
        wait(lambda: p.state("hook") == {"certificates": "good: 0 due, 0 not taken"})
    finally:
        p.server.close()


# -- the command line and the configuration


def test_cmcd_publish(tmp_path):
    (tmp_path / "web").mkdir()
    server = Server(tmp_path, config(WEB))
    assert lines(server.cmcd("publish", "--dry-run")) == [
        ["web", "crl", "none was made yet"], ["web", "ca-certificate", "due: published never"],
        ["web", "chain", "due: published never"], ["web", "certificates", "good: 0 due, 0 not taken"]]
    assert not list((tmp_path / "web").iterdir())
    assert [row[2][:4] for row in lines(server.cmcd("publish"))] == ["none", "good", "good", "good"]
    assert (tmp_path / "web" / "ca.crt").read_bytes() == server.ca.der
    assert b"'nobody'" in server.cmcd("publish", "-t", "nobody", ok=1).stderr
    server.conf.write_text(server.conf.read_text().replace("kind: folder", "kind: fold"))
    server.cmcd("publish", ok=2)
    server.close()


@pytest.mark.parametrize("target, words", [
    ("name: a, kind: folder, what: [crl]", "'directory' is missing"),
    ("name: a, kind: folder, what: [crl], directory: d, dn: o=x", "'dn' means nothing"),
    ("name: a, kind: folder, what: [crl], directory: d, crl-file: ../x", "a file's name"),
    ("name: a, kind: folder, what: [crl], directory: d, crl-file: ca.crt", "two objects"),
    ("name: a, kind: folder, what: [crl], directory: d, timeout: 0", "'timeout' is 0"),
    ("name: a b, kind: folder, what: [crl], directory: d", "make a name"),
    ("name: web, kind: folder, what: [crl], directory: d", "another target has this name"),
    ("name: a, kind: command, what: [crl], command: [scp]", "whole path"),
    ("name: a, kind: ldap, what: [crl], url: \"http://x\", dn: o=x", "write ldap://"),
    ("name: a, kind: ldap, what: [crl], url: \"ldap://\", dn: o=x", "no host"),
    ("name: a, kind: ldap, what: [crl], url: \"ldap://h\"", "'dn' is missing"),
    ("name: a, kind: ldap, what: [certificates], url: \"ldap://h\"", "'certificate-dn' is missing"),
    ("name: a, kind: ldap, what: [chain], url: \"ldap://h\", dn: o=x", "no place for a chain"),
    ("name: a, kind: ldap, what: [crl], url: \"ldaps://h\", dn: o=x, tls: none", "ldap:// only"),
    ("name: a, kind: ldap, what: [crl], url: \"ldap://h\", dn: o=x, tls: none, tls-ca: x",
     "no effect without TLS"),
    ("name: a, kind: ldap, what: [crl], url: \"ldap://h\", dn: o=x, bind: cn=x", "belong together"),
    ("name: a, kind: ldap, what: [crl], url: \"ldapi:///\", dn: o=x, bind: cn=x, password-file: p, "
     "sasl: external", "either 'bind' or"),
    ("name: a, kind: ldap, what: [crl], url: \"ldap://h\", dn: o=x, crl-dn: o=y", "write {shard}"),
])
def test_configurations_that_are_wrong(tmp_path_factory, shared, target, words):
    shared.conf.write_text(config(WEB, target).format(
        database=shared.database, ca="ca.crt", ca_key="ca.key", responder="responder.crt",
        responder_key="responder.key", tls="tls.crt", tls_key="tls.key"))
    done = shared.cmcd("publish", "--dry-run", ok=2)
    assert words in done.stderr.decode(), done.stderr


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("wrong"), config(WEB))
    yield server
    server.close()
