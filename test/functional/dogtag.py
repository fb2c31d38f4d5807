# SPDX-License-Identifier: Apache-2.0
"""What the tests of the drop-in tools share: running them, and taking CMC messages apart without
any code of ours."""
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

import der

BUILD = pathlib.Path(os.environ["CHANCERY_BUILD"]) / "src" / "dogtag"
DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "dogtag"
PASSWORD = "Secret.123"
AGENT = "PKI Administrator for EXAMPLE"
EC_AGENT = "EC Agent"
CMC = "1.3.6.1.5.5.7.7."

SHA256, SHA384, SHA512 = ("2.16.840.1.101.3.4.2.%d" % n for n in (1, 2, 3))
HMAC = {"1.2.840.113549.2.9": "sha256", "1.2.840.113549.2.10": "sha384",
        "1.2.840.113549.2.11": "sha512"}
DIGEST = {SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}


def run(tool, *args, cwd=None, code=0, **kw):
    """Run a tool; its exit code must be as said. Returns the finished process, output as text."""
    done = subprocess.run([str(BUILD / tool), *map(str, args)], cwd=cwd, capture_output=True,
                          timeout=60, **kw)
    # Not text=True, which would take the CR out of CR LF.
    done.stdout = done.stdout.decode(errors="replace")
    done.stderr = done.stderr.decode(errors="replace")
    assert done.returncode == code, (tool, args, done.returncode, done.stdout, done.stderr)
    assert "Sanitizer" not in done.stderr
    return done


def openssl(*args, data=None):
    return subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True)


def config(path, **params):
    """A configuration file; '__' in a name stands for '.'."""
    path.write_text("".join("%s=%s\n" % (name.replace("__", "."), value)
                            for name, value in params.items() if value is not None))
    return path


@pytest.fixture
def work(tmp_path):
    """A folder of one's own with the data of the real tools."""
    shutil.copytree(DATA, tmp_path / "data")
    return tmp_path / "data"


class Message:
    """A CMC request: SignedData with one SignerInfo, or id-data, and the PKIData in it."""

    def __init__(self, data):
        info = der.parse(data)
        self.type = info[0].oid()
        self.signed = self.type == "1.2.840.113549.1.7.2"
        if not self.signed:
            self.pkidata = der.parse(info[1][0].content)
        else:
            sd = info[1][0]
            parts = list(sd.parts)
            self.version, self.digests = parts[0].int(), parts[1].whole
            self.content_type = parts[2][0].oid()
            self.content = parts[2][1][0].content
            self.pkidata = der.parse(self.content)
            rest = parts[3:]
            self.certs = None
            if rest[0].tag == 0xa0:
                self.certs = [c.whole for c in rest.pop(0).parts]
            self.signers = rest[0].parts
            if self.signers:
                self._signer(self.signers[0])
        controls, self.requests, self.cms, self.other = self.pkidata.parts
        self.req_sequence = self.requests.whole
        self.controls = [(c[0].int(), c[1].oid(), [v.whole for v in c[2].parts])
                         for c in controls.parts]

    def _signer(self, si):
        self.signer_version, self.sid, self.digest_alg = si[0].int(), si[1], si[2].whole
        self.attrs = si[3]
        self.attr_types = [a[0].oid() for a in self.attrs.parts]
        self.signature_alg, self.signature = si[4].whole, si[5].content

    def control(self, number):
        values = [v for _, oid, v in self.controls if oid == CMC + str(number)]
        assert len(values) == 1 and len(values[0]) == 1, (number, self.controls)
        return der.parse(values[0][0])

    def ids(self):
        """Body part ids of controls and requests."""
        ids = [c[0] for c in self.controls]
        for r in self.requests.parts:
            ids.append((r[0] if r.tag == 0xa0 else r[0][0]).int())
        return ids

    def digest_is_right(self):
        want = [a[1][0].content for a in self.attrs.parts
                if a[0].oid() == "1.2.840.113549.1.9.4"]
        return want == [hashlib.sha256(self.content).digest()]

    def signature_verifies(self, spki, folder):
        """With a public key, by openssl: for messages that bring no certificate."""
        (folder / "spki.der").write_bytes(spki)
        (folder / "attrs.der").write_bytes(der.retag(0x31, self.attrs.whole))
        (folder / "sig.bin").write_bytes(self.signature)
        pem = openssl("pkey", "-pubin", "-inform", "DER", "-in", folder / "spki.der").stdout
        (folder / "spki.pem").write_bytes(pem)
        return openssl("dgst", "-sha256", "-verify", folder / "spki.pem", "-signature",
                       folder / "sig.bin", folder / "attrs.der").returncode == 0


def cms_verifies(path):
    """openssl takes the signature, by the certificate in the message."""
    done = openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", path, "-out", os.devnull)
    return done.returncode == 0


def proof_v2(value):
    """The names of digest and MAC, and the witness."""
    return DIGEST[value[0][0].oid()], HMAC[value[1][0].oid()], value[2].content


def request_der(path):
    """The DER in a text file with PEM lines."""
    import base64
    lines = [line for line in path.read_text().splitlines() if not line.startswith("-----")]
    return base64.b64decode("".join(lines))
