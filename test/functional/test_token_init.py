# SPDX-License-Identifier: Apache-2.0
"""cmcd init makes the CA's key in a token; where passwords come from, and from where not."""
import shutil
import subprocess

import pytest

import craft
import hsm
import keystore
from authority import CMCD, run

pytestmark = pytest.mark.skipif(bool(hsm.ABSENT), reason=hsm.ABSENT)


@pytest.fixture
def token(tmp_path):
    return hsm.Hsm(tmp_path / "hsm")


def checks(home, env=None, ok=True):
    done = run(CMCD, "check-config", "-c", home / "cmcd.yaml", env=env, ok=ok)
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("kind", ["ec:P-256", "ec:P-384", "rsa:3072"])
def test_key_in_an_hsm(tmp_path, token, kind):
    """Made there, never leaves it, and the authority works with it; a second one is refused."""
    home, uri = tmp_path / "ca", token.uri("root key")
    run(CMCD, "init", home, "--ca-key", uri, "-k", kind, "-n", "CN=in a token", env=token.env)
    assert not (home / "ca.key").exists()
    assert uri in (home / "cmcd.yaml").read_text()
    checks(home, token.env)
    craft.openssl("verify", "-CAfile", home / "ca.crt", home / "officer.crt")
    again = tmp_path / "again"
    done = run(CMCD, "init", again, "--ca-key", uri, env=token.env, ok=None)
    assert done.returncode != 0 and b"'root key' already" in done.stderr
    assert not again.exists()
    # sensitive and not extractable, as PKCS#11 itself tells
    if shutil.which("pkcs11-tool"):
        text = run("pkcs11-tool", "--module", hsm.module(), "--token-label", token.label, "--login",
                   "--pin", hsm.PIN, "--list-objects", "--type", "privkey",
                   env=token.env).stdout.decode()
        assert "never extractable" in text and "sensitive" in text


def test_key_in_nss(tmp_path):
    """In an NSS database it is named by its id."""
    db, password = tmp_path / "nss", keystore.secret(tmp_path / "password", keystore.PASSWORD)
    db.mkdir()
    run("certutil", "-N", "-d", "sql:%s" % db, "-f", password)
    home = tmp_path / "ca"
    run(CMCD, "init", home, "--ca-key", "nss:%s" % db, "--ca-pass", password)
    assert not (home / "ca.key").exists() and "id=" in (home / "cmcd.yaml").read_text()
    checks(home)


@pytest.mark.parametrize("uri,words", [
    ("pkcs11:token=pulled%20hsm", "object=NAME"), ("nss:/nowhere?nickname=x", "leave out nickname"),
    ("pkcs11:token=nobody;object=x", "no such token")])
def test_not_made(tmp_path, token, uri, words):
    done = run(CMCD, "init", tmp_path / "ca", "--ca-key", uri, env=token.env, ok=None)
    assert done.returncode != 0 and words in done.stderr.decode(), done.stderr
    assert done.stderr.count(b"\n") == 1 and not (tmp_path / "ca").exists()


def test_where_passwords_come_from(tmp_path, token):
    """A systemd credential, never a URI; and no terminal, no question."""
    home, uri = tmp_path / "ca", token.uri("root key")
    run(CMCD, "init", home, "--ca-key", uri, env=token.env)
    conf = home / "cmcd.yaml"
    text = conf.read_text()
    folder = tmp_path / "credentials"
    folder.mkdir()
    keystore.secret(folder / "hsm-pin", hsm.PIN)
    source = "pin-source=%s" % token.pin
    rows = [("pin-source=credential:hsm-pin", dict(token.env, CREDENTIALS_DIRECTORY=str(folder)),
             0, ""),
            ("pin-source=credential:hsm-pin", token.env, 1, "LoadCredential="),
            ("pin-source=credential:none", dict(token.env, CREDENTIALS_DIRECTORY=str(folder)), 1,
             "No such file"),
            ("pin-value=%s" % hsm.PIN, token.env, 1, "pin-source=FILE"),
            ("x=", token.env, 1, "CA key")]
    for query, env, status, words in rows:
        conf.write_text(text.replace(source, query) if query != "x=" else
                        text.replace("&" + source, ""))
        got = checks(home, env, ok=status)
        assert words in got, got
        assert "=" + hsm.PIN not in got
    done = run(CMCD, "init", tmp_path / "other", "--ca-key", uri.replace(
        source, "pin-value=%s" % hsm.PIN), env=token.env, ok=None)
    assert done.returncode != 0 and b"pin-source=FILE" in done.stderr


def test_encrypted_key_file(tmp_path):
    """The right passphrase, a wrong one, none: one clear line, and no start."""
    home = tmp_path / "ca"
    run(CMCD, "init", home)
    craft.openssl("pkcs8", "-topk8", "-in", home / "ca.key", "-out", home / "sealed.key",
                  "-passout", "pass:right one")
    keystore.secret(home / "pass", "right one")
    conf = home / "cmcd.yaml"
    text = conf.read_text().replace('  key: "ca.key"\n', '  key: "sealed.key"\n%s', 1)
    conf.write_text(text % "  passphrase-file: pass\n")
    checks(home)
    for line, words in (("  passphrase-file: wrong\n", "the passphrase is wrong"),
                        ("", "is encrypted, and no passphrase was given")):
        keystore.secret(home / "wrong", "not it")
        conf.write_text(text % line)
        done = subprocess.run([CMCD, "serve", "-c", str(conf)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20)
        assert done.returncode != 0 and words in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
