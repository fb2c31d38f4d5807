# SPDX-License-Identifier: Apache-2.0
"""Round trips inside one machine, no Java: PKCS10Client or CRMFPopClient makes a request,
CMCRequest a message of it, HttpClient carries it to cmcd with the shipped etc/dogtag.yaml, and
CMCResponse reads the answer. The keys live in an NSS database that certutil made."""
import shutil
import socket
import subprocess

import pytest

import der
import dogtag
from dogtag_ca import Dogtag

SECRET = "a secret of more than sixteen"
AGENT_PATH = "/ca/ee/ca/profileSubmitCMCFull"
SELF_PATH = "/ca/ee/ca/profileSubmitSelfSignedCMCFull"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    made = Dogtag(tmp_path_factory.mktemp("dogtag"))
    yield made
    made.server.close()


def state_of(ca, serial):
    listing = ca.server.cmcd("cert", "list").stdout.decode()
    return [line.split()[1] for line in listing.splitlines()
            if line.lower().startswith(serial.lower())][0]


def test_pkcs10_signed_by_an_agent(ca):
    ca.make("PKCS10Client", "p10", "-a", "rsa", "-l", "2048", "-n", "CN=p10 user")
    ca.cmc_request("p10", format="pkcs10", nickname="agent")
    assert "Status: SUCCESS" in ca.send("p10", AGENT_PATH)
    serial, _ = ca.certificate("p10", "CN=p10 user")
    assert state_of(ca, serial) == "valid"
    # certutil has joined certificate and key
    assert "p10" in ca.certutil("-K")


def test_crmf_signed_by_an_agent(ca):
    ca.make("CRMFPopClient", "crmf", "-a", "ec", "-q", "POP_SUCCESS", "-n", "CN=crmf user")
    ca.cmc_request("crmf", format="crmf", nickname="agent")
    assert "Status: SUCCESS" in ca.send("crmf", AGENT_PATH)
    ca.certificate("crmf", "CN=crmf user")


def test_self_signed_with_a_shared_secret(ca):
    (ca.folder / "secret").write_text(SECRET + "\n")
    ca.server.cmcd("secret", "add", "testuser", "--subject", "CN=testuser", "--file",
                   ca.folder / "secret")
    key = ca.make("PKCS10Client", "self", "-a", "rsa", "-l", "2048", "-y", "true", "-n",
                  "CN=testuser")
    wanted = dict(format="pkcs10", request__selfSign="true", request__privKeyId=key,
                  identification__enable="true", identification="testuser",
                  identityProofV2__enable="true", identityProofV2__hashAlg="SHA-256",
                  identityProofV2__macAlg="SHA-256-HMAC", popLinkWitnessV2__enable="true",
                  popLinkWitnessV2__keyGenAlg="SHA-256", popLinkWitnessV2__macAlg="SHA-256-HMAC")
    ca.cmc_request("self", witness__sharedSecret="not the secret it should be", **wanted)
    assert "identity" in ca.send("self", SELF_PATH, code=1).lower()
    ca.cmc_request("self", witness__sharedSecret=SECRET, **wanted)
    # A profile id brings the rules of its endpoint along, not the profile alone.
    said = ca.send("self", SELF_PATH + "?profileId=caFullCMCUserCert", code=1)
    assert "Status: SUCCESS" not in said
    said = ca.send("self", AGENT_PATH + "?profileId=caFullCMCSharedTokenCert")
    assert "Status: SUCCESS" in said
    ca.certificate("self", "CN=testuser")


def test_revocation_signed(ca):
    ca.make("PKCS10Client", "gone", "-a", "ec", "-n", "CN=gone user")
    ca.cmc_request("gone", format="pkcs10", nickname="agent")
    ca.send("gone", AGENT_PATH)
    serial, _ = ca.certificate("gone", "CN=gone user")
    ca.cmc_request("rev", format="pkcs10", nickname="agent", input=None,
                   revRequest__enable="true", revRequest__serial="0x" + serial,
                   revRequest__reason="keyCompromise", revRequest__comment="lost laptop")
    assert "Status: SUCCESS" in ca.send("rev", AGENT_PATH)
    assert state_of(ca, serial) == "revoked"


def test_revocation_by_shared_secret(ca):
    ca.make("PKCS10Client", "lost", "-a", "ec", "-n", "CN=lost user")
    ca.cmc_request("lost", format="pkcs10", nickname="agent")
    ca.send("lost", AGENT_PATH)
    serial, _ = ca.certificate("lost", "CN=lost user")
    (ca.folder / "pass").write_text(SECRET + "\n")
    ca.server.cmcd("secret", "add", "lost", "--purpose", "revoke", "--serial", serial, "--file",
                   ca.folder / "pass")
    wanted = dict(format="pkcs10", input=None, revRequest__enable="true",
                  revRequest__serial="0x" + serial, revRequest__reason="superseded",
                  revRequest__issuer="CN=Chancery CA")
    ca.cmc_request("revs", revRequest__sharedSecret="not the passphrase at all", **wanted)
    assert "Status: SUCCESS" not in ca.send("revs", SELF_PATH, code=1)
    assert state_of(ca, serial) == "valid"
    ca.cmc_request("revs", revRequest__sharedSecret=SECRET, **wanted)
    assert "Status: SUCCESS" in ca.send("revs", SELF_PATH)
    assert state_of(ca, serial) == "revoked"


def test_four_headers_and_no_chunks(ca):
    """Dogtag's HttpClient takes what follows the sixth line feed for the body."""
    ca.make("PKCS10Client", "four", "-a", "ec", "-n", "CN=four headers")
    ca.cmc_request("four", format="pkcs10", nickname="agent")
    body = (ca.folder / "four.cmc").read_bytes()
    for path, sent in ((AGENT_PATH, body), (AGENT_PATH, body[:-7]), (AGENT_PATH, b"text"),
                       (AGENT_PATH + "?profileId=none", body)):
        with socket.create_connection(("127.0.0.1", ca.server.port), timeout=10) as s:
            s.sendall(b"POST %s HTTP/1.0\nContent-length: %d\n\n".replace(b"\n", b"\r\n") %
                      (path.encode(), len(sent)) + sent)
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        head, rest = answer.split(b"\r\n\r\n", 1)
        names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
        assert sorted(names) == [b"connection", b"content-length", b"content-type", b"date"]
        assert answer.split(b"\n", 6)[6] == rest
        assert b"content-length: %d" % len(rest) in head.lower()


def subject_eku(crt):
    return subprocess.run(["openssl", "x509", "-in", crt, "-noout", "-ext",
                           "extendedKeyUsage,basicConstraints"], capture_output=True,
                          text=True).stdout


def test_profile_id_leads_to_its_endpoint(ca):
    ca.make("PKCS10Client", "pid", "-a", "ec", "-n", "CN=pid.example")
    ca.cmc_request("pid", format="pkcs10", nickname="agent")
    # The same octets: what was issued at one endpoint is not the answer of another.
    for n, (query, found) in enumerate((
            ("?profileId=caCMCserverCert", "TLS Web Server"),
            ("?a=b&profileId=caFullCMCUserCert", "E-mail"),
            ("?profileId=caCMCocspCert&x=", "OCSP Signing"),
            ("?profileId=caCMCcaCert", "CA:TRUE"), ("?profile=caCMCcaCert", "E-mail"))):
        assert "Status: SUCCESS" in ca.send("pid", AGENT_PATH + query), query
        _, crt = ca.certificate("pid", "CN=pid.example")
        assert found in subject_eku(crt), query
    said = ca.send("pid", AGENT_PATH + "?profileId=caNoSuch", code=1)
    assert "Profile caNoSuch Not Found" in said and "internal ca error" in said


def test_profile_id_of_nonsense(ca):
    ca.make("PKCS10Client", "odd", "-a", "ec", "-n", "CN=odd")
    ca.cmc_request("odd", format="pkcs10", nickname="agent")
    for query in ("?profileId=", "?profileId=" + "x" * 5000, "?profileId=%0a%00", "?profileId=a/b"):
        assert "Not Found" in ca.send("odd", AGENT_PATH + query, code=1)


def challenge_is_dogtags(response):
    """Controls in its order, and encryptedPOP as its Java client takes it apart."""
    body = der.parse(der.parse(response)[1][0][2][1][0].content)
    controls = [(c[1].oid(), c[2][0]) for c in body[0].parts]
    assert [oid for oid, _ in controls][:3] == [dogtag.CMC + n for n in ("9", "25", "19")]
    pop, status, info = [value for _, value in controls[:3]]
    assert status[0].int() == 6 and status.parts[-1].int() == 8
    assert info.tag == 0x04 and len(info.content) == 8 and info.content[0] < 0x80
    aes = "2.16.840.1.101.3.4.1.2"
    request, cms, pop_alg, witness_alg, witness = pop.parts
    assert request.tag == 0xa1
    assert pop_alg[0].oid() == aes and len(pop_alg[1].content) == 16
    assert witness_alg[0].oid() == dogtag.SHA256 and len(witness_alg.parts) == 1
    assert len(witness.content) == 32
    assert cms[0].oid() == "1.2.840.113549.1.7.3"
    version, recipients, content = cms[1][0].parts
    assert version.int() == 0 and len(recipients.parts) == 1
    assert recipients[0][0].int() == 0 and recipients[0][1][1].int() == 0
    assert b"unUsedIssuerName" in recipients[0][1].whole
    assert recipients[0][2].whole.hex() == "300d06092a864886f70d0101010500"
    assert content[1][0].oid() == aes and content[1][1].content == b"\1" * 16
    assert content[2].tag == 0x80 and len(content[2].content) == 64


def test_two_trips_of_encrypted_pop(ca):
    key = ca.make("CRMFPopClient", "enc", "-a", "rsa", "-l", "2048", "-q", "POP_NONE", "-n",
                  "CN=encryption user")
    ca.cmc_request("enc", format="crmf", nickname="agent")
    said = ca.send("enc", AGENT_PATH, code=1)
    assert "Status: SUCCESS" not in said and "CMC ResponseInfo" in said
    challenge_is_dogtags((ca.folder / "enc.resp").read_bytes())
    ca.cmc_request("enc2", format="crmf", nickname="agent", input=None, output=None,
                   numRequests=None, decryptedPop__enable="true",
                   encryptedPopResponseFile="enc.resp", decryptedPopRequestFile="enc2.cmc",
                   request__privKeyId=key)
    assert "Status: SUCCESS" in ca.send("enc2", AGENT_PATH)
    ca.certificate("enc2", "CN=encryption user")


def test_the_tools_are_there():
    for tool in ("certutil", "pk12util"):
        assert shutil.which(tool), "%s comes with libnss3-tools" % tool


def test_archival_is_nothing_to_cmcd(ca):
    """[10004-5.3-b] The private key that came along is not looked at, and comes out nowhere."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kra",
                    "-keyout", ca.folder / "kra.key", "-out", ca.folder / "kra.pem"], check=True,
                   capture_output=True)
    ca.make("CRMFPopClient", "arch", "-a", "rsa", "-l", "2048", "-b", "kra.pem", "-n", "CN=archived")
    ca.cmc_request("arch", format="crmf", nickname="agent")
    control = bytes.fromhex("06092b0601050507050104")
    assert control in (ca.folder / "arch.cmc").read_bytes()
    assert "Status: SUCCESS" in ca.send("arch", AGENT_PATH)
    assert control not in (ca.folder / "arch.resp").read_bytes()
    ca.certificate("arch", "CN=archived")


def test_self_signed_crmf(ca):
    """CRMFPopClient -y and CMCRequest of ours, as those of Dogtag since 11.7 name the key."""
    (ca.folder / "crmf.secret").write_text(SECRET + "\n")
    ca.server.cmcd("secret", "add", "crmfuser", "--subject", "CN=crmfuser", "--file",
                   ca.folder / "crmf.secret")
    for kind in ("rsa", "ec"):
        more = ["-t", "false"] if kind == "ec" else []
        key = ca.make("CRMFPopClient", "selfc", "-a", kind, "-y", "-n", "CN=crmfuser", *more)
        ca.cmc_request("selfc", format="crmf", request__selfSign="true", request__privKeyId=key,
                       identification__enable="true", identification="crmfuser",
                       identityProofV2__enable="true", identityProofV2__hashAlg="SHA-256",
                       identityProofV2__macAlg="SHA-512-HMAC", popLinkWitnessV2__enable="true",
                       popLinkWitnessV2__keyGenAlg="SHA-384",
                       popLinkWitnessV2__macAlg="SHA-256-HMAC", witness__sharedSecret=SECRET)
        assert "Status: SUCCESS" in ca.send("selfc", SELF_PATH)
