# SPDX-License-Identifier: Apache-2.0
"""Wrong configurations of CMCRequest: one line on standard error that says what is wrong, exit 1,
and nothing written. Where the original went on in silence, ours does not."""
import pytest

from dogtag import AGENT, PASSWORD, config, run, work  # noqa: F401

SELF = {"nickname": None, "request.selfSign": "true",
        "request.privKeyId": "-2c0aff416781c6dcf4d1a7dbf1ac58cef8c2e0db",
        "input": "../03-selfsign-idv2-p10-rsa/p10.csr"}
IDP = {"identityProofV2.enable": "true", "identityProofV2.hashAlg": "SHA-256",
       "identityProofV2.macAlg": "SHA-256-HMAC", "witness.sharedSecret": "testing123"}
LINK = {**SELF, "popLinkWitnessV2.enable": "true", "popLinkWitnessV2.keyGenAlg": "SHA-256",
        "popLinkWitnessV2.macAlg": "SHA-256-HMAC", "witness.sharedSecret": "testing123"}
REV = {"revRequest.enable": "true", "revRequest.serial": "6",
       "revRequest.reason": "keyCompromise", "input": None}
REV_SECRET = {**REV, "nickname": None, "revRequest.sharedSecret": "s",
              "revRequest.issuer": "CN=Ca"}
POP = {"format": "crmf", "decryptedPop.enable": "true", "output": None,
       "encryptedPopResponseFile": "../08-decryptedpop/encpop.der",
       "decryptedPopRequestFile": "out.req",
       "request.privKeyId": "4995deb673dba67ea480fcb303be39e7a4c7eea4"}
GET = {"getCert.enable": "true", "getCert.serial": "1", "getCert.issuer": "CN=Ca"}
CONFIRM = {"confirmCertAcceptance.enable": "true", "confirmCertAcceptance.serial": "1",
           "confirmCertAcceptance.issuer": "CN=Ca"}

# What differs from a good configuration (None: the parameter is not there), and a part of the
# line. A parameter stands alone or with the set that makes it matter.
ROWS = [
    # the common ones
    ({"password": None}, "Missing password"),
    ({"password": "wrong"}, "password"),
    ({"password": " Secret.123"}, "password"),
    ({"dbdir": "nowhere"}, "nowhere"),
    ({"dbdir": "."}, "cert9.db"),
    ({"tokenname": "no such token"}, "no such token"),
    ({"nickname": None}, "Missing nickname"),
    ({"nickname": ""}, "Missing nickname"),
    ({"nickname": "nobody"}, "nobody"),
    ({"nickname": " EC Agent"}, " EC Agent"),
    ({"format": None}, "format"),
    ({"format": "PKCS10"}, "Unrecognized request format: PKCS10"),
    ({"format": "pkcs7"}, "Unrecognized request format: pkcs7"),
    ({"format": "crmf"}, "p10.csr: no usable CRMF request"),
    ({"numRequests": None}, "Missing numRequests"),
    ({"numRequests": "one"}, "numRequests must be integer"),
    ({"numRequests": "0"}, "numRequests must be integer"),
    ({"numRequests": "-1"}, "numRequests must be integer"),
    ({"numRequests": "2"}, "'input' names 1 file"),
    ({"numRequests": "99999"}, "numRequests must be integer"),
    ({"input": None}, "input"),
    ({"input": ""}, "input"),
    ({"input": "absent.csr"}, "absent.csr"),
    ({"input": "cmc.req"}, "cmc.req: no request here"),
    ({"input": "../02-crmf-agent/crmf.csr"}, "no usable PKCS#10 request"),
    ({"input": "broken.csr"}, "broken.csr: no usable PKCS#10 request"),
    ({"output": None}, "Missing output filename"),
    ({"output": ""}, "Missing output filename"),
    ({"output": "no/such/folder/out.req"}, "no/such/folder/out.req"),
    ({"output": "/dev/full"}, "/dev/full"),
    # switches
    ({"identification.enable": "TRUE", "identification": "u"}, "lower case"),
    ({"senderNonce.enable": "yes"}, "senderNonce.enable=yes: want true or false"),
    ({"revRequest.enable": "no"}, "revRequest.enable=no: want true or false"),
    ({"request.selfSign": "1"}, "request.selfSign=1: want true or false"),
    # signing for oneself
    ({**SELF, "request.privKeyId": None}, "request.privKeyId"),
    ({**SELF, "request.privKeyId": "xyz"}, "xyz"),
    ({**SELF, "request.privKeyId": "1234567890"}, "request.privKeyId=1234567890"),
    ({**SELF, "request.privKeyId": "4995deb673dba67ea480fcb303be39e7a4c7eea4"},
     "is not the key of the request"),
    ({**SELF, "input": "p10.csr"}, "subjectKeyIdentifier"),
    ({**SELF, "nickname": "stale nickname"}, "stale nickname"),
    # proofs
    ({"identification.enable": "true"}, "identification"),
    ({"identification.enable": "true", "identification": ""}, "identification"),
    ({**IDP, "identityProofV2.hashAlg": None}, "identityProofV2.hashAlg: missing"),
    ({**IDP, "identityProofV2.macAlg": None}, "identityProofV2.macAlg: missing"),
    ({**IDP, "identityProofV2.hashAlg": "SHA256"}, "did you mean SHA-256?"),
    ({**IDP, "identityProofV2.hashAlg": "SHA-1"}, "identityProofV2.hashAlg=SHA-1"),
    ({**IDP, "identityProofV2.macAlg": "SHA-256"}, "identityProofV2.macAlg=SHA-256"),
    ({**IDP, "identityProofV2.macAlg": "SHA-1-HMAC"}, "identityProofV2.macAlg=SHA-1-HMAC"),
    ({**IDP, "witness.sharedSecret": None}, "witness.sharedSecret"),
    ({**IDP, "witness.sharedSecret": ""}, "witness.sharedSecret"),
    ({"identityProof.enable": "true"}, "identityProof.sharedSecret"),
    ({**LINK, "popLinkWitnessV2.keyGenAlg": None}, "popLinkWitnessV2.keyGenAlg: missing"),
    ({**LINK, "popLinkWitnessV2.macAlg": "HMAC-SHA-256"}, "popLinkWitnessV2.macAlg=HMAC-SHA-256"),
    ({**LINK, "witness.sharedSecret": None}, "witness.sharedSecret"),
    ({**LINK, "request.privKeyId": None}, "request.privKeyId"),
    ({**LINK, "request.privKeyId": "4995deb673dba67ea480fcb303be39e7a4c7eea4"},
     "not that of the certification request"),
    # revocation
    ({**REV, "revRequest.serial": None}, "revRequest.serial"),
    ({**REV, "revRequest.serial": "12ab"}, "revRequest.serial=12ab"),
    ({**REV, "revRequest.serial": "0x"}, "revRequest.serial=0x"),
    ({**REV, "revRequest.serial": "-6"}, "revRequest.serial=-6"),
    ({**REV, "revRequest.reason": None}, "revRequest.reason"),
    ({**REV, "revRequest.reason": "privilegeWithdrawn"}, "Unrecognized CRL reason"),
    ({**REV, "revRequest.reason": "1"}, "Unrecognized CRL reason: 1"),
    ({**REV, "numRequests": None}, "Missing numRequests"),
    ({**REV_SECRET, "revRequest.issuer": None}, "revRequest.issuer"),
    ({**REV_SECRET, "revRequest.issuer": "not a name"}, "not a name"),
    ({**REV_SECRET, "revRequest.sharedSecret": ""}, "revRequest.sharedSecret is empty"),
    # other controls
    ({"dataReturn.enable": "true"}, "dataReturn.data"),
    ({"dataReturn.enable": "true", "dataReturn.data": ""}, "dataReturn.data"),
    ({**GET, "getCert.serial": "0x1f"}, "hexadecimal is not taken"),
    ({**GET, "getCert.issuer": None}, "getCert.issuer"),
    ({**GET, "getCert.issuer": "C=é"}, "only ASCII"),
    ({**CONFIRM, "confirmCertAcceptance.serial": None}, "confirmCertAcceptance.serial"),
    ({**CONFIRM, "confirmCertAcceptance.issuer": "CN="}, "without a value"),
    ({"LraPopWitness.enable": "true"}, "LraPopWitness.bodyPartIDs"),
    ({"LraPopWitness.enable": "true", "LraPopWitness.bodyPartIDs": "1,2"}, "1,2"),
    ({"LraPopWitness.enable": "true", "LraPopWitness.bodyPartIDs": "1 -7"}, "1 -7"),
    # the second trip
    ({**POP, "encryptedPopResponseFile": None}, "encryptedPopResponseFile"),
    ({**POP, "encryptedPopResponseFile": "../resp/success.der"}, "no proof of possession"),
    ({**POP, "encryptedPopResponseFile": "../resp/failed.der"}, "no proof of possession"),
    ({**POP, "encryptedPopResponseFile": "cmc.req"}, "no CMC full response"),
    ({**POP, "encryptedPopResponseFile": "p10.csr"}, "p10.csr"),
    ({**POP, "decryptedPopRequestFile": None}, "decryptedPopRequestFile"),
    ({**POP, "request.privKeyId": None}, "request.privKeyId"),
    ({**POP, "oaep": "true"}, "not the challenge"),
    ({"format": "test_cmc", "input": "p10.csr"}, "p10.csr"),
    ({"format": "test_cmc", "input": "../resp/success.der"}, "no PKIData"),
]


@pytest.mark.parametrize("changes, text", ROWS, ids=range(len(ROWS)))
def test_one_line_and_exit_1(work, changes, text):
    folder = work / "01-p10-agent"
    broken = bytearray((folder / "p10.csr").read_bytes())
    broken[200:204] = b"AAAA"
    (folder / "broken.csr").write_bytes(broken)
    params = dict(dbdir="../nssdb", password=PASSWORD, tokenname="internal", output="out.req",
                  numRequests=1, input="p10.csr", nickname=AGENT, format="pkcs10")
    params.update(changes)
    config(folder / "x.cfg", **params)
    before = sorted(p.name for p in folder.iterdir())
    done = run("CMCRequest", "x.cfg", cwd=folder, code=1)
    lines = done.stderr.splitlines()
    assert text in lines[-1], done.stderr
    # Warnings may come before it; nothing but the one line is an error.
    assert all(line.startswith("CMCRequest: ") for line in lines)
    assert sorted(p.name for p in folder.iterdir()) == before
    assert "stored in" not in done.stdout
    # No secret in what people paste into tickets.
    assert PASSWORD not in done.stderr and "testing123" not in done.stderr


def test_there_are_enough():
    assert len(ROWS) >= 60


def test_command_line(work):
    for args in [(), ("a", "b")]:
        done = run("CMCRequest", *args, cwd=work, code=1)
        assert done.stdout.startswith("Usage: CMCRequest")
    assert "absent.cfg" in run("CMCRequest", "absent.cfg", cwd=work, code=1).stderr


@pytest.mark.parametrize("line, text", [
    ("passwrod=x", "unknown parameter 'passwrod' is ignored; did you mean 'password'?"),
    ("nickname = x", "unknown parameter 'nickname ' is ignored; did you mean 'nickname'?"),
    ("identityProofV2.hashalg=x", "did you mean 'identityProofV2.hashAlg'?"),
    ("zzzzzzzzzz=x", "unknown parameter 'zzzzzzzzzz' is ignored"),
    ("senderNonce.id=x", "the value is 'senderNonce'"),
    ("revRequest.nickname=x", "the signer is 'nickname'"),
])
def test_unknown_parameters_are_told(work, line, text):
    folder = work / "01-p10-agent"
    with open(folder / "cmc.cfg", "a") as f:
        f.write("\n" + line + "\n")
    done = run("CMCRequest", "cmc.cfg", cwd=folder)
    assert text in done.stderr and len(done.stderr.splitlines()) == 1


def test_lines_of_a_configuration(work):
    """Comments, blank lines, CR LF, blanks around a line, '=' in values, the last of two counts."""
    folder = work / "01-p10-agent"
    text = (folder / "cmc.cfg").read_text().replace("output=cmc.req", "output=a.req\n\toutput=b=c")
    (folder / "x.cfg").write_text("# comment\n\n   \n" + text.replace("\n", "  \r\n"))
    run("CMCRequest", "x.cfg", cwd=folder)
    assert (folder / "b=c").exists() and not (folder / "a.req").exists()
    # Java ends a line at a CR alone too.
    (folder / "b=c").unlink()
    (folder / "x.cfg").write_bytes(text.replace("\n", "\r").encode())
    run("CMCRequest", "x.cfg", cwd=folder)
    assert (folder / "b=c").exists()
    (folder / "x.cfg").write_text(text + "\nno equals sign\n")
    assert "Error in configuration file: no equals sign" in \
        run("CMCRequest", "x.cfg", cwd=folder, code=1).stderr
