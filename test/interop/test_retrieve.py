# SPDX-License-Identifier: Apache-2.0
"""The controls of retrieval and publication, as pyasn1-modules reads them: what cmc asks with, what
cmcd answers with."""
import hashlib

import pytest
from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1_modules import rfc5280, rfc5652, rfc6402

import craft
from authority import CMC, CONFIG, Server, World, run
from liar import Liar

CONFIG = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key}}\nlisten:\n") + """\
  - {{path: /anchors, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, publish-anchors: true, retrieve: anyone}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrieve")
    server = Server(folder, CONFIG)
    server.start()
    yield World(folder, server)
    server.close()


def exact(octets, spec):
    """The value, which pyasn1 writes as the same octets."""
    value, rest = decode(octets, asn1Spec=spec)
    assert not rest and encode(value) == bytes(octets)
    return value


def signed(octets):
    info = exact(octets, rfc5652.ContentInfo())
    return decode(info["content"], asn1Spec=rfc5652.SignedData())[0]


def controls(body):
    return {str(c["attrType"]): c["attrValues"][0] for c in body["controlSequence"]}


def asked(world, *args):
    """The controls of what cmc sends."""
    with Liar(b"\x30\x00") as liar:
        run(CMC, args[0], "-u", liar.url, "--no-trust", *args[1:], ok=1)
    data = signed(liar.asked)
    return controls(exact(bytes(data["encapContentInfo"]["eContent"]), rfc6402.PKIData()))


def officer(world):
    return ["--signer-cert", world.officer.pem, "--signer-key", world.officer.key]


def test_get_cert(world):
    values = asked(world, "get", "cert", "--issuer-cert", world.server.ca_pem, "--serial",
                   "0x" + world.victim.cert.serial.hex(), *officer(world))
    value = exact(values[str(rfc6402.id_cmc_getCert)], rfc6402.GetCert())
    assert value["issuerName"].getName() == "directoryName"
    assert int(value["serialNumber"]) == int.from_bytes(world.victim.cert.serial, "big")
    assert world.server.ca.subject in encode(value["issuerName"])


def test_get_crl(world):
    values = asked(world, "get", "crl", "--issuer-cert", world.server.ca_pem, "--time",
                   "2026-01-02T03:04:05Z", "--crl-url", "http://crl.example/ca.crl", "--reason",
                   "keyCompromise", "--reason", "aACompromise", *officer(world))
    value = exact(values[str(rfc6402.id_cmc_getCRL)], rfc6402.GetCRL())
    assert str(value["time"]) == "20260102030405Z"
    assert str(value["cRLName"]["uniformResourceIdentifier"]) == "http://crl.example/ca.crl"
    assert value["reasons"].asBinary() == "010000001"  # RFC 5280 section 4.2.1.13
    assert encode(value["issuerName"]) == world.server.ca.subject


def test_publish_cert(world):
    values = asked(world, "publish", "-c", world.victim.pem, "-m", "web", "--location",
                   "http://a.example/", *officer(world))
    value = exact(values[str(rfc6402.id_cmc_publishCert)], rfc6402.CMCPublicationInfo())
    assert value["hashAlg"]["algorithm"] == rfc5280.univ.ObjectIdentifier(craft.DIGESTS["sha256"])
    assert [bytes(h) for h in value["certHashes"]] == [
        hashlib.sha256(world.victim.cert.der).digest()]
    assert value["pubInfo"]["action"] == 1
    assert value["pubInfo"]["pubInfos"][0]["pubMethod"] == 2
    values = asked(world, "publish", "-c", world.victim.pem, "--remove", *officer(world))
    value = exact(values[str(rfc6402.id_cmc_publishCert)], rfc6402.CMCPublicationInfo())
    assert value["pubInfo"]["action"] == 0 and not value["pubInfo"]["pubInfos"].isValue


def test_anchors(world):
    """[10002-6.15-a, 10002-6.16-u1]"""
    secret, state = world.fresh("secret"), world.fresh("state")
    secret.write_bytes(world.server.cmcd("secret", "add", "interop").stdout)
    world.server.cmcd("anchors", "publish", world.server.ca_pem)
    with Liar(b"\x30\x00") as liar:
        run(CMC, "anchors", "update", "-s", state, "-u", liar.url, "--identity", "interop",
            "--secret-file", secret, ok=1)
    _, answer = world.server.post("/anchors", liar.asked)
    data = signed(answer)
    body = exact(bytes(data["encapContentInfo"]["eContent"]), rfc6402.PKIResponse())
    values = controls(body)
    anchors = exact(values[str(rfc6402.id_cmc_trustedAnchors)], rfc6402.PublishTrustAnchors())
    assert int(anchors["seqNumber"]) == 1
    assert [bytes(h) for h in anchors["anchorHashes"]] == [
        hashlib.sha256(world.server.ca.der).digest()]
    part = exact(values[str(rfc6402.id_cmc_authData)], rfc6402.AuthPublish())
    tagged = body["cmsSequence"][0]
    assert tagged["bodyPartID"] == part
    info = tagged["contentInfo"]
    assert str(info["contentType"]) == "1.2.840.113549.1.9.16.1.2"
    mac = exact(bytes(info["content"]), rfc5652.AuthenticatedData())
    assert mac["recipientInfos"][0].getName() == "pwri"
    assert str(mac["encapContentInfo"]["eContentType"]) == craft.PKIDATA
    inner = exact(bytes(mac["encapContentInfo"]["eContent"]), rfc6402.PKIData())
    assert controls(inner)[str(rfc6402.id_cmc_trustedAnchors)] == values[
        str(rfc6402.id_cmc_trustedAnchors)]


def test_simple_responses(world):
    """Certificates and CRLs of a Simple PKI Response, as pyasn1 and openssl read them."""
    body = craft.pkidata([
        craft.control(1, 15, craft.seq(craft.ctx(4, world.victim.cert.issuer),
                                       world.victim.cert.serial_der)),
        craft.control(2, 16, craft.seq(world.server.ca.subject))])
    headers, answer = world.server.post("/anchors", craft.message(body, world.officer.cert,
                                                                  world.officer.key))
    assert "certs-only" in headers["content-type"]
    data = signed(answer)
    assert not data["encapContentInfo"]["eContent"].isValue and not len(data["signerInfos"])
    assert len(data["certificates"]) == 1 and len(data["crls"]) == 1
    text = craft.openssl("pkcs7", "-inform", "DER", "-print_certs", "-text", data=answer)
    assert b"CN = victim" in text or b"CN=victim" in text
    crl = world.fresh("p7")
    crl.write_bytes(answer)
    out = craft.openssl("pkcs7", "-inform", "DER", "-in", crl)
    assert b"BEGIN PKCS7" in out
