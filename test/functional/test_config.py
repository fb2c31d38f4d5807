# SPDX-License-Identifier: Apache-2.0
"""Malformed configurations: cmcd check-config finds each wrong (exit status 1), cmcd serve refuses
to start (2, or 3 for a file that is not there), and both say where and what would be right."""
import subprocess

import pytest

from authority import CMCD, Server, run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An authority that is not served, and its good configuration."""
    server = Server(tmp_path_factory.mktemp("config"))
    yield server
    server.close()


# What is replaced, by what, and words that the message must hold.
ROWS = {
    "unknown key": ("workers: 2", "wrokers: 2", ["wrokers", "workers"]),
    "unknown key in an endpoint": ("renewal: false", "renewl: false", ["renewl", "renewal"]),
    "key twice": ("workers: 2", "workers: 2\nworkers: 3", ["workers"]),
    "number that is none": ("workers: 2", "workers: two", ["two"]),
    "number negative": ("workers: 2", "workers: -1", ["-1"]),
    "no workers": ("workers: 2", "workers: 0", ["workers"]),
    "too many workers": ("workers: 2", "workers: 65", ["workers", "64"]),
    "boolean that is none": ("allow: false", "allow: perhaps", ["perhaps"]),
    "word that is none of the list": ("level: info", "level: loud", ["loud"]),
    "reason that is none": ("[unspecified, keyCompromise,", "[unspecified, keyCompromized,",
                            ["keyCompromized"]),
    "mandatory key missing": ("    days: 90\n    keys:", "    keys:", ["days"]),
    "no database": ("database: ", "databse: ", ["databse", "database"]),
    "profile that is not there": ("profile: p256", "profile: p265", ["p265"]),
    "path used twice": ("path: /cmconly", "path: /norevoke", ["/norevoke"]),
    "path without a slash": ("path: /cmconly", "path: cmconly", ["cmconly"]),
    "port above 65535": ("port: 0}", "port: 65536}", ["65536"]),
    "certificate that is not there": ("certificate: ca.crt", "certificate: nothing.crt",
                                      ["nothing.crt"]),
    "key of another certificate": ("key: responder.key", "key: officer.key", []),
    "extension that openssl does not know": ("name: keyUsage", "name: keyUsge", ["keyUsge"]),
    "extension value that is none": ("critical,digitalSignature", "critical,digitalSignatur",
                                     ["keyUsage"]),
    "key type that is none": ('"ec:P-256"', '"ec:P-255"', ["ec:P-255"]),
    "no days": ("days: 90", "days: 0", ["days"]),
    "secrets without their key": ("renewal: false", "secrets: true", ["secrets", "key"]),
    "tab": ("workers: 2", "workers:\t2\n\tx: y", []),
    "not YAML": ("workers: 2", "workers: [2", []),
    "a list where a mapping is due": ("log: {level: info}", "log: [level]", ["log"]),
    "empty": (None, "", []),
    "endless alias": ("workers: 2", "a: &a [x, *a]", []),
}


@pytest.mark.parametrize("name", ROWS)
def test_refused(home, name):
    old, new, words = ROWS[name]
    good = home.conf.read_text()
    assert old is None or old in good
    bad = home.home / "bad.yaml"
    bad.write_text(new if old is None else good.replace(old, new, 1))
    found = subprocess.run([CMCD, "check-config", "-c", bad], capture_output=True, timeout=20,
                           text=True)
    assert found.returncode == 1, (found.returncode, found.stdout, found.stderr)
    errors = [line for line in found.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, found.stdout
    refused = subprocess.run([CMCD, "serve", "-c", bad], capture_output=True, timeout=20,
                             text=True)
    assert refused.returncode == (3 if name == "certificate that is not there" else 2), (
        refused.returncode, refused.stderr)
    said = [line for line in refused.stderr.splitlines() if line.startswith("cmcd serve: ")]
    assert len(said) == 1, refused.stderr
    for word in words:
        assert word in errors[0] and word in said[0], (errors, said)


def test_line_and_column(home):
    good = home.conf.read_text()
    bad = home.home / "bad.yaml"
    bad.write_text(good.replace("workers: 2", "wrokers: 2"))
    line = 1 + good[:good.index("workers: 2")].count("\n")
    done = run(CMCD, "check-config", "-c", bad, ok=1)
    assert ("bad.yaml:%d:1:" % line) in done.stdout.decode(), done.stdout


def test_the_good_one_is_good(home):
    run(CMCD, "check-config", "-c", home.conf)
    run(CMCD, "check-config", "-c", home.home / "cmcd.yaml")


def test_init_does_not_touch_what_is_there(home):
    before = {p: p.read_bytes() for p in home.home.iterdir()}
    run(CMCD, "init", home.home, ok=1)
    assert {p: p.read_bytes() for p in home.home.iterdir()} == before


def test_secrets_are_nobody_elses(home):
    for path in home.home.glob("*.key"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (home.home / "chancery.db").stat().st_mode & 0o077 == 0
