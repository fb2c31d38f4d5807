# SPDX-License-Identifier: Apache-2.0
"""The examples of the manuals, run as they stand there: taken out of man/*.1, in a folder with the
database and beside the cmcd that they take for given. Only host and ports are others."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import dogtag
from authority import CMCD
from dogtag_ca import PASSWORD, Dogtag

MAN = pathlib.Path(__file__).resolve().parent.parent.parent / "man"
AGENT = "PKI Administrator"
# Each has its place in the manual of the tool.
PAGES = {
    "CMCRequest": ["format=pkcs10", "format=crmf", "numRequests=2", "identityProofV2.enable=true",
                   "popLinkWitnessV2.enable=true", "request.selfSign=true", "POP_NONE",
                   "decryptedPop.enable=true", "revRequest.reason=keyCompromise",
                   "revRequest.sharedSecret=", "secure=true", "HttpClient", "CMCResponse -i"],
    "CMCSharedToken": ["CMCSharedToken -d", "--oaep", "cmcd secret add"],
    "CMCResponse": ["-t ca.crt -o", "failInfo="],
    "PKCS10Client": ["-a ec", "-y true", "-k true"],
    "CRMFPopClient": ["-a ec", "-q POP_NONE", "-b transport.pem"],
    "HttpClient": ["secure=false", "secure=true", "clientmode=true", "?profileId="],
    "CMCEnroll": ["CMCEnroll -d"],
    "CMCRevoke": ["CMCRevoke -d", "-m1"],
}
# What stands in a scratch folder afterwards, beside what the examples check themselves.
MADE = {
    "CMCRequest": ["user.p7b", "both.resp", "self.crt", "trip2.resp", "rev.resp", "lost.resp"],
    "CMCSharedToken": ["alice.tok", "bob.tok"],
    "CMCResponse": ["user.p7b"],
    "PKCS10Client": ["a.csr", "a.csr.keyId", "b.csr"],
    "CRMFPopClient": ["a.crmf", "b.crmf", "c.crmf", "d.crmf", "d.crmf.keyId"],
    "HttpClient": ["user.resp", "other.resp"],
    "CMCEnroll": ["user.csr.out", "user.resp"],
    "CMCRevoke": ["CMCRevoke.out", "gone.resp"],
}


def examples(page):
    """The literal blocks of the section EXAMPLES, in order, as a reader sees them."""
    text = (MAN / (page + ".1")).read_text()
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", text, re.S | re.M).group(1)
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed\n", section, re.S | re.M)
    return [b.replace("\\&", "").replace("\\-", "-").replace("\\e", "\\") for b in blocks]


class Desk:
    """The CA, and what lies on an administrator's desk before the first example."""

    def __init__(self, folder):
        self.ca = Dogtag(folder, AGENT)
        self.folder = folder
        (folder / "noise").write_bytes(os.urandom(64))
        self.ca.certutil("-S", "-n", "issuance protection", "-s", "CN=issuance protection", "-x",
                         "-t", ",,", "-k", "rsa", "-g", "2048", "-z", folder / "noise")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=transport", "-keyout", folder / "transport.key", "-out",
                        folder / "transport.pem"], check=True, capture_output=True)

    def scratch(self, name):
        here = self.folder / name
        shutil.copytree(self.ca.db, here / "nssdb")
        (here / "pw").write_text(PASSWORD + "\n")
        shutil.copy(self.ca.server.home / "ca.crt", here)
        shutil.copy(self.folder / "transport.pem", here)
        (here / "ca").symlink_to(self.ca.server.home)
        return here

    def run(self, page):
        here = self.scratch(page)
        script = "set -eu\n" + "\n".join(examples(page))
        for written, real in (("ca.example.com", "localhost"),
                              ("8080", str(self.ca.server.port)),
                              ("8443", str(self.ca.server.tls_port))):
            script = script.replace(written, real)
        path = "%s:%s:%s" % (dogtag.BUILD, pathlib.Path(CMCD).parent, os.environ["PATH"])
        done = subprocess.run(["sh"], input=script, cwd=here, capture_output=True, text=True,
                              timeout=120, env=dict(os.environ, PATH=path))
        assert done.returncode == 0, "%s\n%s\n%s" % (script, done.stdout, done.stderr)
        for name in MADE[page]:
            assert (here / name).stat().st_size > 0, name
        return here, done


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("manuals"))
    yield made
    made.ca.server.close()


@pytest.mark.parametrize("page", PAGES)
def test_scenarios_are_there(page):
    text = "".join(examples(page))
    for word in PAGES[page]:
        assert word in text, word


def state_of(desk, crt):
    serial = subprocess.run(["openssl", "x509", "-in", crt, "-noout", "-serial"],
                            capture_output=True, text=True).stdout.split("=")[1].strip()
    listing = desk.ca.server.cmcd("cert", "list").stdout.decode()
    return [line.split()[1] for line in listing.splitlines()
            if line.lower().startswith(serial.lower())]


def test_shared_token_then_requests(desk):
    """Alice's token of CMCSharedToken(1) is what CMCRequest(1) proves her identity by."""
    desk.run("CMCSharedToken")
    here, done = desk.run("CMCRequest")
    assert done.stdout.count("Status: SUCCESS") == 6
    assert state_of(desk, here / "user.crt") == state_of(desk, here / "self.crt") == ["revoked"]


@pytest.mark.parametrize("page", [p for p in PAGES if p not in ("CMCRequest", "CMCSharedToken")])
def test_page(desk, page):
    here, done = desk.run(page)
    if "CMCResponse" in "".join(examples(page)):
        assert "Status: SUCCESS" in done.stdout
    if page == "CMCResponse":
        assert "failInfo=internal ca error" in done.stdout and not (here / "bad.p7b").exists()


def test_a_wrong_example_fails(desk, monkeypatch):
    """That a green page means something."""
    monkeypatch.setitem(globals(), "examples",
                        lambda page: ["CMCResponse -i no.such.file -t ca.crt\n"])
    (desk.folder / "CMCEnroll").exists() and shutil.rmtree(desk.folder / "CMCEnroll")
    with pytest.raises(AssertionError):
        desk.run("CMCEnroll")
