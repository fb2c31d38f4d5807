# SPDX-License-Identifier: Apache-2.0
"""CMCRequest's companions: their output against the originals', and what they refuse."""
import base64
import hashlib
import http.server
import os
import re
import shutil
import ssl
import subprocess
import threading
import urllib.parse

import pytest

import der
from dogtag import (AGENT, DATA, EC_AGENT, PASSWORD, Message, cms_verifies, config, openssl,
                    request_der, run, work)  # noqa: F401


# -- CMCResponse ---------------------------------------------------------------------------------

@pytest.mark.parametrize("name, code", [("success", 0), ("failed", 1), ("pending", 1),
                                        ("simple", 0)])
def test_response_text(work, name, code):
    """Theirs of a simple response failed while writing the PKCS#7; ours goes on."""
    folder = work / "resp"
    want = (folder / (name + ".cmcresponse.txt")).read_bytes().decode()
    done = run("CMCResponse", "-d", ".", "-i", name + ".der", "-o", name + ".p7b", cwd=folder,
               code=code)
    stored = "\nPKCS#7 now stored in file: %s.p7b\n" % name
    assert done.stdout.removesuffix(stored) == want.removesuffix(stored)
    assert (folder / (name + ".p7b")).exists() == (code == 0)
    if code == 0:
        assert done.stdout.endswith(stored)
        assert request_der(folder / (name + ".p7b")) == (folder / (name + ".der")).read_bytes()
        assert openssl("pkcs7", "-print_certs", "-in", folder / (name + ".p7b")).stdout
    else:
        assert "ERROR: CMC status for [%s]: %s" % ("0" if name == "failed" else "1", name) in \
            done.stderr


def test_response_signature(work):
    folder = work / "resp"
    ca = folder / "ca.der"
    ca.write_bytes([c for c in certificates((folder / "success.der").read_bytes())
                    if der.parse(c)[0][1].int() == 1][0])
    assert "nobody said whom to trust" in run("CMCResponse", "-i", "success.der",
                                              cwd=folder).stderr
    assert "by a trusted CA" in run("CMCResponse", "-i", "success.der", "-t", "ca.der",
                                    cwd=folder).stderr
    agent = folder / "agent.der"
    agent.write_bytes([c for c in certificates((folder / "success.der").read_bytes())
                       if der.parse(c)[0][1].int() != 1][0])
    run("CMCResponse", "-i", "success.der", "-t", "agent.der", "-o", "x.p7b", cwd=folder, code=1)
    # "success" and the body list stand in the signed part.
    data = bytearray((folder / "failed.der").read_bytes())
    at = data.index(b"Invalid Request")
    data[at:at + 7] = b"Splendi"
    (folder / "forged.der").write_bytes(data)
    assert "signature" in run("CMCResponse", "-i", "forged.der", cwd=folder, code=1).stderr
    assert not (folder / "x.p7b").exists()


def certificates(message):
    return [c.whole for c in der.parse(message)[1][0].parts[3].parts]


def resigned(work, controls):
    """A response with other controls; its signature is wrong, which is told at the end."""
    sd = der.parse((work / "resp" / "success.der").read_bytes())[1][0]
    body = der.seq(der.seq(*controls), der.seq(), der.seq())
    parts = [p.whole for p in sd.parts]
    parts[2] = der.seq(der.oid("1.3.6.1.5.5.7.12.3"), der.ctx(0, der.octets(body)))
    return der.seq(der.oid("1.2.840.113549.1.7.2"), der.ctx(0, der.seq(*parts)))


def control(number, oid, value):
    return der.seq(der.integer(number), der.oid("1.3.6.1.5.5.7.7.%d" % oid), der.set_of(value))


def status(*parts, ids=(1,)):
    return der.seq(der.integer(parts[0]), der.seq(*map(der.integer, ids)), *parts[1:])


@pytest.mark.parametrize("controls, text", [
    # No otherInfo: theirs ends in an exception.
    ([control(1, 25, status(2, der.utf8("no")))], "   BodyList: 1 \n   Status String: no\n"),
    ([control(1, 25, status(5))], "   BodyList: 1 \nCMC Full"),
    ([control(1, 25, status(2, der.integer(13), ids=(1, 2)))],
     "   BodyList: 1 2 \n   OtherInfo type: FAIL\n     failInfo=authenticated data fail\n"),
    ([control(1, 25, status(2, der.integer(99)))], "     failInfo=99\n"),
    ([control(1, 5, der.integer(-5))],
     "Control #0: CMC Transaction Id\n   OID: {1 3 6 1 5 5 7 7 5}\n   INTEGER: -5\n"),
    ([control(1, 5, der.integer(2 ** 127 + 1))], "   INTEGER: %d\n" % (2 ** 127 + 1)),
    ([control(1, 7, der.octets(b"\x00\x80A"))], "CMC Recipient Nonce\n   OID: {1 3 6 1 5 5 7 7 7}\n"
     "   Value: 0 -128 65 \n"),
    ([control(1, 6, der.octets(b"\xff"))], "CMC Sender Nonce\n   OID: {1 3 6 1 5 5 7 7 6}\n"
     "   Value: -1 \n"),
    ([control(1, 4, der.octets(b""))], "CMC Data Return\n   OID: {1 3 6 1 5 5 7 7 4}\n   Value: \n"),
    ([control(1, 19, der.octets(b"\x01\x00"))], "CMC ResponseInfo\n   requestID: 256\n"),
    ([control(1, 2, der.utf8("x"))], "Number of controls is 1\nCMC Full Response.\n"),
    ([control(1, 25, status(2, der.utf8("a\x1b[31mb")))], "   Status String: a?[31mb\n"),
])
def test_response_controls(work, controls, text):
    (work / "r.der").write_bytes(resigned(work, controls))
    assert text in run("CMCResponse", "-i", "r.der", cwd=work, code=1).stdout


def test_response_usage(work):
    run("CMCResponse", "--help", code=1)
    assert "Missing input CMC response" in run("CMCResponse", code=1).stderr
    run("CMCResponse", "-i", "resp/success.der", "-d", "resp", cwd=work)
    run("CMCResponse", "-i", "resp/success.der", "-d", "nowhere", cwd=work, code=1)
    run("CMCResponse", "-i", "absent.der", cwd=work, code=1)
    for cut in (0, 1, 100, 900):
        (work / "cut.der").write_bytes((DATA / "resp" / "success.der").read_bytes()[:cut])
        run("CMCResponse", "-i", "cut.der", cwd=work, code=1)
    for wrong, text in (("01-p10-agent/cmc.req", "is a CMC request"),
                        ("01-p10-agent/p10.csr", "p10.csr: no CMC response in binary form")):
        done = run("CMCResponse", "-i", wrong, cwd=work, code=1)
        assert text in done.stderr and done.stdout == ""
    first = run("CMCResponse", "-v", "-i", "resp/success.der", cwd=work).stdout
    assert first.startswith("Cert:0\nMII") and first.count("\r\n\n===\n") == 2


# -- new keys ------------------------------------------------------------------------------------

def test_pkcs10_client_to_request(work):
    """Key, request, and a message that the new key signs; the key is named by its .keyId."""
    done = run("PKCS10Client", "-d", "nssdb", "-p", PASSWORD, "-a", "ec", "-c", "nistp384", "-n",
               "CN=alice,E=a@example.com,O=Example,C=SE", "-o", "a.csr", "-y", "true", "-v",
               cwd=work)
    key_id = (work / "a.csr.keyId").read_text()
    assert done.stdout == ("Keypair private key id: %s\n"
                           "PKCS10Client: Certificate request written into a.csr\n"
                           "PKCS10Client: PKCS#10 request key id written into a.csr.keyId\n"
                           % key_id)
    assert b"\r\n" in (work / "a.csr").read_bytes()
    csr = der.parse(request_der(work / "a.csr"))
    assert openssl("req", "-in", work / "a.csr", "-verify", "-noout").returncode == 0
    assert csr[1].whole == der.seq(der.oid("1.2.840.10045.4.3.2"))
    assert [rdn[0][1].tag for rdn in csr[0][1].parts] == [0x13, 12, 0x16, 12]
    # certutil knows the key by the same octets, unsigned.
    value = int(key_id, 16) % (1 << 160)
    (work / "pw").write_text(PASSWORD + "\n")
    listed = subprocess.run(["certutil", "-K", "-d", work / "nssdb", "-f", work / "pw"],
                            capture_output=True, text=True).stdout
    assert "%040x" % value in listed
    config(work / "x.cfg", dbdir="nssdb", password=PASSWORD, output="out.req", numRequests=1,
           input="a.csr", format="pkcs10", request__selfSign="true", request__privKeyId=key_id)
    run("CMCRequest", "x.cfg", cwd=work)
    message = Message((work / "out.req").read_bytes())
    spki = csr[0][2]
    assert message.sid.content == hashlib.sha1(spki[1].content[1:]).digest()
    assert message.signature_verifies(spki.whole, work)


def test_crmf_pop_client_to_request(work):
    done = run("CRMFPopClient", "-d", "nssdb", "-p", PASSWORD, "-n", "UID=bob,CN=B\u00fcb,O=Example",
               "-o", "b.crmf", "-y", "-a", "ec", "-t", "false", cwd=work)
    key_id = (work / "b.crmf.keyId").read_text()
    assert done.stdout == ("Generating SubjectKeyIdentifier extension.\n"
                           "Storing CRMF request into b.crmf\n"
                           "Storing CRMF request key id into b.crmf.keyId\n"
                           "Keypair private key id: %s\n" % key_id)
    assert (work / "b.crmf").read_text().startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
    request = der.parse(request_der(work / "b.crmf"))[0]
    template = request[0][1]
    assert [p.tag for p in template.parts] == [0x80, 0xa5, 0xa6, 0xa9]
    assert template[0].content == b"\x02" and request[0][2].whole == der.seq()
    # PrintableString where it can be, else T61String in Latin-1.
    assert [(rdn[0][1].tag, rdn[0][1].content) for rdn in template[1][0].parts] == \
        [(0x13, b"Example"), (0x14, b"B\xfcb"), (0x13, b"bob")]
    config(work / "x.cfg", dbdir="nssdb", password=PASSWORD, output="out.req", numRequests=1,
           input="b.crmf", format="crmf", request__selfSign="true", request__privKeyId=key_id,
           popLinkWitnessV2__enable="true", popLinkWitnessV2__keyGenAlg="SHA-256",
           popLinkWitnessV2__macAlg="SHA-256-HMAC", witness__sharedSecret="x")
    run("CMCRequest", "x.cfg", cwd=work)
    message = Message((work / "out.req").read_bytes())
    spki = der.retag(0x30, template[2].whole)
    assert message.signature_verifies(spki, work)
    # As Dogtag's CA wants it: the sid is the extension's value undecoded.
    assert message.sid.content == template[3][0][1].content


@pytest.mark.parametrize("pop", ["POP_SUCCESS", "POP_NONE", "POP_FAIL"])
def test_crmf_kinds_of_pop(work, pop):
    out = run("CRMFPopClient", "-d", "nssdb", "-p", PASSWORD, "-n", "CN=x", "-a", "ec", "-q", pop,
              cwd=work).stdout
    (work / "x.crmf").write_text(out[:out.index("Keypair")])
    config(work / "x.cfg", dbdir="nssdb", password=PASSWORD, output="out.req", numRequests=1,
           input="x.crmf", format="crmf", nickname=AGENT)
    done = run("CMCRequest", "x.cfg", cwd=work)
    assert ("does not verify" in done.stderr) == (pop == "POP_FAIL")
    request = Message((work / "out.req").read_bytes()).requests[0]
    assert len(request) == (1 if pop == "POP_NONE" else 2)


def transport_cert(work, *kind):
    openssl("req", "-x509", "-newkey", *(kind or ["rsa:2048"]), "-nodes", "-subj", "/CN=transport",
            "-keyout", work / "tr.key", "-out", work / "tr.pem")


AES_WRAP_PAD, AES_CBC, DES3_CBC = ("2.16.840.1.101.3.4.1.8", "2.16.840.1.101.3.4.1.2",
                                   "1.2.840.113549.3.7")


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("name, oid, octets, parameter", [
    (None, AES_WRAP_PAD, 16, 8), ("aes keywrap/padding", AES_WRAP_PAD, 16, 8),
    ("AES KeyWrap/Wrapped", AES_WRAP_PAD, 16, 8), ("AES/CBC/PKCS5Padding", AES_CBC, 16, 16),
    ("DES3/CBC/Pad", DES3_CBC, 24, 8)])
def test_archival(work, kind, name, oid, octets, parameter):
    """The form of Dogtag: PKIArchiveOptions with an EncryptedValue, for the transport key."""
    transport_cert(work)
    oaep = name == "AES/CBC/PKCS5Padding"
    run("CRMFPopClient", "-d", "nssdb", "-p", PASSWORD, "-n", "CN=x", "-a", kind, "-b", "tr.pem",
        "-o", "x.crmf", *(["-w", name] if name else []), *(["--oaep"] if oaep else []), cwd=work)
    request = der.parse(request_der(work / "x.crmf"))[0]
    (control,) = request[0][2].parts
    assert control[0].oid() == "1.3.6.1.5.5.7.5.1.4"
    assert control[1].tag == 0xa0 and len(control[1].parts) == 1
    symm, sealed, value = control[1][0].parts
    assert [p.tag for p in (control[1][0], symm, sealed, value)] == [0x30, 0xa1, 0x82, 0x03]
    assert symm[0].oid() == oid and symm[1].tag == 0x04 and len(symm[1].content) == parameter
    (work / "sealed").write_bytes(sealed.content[1:])
    session = openssl("pkeyutl", "-decrypt", "-inkey", work / "tr.key", "-in", work / "sealed",
                      *(["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"]
                        if oaep else [])).stdout
    assert len(session) == octets
    assert sealed.content[0] == value.content[0] == 0
    if oid == AES_WRAP_PAD:  # unwrapped in the unit tests
        assert len(value.content[1:]) % 8 == 0
    else:
        info = openssl("enc", "-d", "-aes-128-cbc" if oid == AES_CBC else "-des-ede3-cbc", "-K",
                       session.hex(), "-iv", symm[1].content.hex(), data=value.content[1:]).stdout
        public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", data=info).stdout
        assert public == der.retag(0x30, request[0][1].parts[-1].whole)
    # The proof covers the control too, and CMCRequest takes it.
    config(work / "x.cfg", dbdir="nssdb", password=PASSWORD, output="out.req", numRequests=1,
           input="x.crmf", format="crmf", nickname=AGENT)
    assert run("CMCRequest", "x.cfg", cwd=work).stderr == ""
    assert control.whole in (work / "out.req").read_bytes()


def test_archival_by_environment_and_its_mistakes(work):
    args = ["CRMFPopClient", "-d", "nssdb", "-p", PASSWORD, "-n", "CN=x", "-a", "ec", "-b", "tr.pem",
            "-o", "x.crmf"]
    env = dict(os.environ, KEY_ARCHIVAL_KEYWRAP_ALGORITHM="AES/CBC/PKCS5Padding")
    transport_cert(work)
    run(*args, cwd=work, env=env)
    assert bytes.fromhex("0609608648016503040102") in request_der(work / "x.crmf")
    run(*args, "-w", "DES3/CBC/Pad", cwd=work, env=env)
    assert bytes.fromhex("06082a864886f70d0307") in request_der(work / "x.crmf")
    (work / "x.crmf").unlink()
    env["KEY_ARCHIVAL_KEYWRAP_ALGORITHM"] = "ROT13"
    assert "ROT13" in run(*args, cwd=work, env=env, code=1).stderr
    assert "'Padding'" in run(*args, "-w", "'Padding'", cwd=work, code=1).stderr
    assert "lets out" in run(*args, "-e", "0", cwd=work, code=1).stderr
    transport_cert(work, "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    assert "EC key; want RSA" in run(*args, cwd=work, code=1).stderr
    (work / "tr.pem").write_text("no certificate\n")
    assert "tr.pem" in run(*args, cwd=work, code=1).stderr
    assert not (work / "x.crmf").exists()
    done = run(*args[:9], "-o", "y.crmf", "-w", "DES3/CBC/Pad", cwd=work)
    assert "no effect without -b" in done.stderr


PAGE = """<script>\nrequestList = new Array;\nrequestList.requestId="%s";
errorCode="%s";\nerrorReason="%s";\n</script>"""


class Profile(http.server.BaseHTTPRequestHandler):
    """A CA's profileSubmit, as far as it is looked at."""
    pages, seen = {}, []

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        self.seen.append((url.path, query))
        page = self.pages.get(query.get("profileId", [""])[0])
        self.send_response(200 if page else 500)
        self.end_headers()
        self.wfile.write((page or "broken").encode())

    def log_message(self, *args):
        pass


def test_submission(work):
    Profile.pages = {"caEncUserCert": PAGE % ("26", "0", ""), "wait": PAGE % ("0x7", "2", "Later"),
                     "no": PAGE % ("8", "3", "Rejected - bad\x1b[1m subject"), "odd": "<html>"}
    with http.server.HTTPServer(("127.0.0.1", 0), Profile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        args = ["CRMFPopClient", "-d", "nssdb", "-p", PASSWORD, "-n", "CN=x y", "-l", "1024", "-m",
                "127.0.0.1:%d" % port]
        done = run(*args, "-u", "user&a", "-r", "Me You", cwd=work)
        assert done.stdout.startswith("Submitting CRMF request to 127.0.0.1:%d\nRequest ID: 0x1a\n"
                                      "Request Status: completed\n" % port)
        path, query = Profile.seen[0]
        assert path == "/ca/ee/ca/profileSubmit"
        pem = query.pop("cert_request")[0]
        assert query == dict(cert_request_type=["crmf"], renewal=["false"], xmlOutput=["false"],
                             profileId=["caEncUserCert"], SubId=["profile"], uid=["user&a"],
                             sn_uid=["user&a"], requestor_name=["Me You"])
        assert pem.startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
        (work / "sent").write_text(pem)
        assert der.parse(request_der(work / "sent"))[0][0][0].int() == 1
        done = run(*args, "-f", "wait", "-v", cwd=work)
        assert "Request Status: pending\nReason: Later\n" in done.stdout and "requestList" in done.stdout
        done = run(*args, "-f", "no", cwd=work, code=1)
        assert "rejected: Rejected - bad?[1m subject" in done.stderr
        assert "says no status" in run(*args, "-f", "odd", cwd=work, code=1).stderr
        assert "HTTP 500" in run(*args, "-f", "other", cwd=work, code=1).stderr
        server.shutdown()
    assert "127.0.0.1" in run(*args, cwd=work, code=1).stderr


@pytest.mark.parametrize("tool, args, text", [
    ("PKCS10Client", ["-n", "CN=x"], "-o"),
    ("PKCS10Client", ["-o", "x.csr"], "-n"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "x"], "name"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-P", "pw"], "-P"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-a", "dsa"], "dsa"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-a", "mldsa"], "mldsa"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-l", "many"], "many"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-l", "17"], "17"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-a", "ec", "-c", "oval"], "oval"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-y", "maybe"], "maybe"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-s", "2"], "-s 2"),
    ("PKCS10Client", ["-o", "x.csr", "-n", "CN=x", "-Z"], "-Z"),
    ("CRMFPopClient", [], "-n"),
    ("CRMFPopClient", ["-n", "CN=x,E=x@y"], "Unsupported attribute: E"),
    ("CRMFPopClient", ["-n", "CN=x", "-q", "POP_MAYBE"], "POP_MAYBE"),
    ("CRMFPopClient", ["-n", "CN=x", "-b", "t.pem"], "t.pem"),
    ("CRMFPopClient", ["-n", "CN=x", "-m", "localhost"], "HOST:PORT"),
    ("CRMFPopClient", ["-n", "CN=x", "-c", "nistp256"], "Illegal parameter for RSA: -c"),
    ("CRMFPopClient", ["-n", "CN=x", "-x", "true"], "Illegal parameter for RSA: -x"),
    ("CRMFPopClient", ["-n", "CN=x", "-a", "ec", "-l", "256"], "Illegal parameter for ECC: -l"),
    ("CRMFPopClient", ["-n", "CN=x", "-a", "mlkem"], "mlkem"),
    ("CRMFPopClient", ["-n", "CN=x", "stray"], "stray"),
])
def test_refused_before_a_key_is_made(work, tool, args, text):
    (work / "pw").write_text(PASSWORD + "\n")

    def keys():
        return subprocess.run(["certutil", "-K", "-d", work / "nssdb", "-f", work / "pw"],
                              capture_output=True, text=True).stdout
    before = keys()
    done = run(tool, "-d", "nssdb", "-p", PASSWORD, *args, cwd=work, code=1)
    assert text in done.stderr and len(done.stderr.splitlines()) == 1
    assert keys() == before
    assert not (work / "x.csr").exists()


def test_typed_names(work):
    run("PKCS10Client", "-d", "nssdb", "-p", PASSWORD, "-a", "ec", "-k", "true", "-n",
        "CN=BMPString:\u00e5,OU=PrintableString:p,O=plain", "-o", "a.csr", cwd=work)
    csr = der.parse(request_der(work / "a.csr"))
    assert [(rdn[0][1].tag, rdn[0][1].content) for rdn in csr[0][1].parts] == \
        [(12, b"plain"), (0x13, b"p"), (0x1e, b"\x00\xe5")]
    assert csr[0][3].whole == b"\xa0\x00"


# -- the small ones ------------------------------------------------------------------------------

@pytest.mark.parametrize("oaep", [False, True])
def test_shared_token(work, oaep):
    """What the CA does with it: unwrap, decrypt. The original's output is read the same way."""
    args = ["--oaep"] if oaep else []
    run("CMCSharedToken", "-d", "nssdb", "-p", PASSWORD, "-s", "test\u00efng123", "-n",
        "ca_issuance_protection", "-o", "tok.b64", *args, cwd=work)
    ours = (work / "tok.b64").read_bytes()
    assert ours.endswith(b"\r\n") and max(map(len, ours.split(b"\r\n"))) == 76
    assert decrypt_token(work, base64.b64decode(ours), oaep) == "test\u00efng123".encode()
    if not oaep:
        theirs = (work / "10-sharedtoken" / "tok.der").read_bytes()
        assert [p.tag for p in der.parse(theirs).parts] == \
            [p.tag for p in der.parse(base64.b64decode(ours)).parts]
        assert decrypt_token(work, theirs, False)


def decrypt_token(work, data, oaep):
    wrapped, content = der.parse(data).parts
    padding = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"] if oaep \
        else ["rsa_padding_mode:pkcs1"]
    args = [x for p in padding for x in ("-pkeyopt", p)]
    key = openssl("pkeyutl", "-decrypt", "-inkey", work / "10-sharedtoken" / "ip.key", *args,
                  data=wrapped.content).stdout
    assert len(key) == 16
    return openssl("enc", "-d", "-aes-128-cbc", "-K", key.hex(), "-iv", "01" * 16,
                   data=content.content).stdout


def test_shared_token_by_file(work):
    subprocess.run(["certutil", "-L", "-d", work / "nssdb", "-n", "ca_issuance_protection", "-a",
                    "-o", work / "ip.pem"], check=True)
    done = run("CMCSharedToken", "-d", "nssdb", "-p", PASSWORD, "-s", "s", "-b", "ip.pem", cwd=work)
    b64 = done.stdout.split("Encrypted Secret Data:\n")[1]
    assert decrypt_token(work, base64.b64decode(b64), False) == b"s"
    for args, text in [(["-s", "s"], "-b"), (["-b", "ip.pem"], "passphrase"),
                       (["-s", "s", "-n", "EC Agent"], "RSA"), (["-s", "s", "-n", "nobody"], "nobody"),
                       (["-s", "s", "-b", "absent"], "absent")]:
        assert text in run("CMCSharedToken", "-d", "nssdb", "-p", PASSWORD, *args, cwd=work,
                           code=1).stderr


def test_revoke(work):
    done = run("CMCRevoke", "-dnssdb", '-n"%s"' % AGENT,
               "-iCN=CA Signing Certificate,OU=pki-tomcat,O=EXAMPLE", "-s6", "-m1",
               "-p" + PASSWORD, "-tsecret", cwd=work)
    ours = Message((work / "CMCRevoke.out").read_bytes())
    theirs = Message((work / "11-cmcrevoke" / "CMCRevoke.out").read_bytes())
    assert [(i, oid) for i, oid, _ in ours.controls] == [(i, oid) for i, oid, _ in theirs.controls]
    assert ours.control(17).whole == theirs.control(17).whole
    assert len(ours.control(6).content) == len(theirs.control(6).content) == 46
    assert (ours.certs, ours.signature_alg) == (theirs.certs, theirs.signature_alg)
    assert cms_verifies(work / "CMCRevoke.out")
    pasted = done.stdout.split("-----BEGIN CERTIFICATE REQUEST-----\n")[1].split("\n-----END")[0]
    assert base64.b64decode(pasted, validate=True) == (work / "CMCRevoke.out").read_bytes()


@pytest.mark.parametrize("change, text", [
    ({"-m": "7"}, "-m 7"), ({"-m": "keyCompromise"}, "-m keyCompromise"), ({"-s": "six"}, "-s"),
    ({"-i": "nonsense"}, "nonsense"), ({"-n": "nobody"}, "nobody"), ({"-p": "wrong"}, "password"),
    ({"-d": "absent"}, "absent"), ({"-m": None}, "-m"), ({"-s": None}, "-s")])
def test_revoke_refuses(work, change, text):
    options = {"-d": "nssdb", "-n": AGENT, "-i": "CN=x", "-s": "6", "-m": "1", "-p": PASSWORD}
    options.update(change)
    done = run("CMCRevoke", *[k + v for k, v in options.items() if v is not None], cwd=work, code=1)
    assert text in done.stderr
    assert not (work / "CMCRevoke.out").exists()


@pytest.mark.parametrize("nick, args, alg", [
    (AGENT, [], "1.2.840.113549.1.1.11"), (AGENT, ["-1"], "1.2.840.113549.1.1.5"),
    (EC_AGENT, [], "1.2.840.10045.4.3.2")])
def test_enroll(work, nick, args, alg):
    folder = work / "01-p10-agent"
    run("CMCEnroll", "-d", "../nssdb", "-n", nick, "-r", "p10.csr", "-p", PASSWORD, *args,
        cwd=folder)
    (work / "m.der").write_bytes(request_der(folder / "p10.csr.out"))
    message = Message((work / "m.der").read_bytes())
    assert [(i, oid.rsplit(".", 1)[1]) for i, oid, _ in message.controls] == [(2, "6"), (3, "5")]
    assert message.ids()[-1] == 1
    spki = message.requests[0][1][0][2]
    assert message.control(5).content.lstrip(b"\0") == \
        hashlib.md5(spki[1].content[1:]).digest().lstrip(b"\0")
    assert der.parse(message.signature_alg)[0].oid() == alg
    assert cms_verifies(work / "m.der")
    assert (folder / "p10.csr").read_bytes() == (DATA / "01-p10-agent" / "p10.csr").read_bytes()


def test_enroll_refuses(work):
    good = ["-d", "nssdb", "-n", EC_AGENT, "-r", "01-p10-agent/p10.csr", "-p", PASSWORD]
    assert "RSA keys only" in run("CMCEnroll", *good, "-1", cwd=work, code=1).stderr
    for i in range(0, len(good), 2):
        done = run("CMCEnroll", *good[:i], *good[i + 2:], cwd=work, code=1)
        assert "missing " + good[i] in done.stderr
    assert not (work / "01-p10-agent" / "p10.csr.out").exists()


# -- HttpClient ----------------------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        seen = self.server.seen
        seen["path"] = self.path
        seen["body"] = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.tls:
            seen["peer"] = self.connection.getpeercert(True)
        self.send_response(self.server.answer_code)
        self.send_header("Content-Type", "application/pkcs7-mime")
        for i in range(self.server.more_headers):
            self.send_header("X-More-%d" % i, "x")
        body = self.server.answer
        if self.server.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(0, len(body), 100):
                part = body[i:i + 100]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def ca(work):
    """An HTTP server that answers with a recorded response; more is set by the test."""
    servers = []

    def start(tls=None, code=200, answer=None, chunked=False, more_headers=0):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.seen, server.answer_code, server.chunked = {}, code, chunked
        server.more_headers, server.tls = more_headers, tls is not None
        server.answer = (work / "resp" / "success.der").read_bytes() if answer is None else answer
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def http_config(work, server, **more):
    params = dict(host="127.0.0.1", port=server.server_port, secure="false",
                  input="01-p10-agent/cmc.req", output="out.der",
                  servlet="/ca/ee/ca/profileSubmitCMCFull")
    params.update(more)
    text = "".join("%s = %s\n" % (k, v) for k, v in params.items() if v is not None)
    (work / "http.cfg").write_text("# blanks around = are fine here\n" + text)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("more_headers", [0, 1, 5])
def test_http_body_is_found(work, ca, chunked, more_headers):
    """Theirs counts lines and cuts the body where the headers are not four."""
    server = ca(chunked=chunked, more_headers=more_headers)
    http_config(work, server)
    done = run("HttpClient", "http.cfg", cwd=work)
    assert "The response in binary format is stored in out.der" in done.stdout
    assert (work / "out.der").read_bytes() == server.answer
    assert server.seen == {"path": "/ca/ee/ca/profileSubmitCMCFull",
                           "body": (work / "01-p10-agent" / "cmc.req").read_bytes()}


def test_http_failures(work, ca):
    server = ca(code=500)
    http_config(work, server)
    assert "HTTP 500" in run("HttpClient", "http.cfg", cwd=work, code=1).stderr
    server = ca(answer=b"")
    http_config(work, server)
    assert "empty" in run("HttpClient", "http.cfg", cwd=work, code=1).stderr
    port = server.server_port
    server.shutdown()
    server.server_close()
    http_config(work, server, port=port)
    assert "127.0.0.1" in run("HttpClient", "http.cfg", cwd=work, code=1).stderr
    assert not (work / "out.der").exists()
    server = ca()
    for change, text in [({"host": None}, "host"), ({"port": "x"}, "port=x"), ({"port": None}, "port"),
                         ({"secure": None}, "secure"), ({"secure": "perhaps"}, "perhaps"),
                         ({"input": None}, "input"), ({"input": "absent"}, "absent"),
                         ({"output": None}, "output"), ({"output": "no/such/out"}, "no/such/out"),
                         ({"host": "a/b"}, "host=a/b"),
                         ({"secure": "true"}, "dbdir"),
                         ({"secure": "true", "dbdir": "nssdb", "clientmode": "true"}, "password"),
                         ({"secure": "true", "dbdir": "nssdb", "password": PASSWORD,
                           "clientmode": "true"}, "nickname")]:
        http_config(work, server, **change)
        assert text in run("HttpClient", "http.cfg", cwd=work, code=1).stderr
    run("HttpClient", code=1)
    assert not (work / "out.der").exists()


def test_http_properties(work, ca):
    """Comments, blanks and separators as Java's Properties have them."""
    server = ca()
    http_config(work, server)
    lines = (work / "http.cfg").read_text().splitlines()
    for form in ("%s = %s", "%s: %s", "  %s\t=%s"):
        text = "\n".join(form % tuple(line.split("=", 1)) for line in lines)
        (work / "http.cfg").write_text("! a comment\n# another\n\n" + text + "\n")
        run("HttpClient", "http.cfg", cwd=work)
        assert (work / "out.der").exists()
        (work / "out.der").unlink()


@pytest.fixture
def tls(work):
    """The TLS context of a server with the certificate "srv" of the database."""
    (work / "pw").write_text(PASSWORD + "\n")
    subprocess.run(["pk12util", "-o", work / "srv.p12", "-n", "srv", "-d", work / "nssdb", "-k",
                    work / "pw", "-w", work / "pw"], check=True, capture_output=True)
    pem = b"".join(openssl("pkcs12", "-in", work / "srv.p12", "-nodes", "-passin",
                           "file:%s" % (work / "pw"), *args).stdout
                   for args in (["-clcerts", "-nokeys"], ["-nocerts"]))
    (work / "srv.pem").write_bytes(pem)
    subprocess.run(["certutil", "-L", "-d", work / "nssdb", "-n", "CA Signing Cert", "-a", "-o",
                    work / "ca.pem"], check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(work / "srv.pem")
    context.load_verify_locations(work / "ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    text = openssl("x509", "-in", work / "srv.pem", "-noout", "-text").stdout.decode()
    return context, re.search(r"CN ?= ?([^\s,]+)\n", text.split("Subject:")[1]).group(1)


def test_https_with_a_client_certificate(work, ca, tls):
    context, name = tls
    server = ca(tls=context)
    for nick in (AGENT, EC_AGENT):
        http_config(work, server, host=name, secure="true", dbdir="nssdb", password=PASSWORD,
                    clientmode="true", nickname=nick)
        run("HttpClient", "http.cfg", cwd=work)
        assert (work / "out.der").read_bytes() == server.answer
        agent = subprocess.run(["certutil", "-L", "-d", work / "nssdb", "-n", nick, "-r"],
                               capture_output=True).stdout
        assert server.seen["peer"] == agent
    # Without one, and without a password.
    http_config(work, server, host=name, secure="true", dbdir="nssdb")
    run("HttpClient", "http.cfg", cwd=work)
    assert server.seen["peer"] is None


def test_https_server_must_be_trusted(work, ca, tls):
    context, name = tls
    server = ca(tls=context)
    http_config(work, server, host=name, secure="true", dbdir="nssdb")
    subprocess.run(["certutil", "-M", "-d", work / "nssdb", "-n", "CA Signing Cert", "-t", ",,",
                    "-f", work / "pw"], check=True)
    run("HttpClient", "http.cfg", cwd=work, code=1)
    assert not (work / "out.der").exists() and server.seen == {}


# -- another token -------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("softhsm2-util"), reason="no softhsm2-util (softhsm2)")
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_keys_in_a_token(work, monkeypatch, kind):
    """tokenname: the key in SoftHSM, the database beside it for certificates."""
    (work / "hsm").mkdir()
    (work / "softhsm2.conf").write_text("directories.tokendir = %s\n" % (work / "hsm"))
    monkeypatch.setenv("SOFTHSM2_CONF", str(work / "softhsm2.conf"))
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "my hsm", "--pin", "1234",
                    "--so-pin", "43210"], check=True, capture_output=True)
    run("PKCS10Client", "-d", "nssdb", "-h", "my hsm", "-p", "1234", "-a", kind, "-n", "CN=h", "-y",
        "true", "-o", "h.csr", cwd=work)
    key_id = (work / "h.csr.keyId").read_text()
    params = dict(dbdir="nssdb", tokenname="my hsm", password="1234", output="out.req",
                  numRequests=1, input="h.csr", format="pkcs10", request__selfSign="true",
                  request__privKeyId=key_id)
    config(work / "x.cfg", **params)
    run("CMCRequest", "x.cfg", cwd=work)
    message = Message((work / "out.req").read_bytes())
    spki = message.requests[0][1][0][2].whole
    assert message.signature_verifies(spki, work)
    config(work / "x.cfg", **{**params, "password": "4321", "output": "no.req"})
    assert "password" in run("CMCRequest", "x.cfg", cwd=work, code=1).stderr
    config(work / "x.cfg", **{**params, "tokenname": "my hms", "output": "no.req"})
    assert "'my hsm'" in run("CMCRequest", "x.cfg", cwd=work, code=1).stderr
    assert not (work / "no.req").exists()


# -- what a user of the original has ---------------------------------------------------------------

def test_sets_of_parameters_from_the_field(work):
    """A user with a shared secret: the parameters, and their order, of the examples that Dogtag
    ships (an agent's nickname stands in them though nothing is signed with it), end to end."""
    run("PKCS10Client", "-d", "nssdb", "-p", PASSWORD, "-n", "uid=testuser", "-y", "true", "-o",
        "testuser.csr", cwd=work)
    config(work / "testuser-cmc-request.cfg", dbdir="nssdb", password=PASSWORD, tokenname="internal",
           nickname=AGENT, format="pkcs10", numRequests=1, input="testuser.csr",
           output="testuser.cmc-request", identityProofV2__enable="true",
           identityProofV2__hashAlg="SHA-512", identityProofV2__macAlg="SHA-256-HMAC",
           witness__sharedSecret="Secret.123", popLinkWitnessV2__enable="true",
           popLinkWitnessV2__keyGenAlg="SHA-256", popLinkWitnessV2__macAlg="SHA-256-HMAC",
           request__useSharedSecret="true",
           request__privKeyId=(work / "testuser.csr.keyId").read_text(),
           identification__enable="true", identification="testuser")
    done = run("CMCRequest", "testuser-cmc-request.cfg", cwd=work)
    assert done.stderr == ""
    message = Message((work / "testuser.cmc-request").read_bytes())
    assert message.certs == [] and message.sid.tag == 0x80
    config(work / "revoke.cfg", dbdir="nssdb", password=PASSWORD, tokenname="internal",
           format="pkcs10", numRequests=1, output="testuser.cmc-revocation-request",
           revRequest__enable="true", revRequest__serial="0xa1b2", revRequest__reason="unspecified",
           revRequest__issuer="cn=CA Signing Certificate,ou=pki-tomcat,o=EXAMPLE",
           revRequest__sharedSecret="Secret.123", revRequest__comment="")
    assert run("CMCRequest", "revoke.cfg", cwd=work).stderr == ""
    assert len(Message((work / "testuser.cmc-revocation-request").read_bytes()).control(17)) == 4
