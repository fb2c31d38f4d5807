# SPDX-License-Identifier: Apache-2.0
"""Where the keys of servers under test are. CHANCERY_KEYS=softhsm or nss moves those of CA, responder,
OCSP and encryption into a token before each start, so that the same tests run on keys in tokens."""
import atexit
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

# Of tests that write names of key files into configurations.
files_only = pytest.mark.skipif(os.environ.get("CHANCERY_KEYS", "file") != "file",
                                reason="is about the names of key files")
KIND = os.environ.get("CHANCERY_KEYS", "file")
NAMES = ("ca", "responder", "ocsp", "encryption")
PIN, PASSWORD = "1234", "Secret.123"


def call(*args):
    subprocess.run([str(a) for a in args], check=True, stdin=subprocess.DEVNULL,
                   capture_output=True, timeout=60)


def secret(path, text):
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


class SoftHsm:
    """One token for all servers of this process; SoftHSM finds it by the environment."""
    label = "keys under test"

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="chancery-keys-"))
        atexit.register(shutil.rmtree, self.home, True)
        (self.home / "store").mkdir()
        conf = self.home / "softhsm2.conf"
        conf.write_text("directories.tokendir = %s\n" % (self.home / "store"))
        os.environ["SOFTHSM2_CONF"] = str(conf)
        self.pin = secret(self.home / "pin", PIN)
        self.n = 0
        call("softhsm2-util", "--init-token", "--free", "--label", self.label, "--pin", PIN,
             "--so-pin", "43210")

    def put(self, server, name):
        self.n += 1
        plain = self.home / "plain.key"  # softhsm2-util reads PKCS#8 only
        call("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", server.home / (name + ".key"), "-out",
             plain)
        call("softhsm2-util", "--import", plain, "--token", self.label, "--label", "%s %d" % (
            name, self.n), "--id", "%04x" % self.n, "--pin", PIN)
        return "pkcs11:token=keys%%20under%%20test;object=%s%%20%d?pin-source=%s" % (
            name, self.n, self.pin)


class Nss:
    """A database for each server: a process has one open."""

    def put(self, server, name):
        folder = server.folder / "nss"
        password = server.folder / "nss-password"
        if not folder.exists():
            folder.mkdir()
            secret(password, PASSWORD)
            call("certutil", "-N", "-d", "sql:%s" % folder, "-f", password)
        bag = server.folder / "bag.p12"
        call("openssl", "pkcs12", "-export", "-in", server.home / (name + ".crt"), "-inkey",
             server.home / (name + ".key"), "-name", name, "-passout", "pass:bag", "-out", bag)
        call("pk12util", "-i", bag, "-d", "sql:%s" % folder, "-k", password, "-W", "bag")
        return "nss:%s?nickname=%s&pin-source=%s" % (folder, name, password)


STORES = {"file": lambda: None, "softhsm": SoftHsm, "nss": Nss}
store = STORES[KIND]()


def move(server):
    """The keys that the configuration names as files, each put into the token once."""
    if store is None or server.env is not None:
        return
    text = server.conf.read_text()
    for name in NAMES:
        if re.search(r"key: %s\.key\b" % name, text) is None:
            continue
        if name not in server.moved:
            server.moved[name] = store.put(server, name)
        text = re.sub(r"key: %s\.key\b" % name, lambda m, n=name: 'key: "%s"' % server.moved[n], text)
    assert "key: ca.key" not in text
    server.conf.write_text(text)
