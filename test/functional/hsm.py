# SPDX-License-Identifier: Apache-2.0
"""A SoftHSM token for a server's keys, which a test can pull, slow down, and count the calls of."""
import os
import pathlib
import shutil
import struct

from authority import BUILD, run

import craft

PIN = "1234"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PULLED = BUILD / "test" / "functional" / "pulled_token.so"
COUNTERS = ("logins", "finds", "signatures", "decryptions", "derivations", "sessions", "refused")
ABSENT = "" if shutil.which("softhsm2-util") else "not installed: softhsm2 (Debian package)"


def module():
    """Where SoftHSM's module is: Debian has it in two places, by architecture."""
    for path in [pathlib.Path(MODULE), *pathlib.Path("/usr/lib").glob("*/softhsm/libsofthsm2.so")]:
        if path.exists():
            return path
    return MODULE


class Hsm:
    """One token. Its environment is for the programs that use it, its URIs name the module."""

    def __init__(self, folder, label="pulled hsm"):
        self.home, self.label, self.n = folder, label, 0
        folder.mkdir()
        (folder / "store").mkdir()
        conf = folder / "softhsm2.conf"
        conf.write_text("directories.tokendir = %s\n" % (folder / "store"))
        self.pin = folder / "pin"
        self.set_pin(PIN)
        self.control, self.counts = folder / "control", folder / "counts"
        self.say("ok")
        self.env = dict(os.environ, SOFTHSM2_CONF=str(conf), PULLED_MODULE=str(module()),
                        PULLED_CONTROL=str(self.control), PULLED_COUNTS=str(self.counts))
        self.util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "43210")

    def util(self, *args, **kw):
        return run("softhsm2-util", *args, env=self.env, **kw)

    def set_pin(self, text):
        self.pin.write_text(text + "\n")
        self.pin.chmod(0o600)

    def put(self, key, label):
        """A key file into the token; its URI."""
        self.n += 1
        plain = self.home / "plain.key"  # softhsm2-util reads PKCS#8 only
        craft.openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-out", plain)
        self.util("--import", plain, "--token", self.label, "--label", label, "--id",
                  "%02x" % self.n, "--pin", PIN)
        plain.unlink()
        return self.uri(label)

    def uri(self, label):
        quote = lambda text: text.replace(" ", "%20")
        return "pkcs11:token=%s;object=%s?module-path=%s&pin-source=%s" % (
            quote(self.label), quote(label), PULLED, self.pin)

    # -- the token as seen from the program

    def say(self, line):
        new = self.control.with_suffix(".new")
        new.write_text(line + "\n")
        new.rename(self.control)

    def count(self):
        octets = self.counts.read_bytes()
        return dict(zip(COUNTERS, struct.unpack("=%dQ" % len(COUNTERS), octets)))


def move_keys(server, hsm, names=("ca", "responder", "ocsp", "encryption")):
    """The server's keys into the token, and out of its files, before it starts."""
    text = server.conf.read_text()
    for name in names:
        key = server.home / (name + ".key")
        if "key: %s.key" % name not in text:
            continue
        text = text.replace("key: %s.key" % name, 'key: "%s"' % hsm.put(key, name))
        key.unlink()
    server.conf.write_text(text)
    server.env = hsm.env
