# SPDX-License-Identifier: Apache-2.0
"""pyasn1-modules, an ASN.1 implementation with a CMC module of its own, reads what we write to the
last octet, and cmc reads what it writes."""
import os
import pathlib

import pytest
from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1.type import univ
from pyasn1_modules import rfc4211, rfc5652, rfc6402

import craft
from authority import CMC, run


def content_of(path):
    """The eContent of a SignedData file, by pyasn1: (type, octets, SignedData)."""
    info, rest = decode(pathlib.Path(path).read_bytes(), asn1Spec=rfc5652.ContentInfo())
    assert not rest and info["contentType"] == rfc5652.id_signedData
    data, rest = decode(info["content"], asn1Spec=rfc5652.SignedData())
    assert not rest
    encapsulated = data["encapContentInfo"]
    return str(encapsulated["eContentType"]), bytes(encapsulated["eContent"]), data


def shown_controls(path):
    """[(id, name)] as cmc show --brief lists them."""
    lines = run(CMC, "show", "--brief", path).stdout.decode().splitlines()
    return [tuple(line.split()[1:3]) for line in lines if line.strip().startswith("control ")]


NAMES = {rfc6402.id_cmc_transactionId: "id-cmc-transactionId",
         rfc6402.id_cmc_senderNonce: "id-cmc-senderNonce",
         rfc6402.id_cmc_recipientNonce: "id-cmc-recipientNonce",
         rfc6402.id_cmc_dataReturn: "id-cmc-dataReturn",
         rfc6402.id_cmc_statusInfoV2: "id-cmc-statusInfoV2"}


def listed(sequence):
    return [("%d:" % c["bodyPartID"], NAMES[c["attrType"]]) for c in sequence]


def test_requests(messages):
    for name, path in messages.requests.items():
        type, octets, data = content_of(path)
        assert type == craft.PKIDATA and data["version"] == 3
        body, rest = decode(octets, asn1Spec=rfc6402.PKIData())
        assert not rest and encode(body) == octets
        assert listed(body["controlSequence"]) == shown_controls(path)
        forms = [r.getName() for r in body["reqSequence"]]
        assert forms == {"crmf": ["crm"], "two": ["tcr", "tcr"]}.get(name, ["tcr"])
        if name == "crmf":
            request = body["reqSequence"][0]["crm"]
            assert request["certReq"]["certReqId"] == 77
            assert request["popo"].getName() == "signature"


def test_answers(messages):
    for name, path in messages.answers.items():
        type, octets, data = content_of(path)
        assert type == craft.PKIRESPONSE and data["version"] == 3
        body, rest = decode(octets, asn1Spec=rfc6402.PKIResponse())
        assert not rest and encode(body) == octets
        assert listed(body["controlSequence"]) == shown_controls(path)
        status = [c for c in body["controlSequence"]
                  if c["attrType"] == rfc6402.id_cmc_statusInfoV2]
        # Without its own type: this version of the module cannot tell the types of otherInfo apart.
        value, rest = decode(status[0]["attrValues"][0])
        assert not rest
        if name == "failed":
            assert [value[0], list(value[1]), value[len(value) - 1]] == [2, [3], 4]  # badCertId
        else:
            assert value[0] == 0


def test_a_crmf_file(world):
    """cmc csr --form crmf is a CertReqMessages."""
    key, out = world.fresh("key"), world.fresh("crmf")
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", key, "-s", "O=Example, CN=crmf", "--form",
        "crmf", "--der", "-o", out)
    octets = out.read_bytes()
    messages, rest = decode(octets, asn1Spec=rfc4211.CertReqMessages())
    assert not rest and len(messages) == 1 and encode(messages) == octets
    template = messages[0]["certReq"]["certTemplate"]
    assert template["subject"].isValue and template["publicKey"].isValue


def made_by_pyasn1(world):
    """A PKIData with every part that pyasn1 writes from its own classes."""
    body = rfc6402.PKIData()
    control = rfc6402.TaggedAttribute()
    control["bodyPartID"] = 4294967295
    control["attrType"] = rfc6402.id_cmc_transactionId
    control["attrValues"][0] = univ.Any(encode(univ.Integer(2 ** 200)))
    body["controlSequence"].append(control)
    nonce = rfc6402.TaggedAttribute()
    nonce["bodyPartID"] = 2
    nonce["attrType"] = rfc6402.id_cmc_senderNonce
    nonce["attrValues"][0] = univ.Any(encode(univ.OctetString(os.urandom(16))))
    body["controlSequence"].append(nonce)
    csr, _ = decode(world.csr, asn1Spec=rfc6402.CertificationRequest())
    request = rfc6402.TaggedRequest()
    request["tcr"]["bodyPartID"] = 3
    request["tcr"]["certificationRequest"] = csr
    body["reqSequence"].append(request)
    body["cmsSequence"].clear()
    body["otherMsgSequence"].clear()
    return encode(body)


def test_cmcd_reads_what_pyasn1_writes(world):
    _, answer = world.server.post("/cmc", craft.message(made_by_pyasn1(world), world.officer.cert,
                                                        world.officer.key))
    got = craft.Answer(answer)
    assert got.statuses[0][:3] == ("success", None, [3])
    assert got.control(5).int() == 2 ** 200


@pytest.mark.parametrize("path", sorted((pathlib.Path(__file__).parent.parent / "data" / "cmc").glob(
    "pki*.der")), ids=lambda p: p.stem)
def test_show_reads_whole_bodies(path):
    text = run(CMC, "show", path).stdout.decode()
    assert "does not decode" not in text and ("PKIData" in text or "PKIResponse" in text)
