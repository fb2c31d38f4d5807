# SPDX-License-Identifier: Apache-2.0
"""chancery-dogtag.7: each thing that a Dogtag tool can do, done by cmc under its own names. A row
of the page without a test here, or the other way round, is a failure."""
import base64
import pathlib
import re
import shutil

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run
from der import integer
from teller import Asked

PAGE = pathlib.Path(__file__).resolve().parents[2] / "man" / "chancery-dogtag.7"
PASSWORD = "Secret.123"
ABSENT = [tool for tool in ("certutil", "pk12util", "softhsm2-util") if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(ABSENT), reason="not installed: " + ", ".join(ABSENT))

SECRETS = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key, failures: 50}}\nlisten:\n") + """\
  - {{path: /dogtag, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, weak: true, compat: dogtag, revoke: {{allow: true}}}}
"""


class Place:
    """A server, and an NSS database with the officer as "Agent"."""

    def __init__(self, folder):
        self.server = Server(folder, SECRETS)
        self.server.start()
        self.world = World(folder, self.server)
        self.fresh = self.world.fresh
        self.db = folder / "db"
        self.db.mkdir()
        self.pw = folder / "pw"
        self.pw.write_text(PASSWORD + "\n")
        run("certutil", "-N", "-d", "sql:%s" % self.db, "-f", self.pw)
        bag = folder / "bag.p12"
        officer = self.world.officer
        craft.openssl("pkcs12", "-export", "-in", officer.pem, "-inkey", officer.key, "-name",
                      "Agent", "-passout", "pass:bag", "-out", bag)
        run("pk12util", "-i", bag, "-d", "sql:%s" % self.db, "-k", self.pw, "-W", "bag")

    def nss(self, query):
        return "nss:%s?%s" % (self.db, query)

    def agent(self, prefix="--signer"):
        return [prefix + "-cert", self.nss("nickname=Agent"),
                "--key-pass" if prefix == "--signer" else prefix + "-pass", self.pw]

    def url(self, path="/dogtag"):
        return ["-u", self.server.url + path, "-T", self.server.ca_pem]

    def secret(self, name, *args):
        path = self.fresh("secret")
        path.write_bytes(self.server.cmcd("secret", "add", name, *args).stdout)
        return path

    def csr(self, *args):
        key, csr = self.fresh("key"), self.fresh("csr")
        run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=row", "-o", csr, *args)
        return key, csr

    def request(self, *args, ok=True):
        """cmc request; what it made."""
        out = self.fresh("crq")
        done = run(CMC, "request", "-o", out, *args, ok=ok)
        return out, done

    def submit(self, crq, *args, ok=True):
        out = self.fresh("crp")
        return out, run(CMC, "submit", *self.url(), "-o", out, *args, crq, ok=ok)

    def accepted(self, crq):
        out, done = self.submit(crq)
        assert b"success" in done.stdout
        return out

    def asked(self, crq):
        return Asked(crq.read_bytes())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    p = Place(tmp_path_factory.mktemp("names"))
    yield p
    p.server.close()


# -- programs -------------------------------------------------------------------------------

def key_in_token(place, *args):
    key_id, csr = place.fresh("keyId"), place.fresh("csr")
    run(CMC, "csr", "--new-key", "rsa:2048", "--key-out", "nss:%s" % place.db, "--key-pass", place.pw,
        "--key-id-out", key_id, "-s", "CN=in a token", "--ski", "-o", csr, *args)
    return key_id.read_text(), csr


def pkcs10client(place):
    key_id, csr = key_in_token(place)
    craft.openssl("req", "-in", csr, "-noout", "-verify")
    crq, _ = place.request("--self", "--signer-key", place.nss("id=" + key_id), "--key-pass",
                           place.pw, csr)
    assert len(place.asked(crq).signers) == 1
    done = run(CMC, "csr", "--new-key", "rsa:2048", "--key-out", "nss:%s" % place.db, "--key-pass",
               place.fresh("none"), "-s", "CN=x", "-o", place.fresh("csr"), ok=None)
    assert done.returncode != 0
    done = run(CMC, "csr", "--new-key", "ed25519", "--key-out", "nss:%s" % place.db, "--key-pass",
               place.pw, "-s", "CN=x", "-o", place.fresh("csr"), ok=2)
    assert done.stderr.count(b"\n") == 1
    run(CMC, "csr", "--new-key", "rsa:2048", "--key-out", place.fresh("key"), "--key-id-out",
        place.fresh("id"), "-s", "CN=x", "-o", place.fresh("csr"), ok=2)


def crmfpopclient(place):
    _, csr = key_in_token(place, "--form", "crmf")
    crq, _ = place.request(*place.agent(), csr)
    place.accepted(crq)
    _, csr = place.csr("--form", "crmf", "--no-signature")
    crq, _ = place.request(*place.agent(), csr)
    _, done = place.submit(crq, ok=1)
    assert b"popRequired" in done.stderr


def cmcrequest(place):
    _, csr = place.csr()
    crq, _ = place.request(*place.agent(), csr)
    place.accepted(crq)


def cmcresponse(place):
    _, csr = place.csr()
    crq, _ = place.request(*place.agent(), csr)
    crp = place.accepted(crq)
    assert b"statusInfoV2" in run(CMC, "show", crp).stdout
    run(CMC, "verify", "-T", place.server.ca_pem, "--request", crq, crp)
    done = run(CMC, "verify", "-T", place.world.stranger.pem, crp, ok=None)
    assert done.returncode != 0


def cmcsharedtoken(place):
    key, cert, secret, token = (place.fresh(s) for s in ("key", "crt", "secret", "token"))
    craft.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", "/CN=ca",
                  "-days", "9", "-out", cert)
    secret.write_text("a secret for the token\n")
    run(CMC, "secret", "--secret-file", secret, "--for-cert", cert, "-o", token)
    der = craft.parse(base64.b64decode(token.read_bytes()))
    session = craft.openssl("pkeyutl", "-decrypt", "-inkey", key, data=der[0].content)
    assert craft.openssl("enc", "-d", "-aes-128-cbc", "-K", session.hex(), "-iv", "01" * 16,
                         data=der[1].content) == b"a secret for the token"
    run(CMC, "secret", "--secret-file", secret, "--for-cert", place.world.officer.pem, ok=2)


def cmcrevoke(place):
    person = place.world.issue("revoked as by CMCRevoke")
    out = place.fresh("crq")
    run(CMC, "revoke", "--out", out, *place.agent("--officer"), "--issuer-cert",
        place.server.ca_pem, "--serial", "0x" + person.cert.serial.hex(), "--reason", "4",
        "--comment", "as by CMCRevoke")
    place.accepted(out)
    assert not place.server.openssl_verify(person.pem, place.world.folder)[0]


def httpclient(place):
    _, csr = place.csr()
    crq, _ = place.request(*place.agent(), csr)
    tls = place.server.tls_url + "/cmc"
    officer = place.world.officer
    done = run(CMC, "submit", "-u", tls, "--tls-ca", place.server.ca_pem, "--tls-cert", officer.pem,
               "--tls-key", officer.key, "-o", place.fresh("crp"), crq)
    assert b"success" in done.stdout


PROGRAMS = {"PKCS10Client": pkcs10client, "CRMFPopClient": crmfpopclient, "CMCRequest": cmcrequest,
            "CMCResponse": cmcresponse, "CMCSharedToken": cmcsharedtoken, "CMCRevoke": cmcrevoke,
            "CMCEnroll": cmcrequest, "HttpClient": httpclient}


# -- parameters of CMCRequest -------------------------------------------------------------------

def several(place):
    files = [place.csr()[1], place.csr("--der")[1], place.csr("--form", "crmf")[1]]
    crq, _ = place.request(*place.agent(), *files)
    assert len(place.asked(crq).requests) == 3
    place.accepted(crq)


def self_signed(place):
    key_id, csr = key_in_token(place)
    secret = place.secret("self " + key_id)
    crq, _ = place.request("--self", "--signer-key", place.nss("id=" + key_id), "--key-pass",
                           place.pw, "--secret-file", secret, "-i", "self " + key_id, csr)
    place.accepted(crq)


def proved(place, name, *args, controls=()):
    key, csr = place.csr("--ski")
    secret = place.secret(name)
    crq, _ = place.request("--self", "--signer-key", key, "--secret-file", secret, "-i", name,
                           *args, csr)
    for number in controls:
        assert place.asked(crq).control(number) is not None, number
    place.accepted(crq)


def identification(place):
    _, csr = place.csr()
    crq, _ = place.request(*place.agent(), "-i", "just a name", csr)
    assert place.asked(crq).control(2).content == b"just a name"
    place.accepted(crq)


def witness(place):
    proved(place, "witness", controls=[2, 34, 22])


def proof_v2(place):
    proved(place, "v2", "--proof", "sha512:hmac-sha256", controls=[34])


def proof_v1(place):
    proved(place, "v1", "--proof-v1", controls=[3])


def link_v2(place):
    proved(place, "link", "--pop-link", "sha256:hmac-sha256", "--compat", "dogtag", controls=[22])
    # The same of a request of somebody else's, whose key must be named.
    key, csr = place.csr()
    secret = place.secret("link by an agent")
    common = [*place.agent(), "--secret-file", secret, "-i", "link by an agent", "--pop-link", "hash"]
    _, done = place.request(*common, csr, ok=2)
    assert b"POP link witness" in done.stderr
    crq, _ = place.request(*common, "--request-key", key, csr)
    place.accepted(crq)


def link_v1(place):
    proved(place, "link v1", "--pop-link", "v1", controls=[22])


def decrypted_pop(place):
    key, csr = place.fresh("key"), place.fresh("csr")
    run(CMC, "csr", "--new-key", "rsa:2048", "--key-out", key, "-s", "CN=challenged", "-f", "crmf",
        "--no-signature", "-o", csr)
    first, _ = place.request(*place.agent(), csr)
    crp, _ = place.submit(first, ok=1)
    second, _ = place.request(*place.agent(), "--challenge", crp, "-T", place.server.ca_pem,
                              "--request-key", key, first)
    place.accepted(second)


def invalidity(place):
    person = place.world.issue("not trusted since")
    out = place.fresh("crq")
    run(CMC, "revoke", "--out", out, *place.agent("--officer"), "-c", person.pem,
        "--invalidity-date", "2026-01-02")
    assert b"20260102000000Z" in place.asked(out).control(17).whole
    place.accepted(out)


def rev_secret(place):
    person = place.world.issue("by shared secret")
    secret = place.secret("rev", "--purpose", "revoke", "--serial", person.cert.serial.hex())
    out = place.fresh("crq")
    run(CMC, "revoke", "--out", out, "-c", person.pem, "--passphrase-file", secret, "--compat",
        "dogtag")
    assert craft.parse(out.read_bytes())[0].oid() == craft.DATA
    place.accepted(out)


def nonce(place):
    _, csr = place.csr()
    crq, _ = place.request(*place.agent(), csr)
    assert len(place.asked(crq).control(6).content) == 16
    crq, _ = place.request(*place.agent(), "--no-nonce", csr)
    assert place.asked(crq).control(6) is None


def transaction(place):
    _, csr = place.csr()
    crq, _ = place.request(*place.agent(), "--transaction-id", "0x68656c6c6f", csr)
    assert place.asked(crq).control(5).whole == integer(0x68656c6c6f)
    place.accepted(crq)
    crq, _ = place.request(*place.agent(), "--no-transaction-id", csr)
    assert place.asked(crq).control(5) is None


def data_return(place):
    _, csr = place.csr()
    crq, _ = place.request(*place.agent(), "--data-return", "come back", csr)
    crp = place.accepted(crq)
    assert b"come back" in crp.read_bytes()


def lra(place):
    crq, _ = place.request(*place.agent(), "--ra-vouches", place.csr()[1], place.csr()[1])
    asked = place.asked(crq)
    assert [i.int() for i in asked.control(11)[1].parts] == asked.ids()


def told_elsewhere(place):
    """Commands with tests of their own."""


PARAMETERS = {
    "dbdir, password, tokenname, nickname": cmcrequest,
    "format, numRequests, input": several,
    "output": cmcrequest,
    "request.selfSign, request.useSharedSecret, request.privKeyId": self_signed,
    "identification.enable, identification": identification,
    "witness.sharedSecret": witness,
    "identityProofV2.enable, .hashAlg, .macAlg": proof_v2,
    "identityProof.enable, .sharedSecret": proof_v1,
    "popLinkWitnessV2.enable, .keyGenAlg, .macAlg": link_v2,
    "popLinkWitness.enable": link_v1,
    "decryptedPop.enable, encryptedPopResponseFile, decryptedPopRequestFile, oaep": decrypted_pop,
    "revRequest.enable, .serial, .issuer, .reason, .comment": cmcrevoke,
    "revRequest.invalidityDatePresent": invalidity,
    "revRequest.sharedSecret": rev_secret,
    "senderNonce.enable, senderNonce": nonce,
    "transactionMgt.enable, transactionMgt.id": transaction,
    "dataReturn.enable, .data": data_return,
    "LraPopWitness.enable, .bodyPartIDs": lra,
    "getCert.enable, .serial, .issuer": told_elsewhere,
    "confirmCertAcceptance.enable, .serial, .issuer": told_elsewhere,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(place, name):
    PROGRAMS[name](place)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter(place, name):
    PARAMETERS[name](place)


def test_the_page_and_these_rows_are_one():
    text = PAGE.read_text()
    programs, parameters = text.split(".Sh PROGRAMS")[1].split(".Sh PARAMETERS OF CMCREQUEST")
    assert re.findall(r"^\.It (.+)$", programs, re.M) == list(PROGRAMS)
    assert re.findall(r"^\.It (.+)$", parameters, re.M) == list(PARAMETERS)


def test_no_parameter_of_cmcrequest_is_left_out():
    """The names that CMCRequest takes, from its source."""
    source = (PAGE.parents[1] / "src" / "dogtag" / "cmcrequest.c").read_text()
    names = re.findall(r'^    \{"([^"]+)", DOG_(?:TEXT|BOOL|BOOL_EXACT)', source, re.M)
    assert len(names) > 40
    said = set()
    for row in PARAMETERS:
        first = row.split(",")[0].split(".")[0]
        said |= {first + n.strip() if n.strip().startswith(".") else n.strip()
                 for n in row.split(",")}
    assert set(names) - {"rfc"} <= said, set(names) - said
