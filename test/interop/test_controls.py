# SPDX-License-Identifier: Apache-2.0
"""Each control of RFC 10002: pyasn1 and BouncyCastle read what we write and write it again as it
was, and we do so with theirs. Theirs are made from their own tables, each alternative and each
optional field in turn."""
import os
import pathlib
import re
import subprocess

import pytest
from pyasn1.codec.der.decoder import decode
from pyasn1.codec.der.encoder import encode
from pyasn1.type import char, univ, useful
from pyasn1_modules import rfc5280, rfc6402

from authority import run

HERE = pathlib.Path(__file__).parent
JARS = ":".join("/usr/share/java/%s.jar" % n for n in ("bcprov", "bcpkix", "bcutil"))
CONTROLS = os.environ["CHANCERY_CONTROLS"]
CMC = "1.3.6.1.5.5.7.7."

# What the module does not list although it has the types. Its ResponseBody is a PKIResponse, where
# RFC 10002 section 6.21 has the path to one.
TYPES = {**{str(k): v for k, v in rfc6402.cmcControlAttributesMap.items() if str(k).startswith(CMC)},
         CMC + "35": rfc6402.BodyPartPath(), CMC + "37": rfc6402.BodyPartPath()}
NUMBERS = {str(i): CMC + str(i) for i in
           [*range(1, 12), *range(15, 20), *range(21, 36), 37] if i != 20}
# popLinkWitness and popLinkWitnessV2 stand in certification requests, not in a PKIData.
IN_REQUESTS = {CMC + "23", CMC + "33"}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Our samples: {file name: (control OID, TaggedAttribute DER, value DER)}."""
    folder = tmp_path_factory.mktemp("ours")
    run(CONTROLS, "emit", folder)
    out = {}
    for path in sorted(folder.iterdir()):
        octets = path.read_bytes()
        tagged, rest = decode(octets, asn1Spec=rfc6402.TaggedAttribute())
        assert not rest and tagged["bodyPartID"] == 4711 and len(tagged["attrValues"]) == 1
        out[path] = str(tagged["attrType"]), octets, bytes(tagged["attrValues"][0])
    return out


def read_by_us(folder, values):
    """values: {name: (OID, DER)}. What controls read says of each: {name: "same", ...}."""
    for name, (oid, value) in values.items():
        tagged = rfc6402.TaggedAttribute()
        tagged["bodyPartID"] = 4711
        tagged["attrType"] = oid
        tagged["attrValues"][0] = univ.Any(value)
        (folder / name).write_bytes(encode(tagged))
    done = run(CONTROLS, "read", *(folder / n for n in values))
    lines = [line.split(" ", 2) for line in done.stdout.decode().splitlines()]
    return {pathlib.Path(p).name: (how, text) for p, how, text in lines}


def test_all_controls_have_samples(ours):
    assert {oid for oid, _, _ in ours.values()} | IN_REQUESTS == set(NUMBERS.values())


# -- pyasn1 ------------------------------------------------------------------------------------

def test_pyasn1_reads_ours(ours):
    for path, (oid, _, value) in ours.items():
        if oid == CMC + "25":
            # This version of the module stumbles over the CHOICE in otherInfo. So without its type;
            # a value that nobody could tell without one, the [1] of extendedFailInfo, as SEQUENCE.
            plain = value.replace(b"\xa1\x06\x06\x02", b"\x30\x06\x06\x02")
            decoded, rest = decode(plain)
            assert not rest and encode(decoded) == plain, path.name
            continue
        decoded, rest = decode(value, asn1Spec=TYPES[oid])
        assert not rest and encode(decoded) == value, path.name


TIME = "20261121120000Z"


def put(value, name, component):
    """Without the module's own check, which takes a SEQUENCE OF for something else in a CHOICE."""
    value.setComponentByName(name, component, verifyConstraints=False, matchTags=False,
                             matchConstraints=False)


def samples(spec, depth=0):
    """Values of a pyasn1 type: each alternative of a CHOICE, a SEQUENCE with and without what is
    optional."""
    if isinstance(spec, rfc5280.Name):
        name = spec.clone()
        name["rdnSequence"] = rfc5280.RDNSequence()
        atv = rfc5280.AttributeTypeAndValue()
        atv["type"] = "2.5.4.3"
        atv["value"] = encode(char.UTF8String("a"))
        rdn = rfc5280.RelativeDistinguishedName()
        rdn[0] = atv
        name["rdnSequence"][0] = rdn
        return [name]
    if isinstance(spec, rfc5280.AlgorithmIdentifier):
        bare = spec.clone()
        bare["algorithm"] = "2.16.840.1.101.3.4.2.1"
        null = spec.clone()
        null["algorithm"] = "2.16.840.1.101.3.4.2.1"
        null["parameters"] = encode(univ.Null(""))
        return [bare, null]
    if isinstance(spec, univ.Choice):
        out = []
        for named in spec.componentType.namedTypes:
            for value in samples(named.asn1Object, depth + 1)[:2 if depth < 3 else 1]:
                choice = spec.clone()
                put(choice, named.name, value)
                out.append(choice)
        return out
    if isinstance(spec, (univ.SequenceOf, univ.SetOf)):
        element = samples(spec.componentType, depth + 1)
        if isinstance(spec, univ.SetOf):
            element = element[:1]
        out = spec.clone()
        for i, value in enumerate(element[:3]):
            out.setComponentByPosition(i, value, verifyConstraints=False, matchTags=False,
                                       matchConstraints=False)
        return [out]
    if isinstance(spec, (univ.Sequence, univ.Set)):
        return sequences(spec, depth)
    return [simple(spec)]


def sequences(spec, depth):
    out = []
    kinds = list(spec.componentType.namedTypes)
    optional = [n.name for n in kinds if n.isOptional]
    # Nothing optional, all of it, each alone; then each further sample of each field.
    for leave in [set(optional), set(), *({o for o in optional if o != k} for k in optional)]:
        value = spec.clone()
        for named in kinds:
            if named.name not in leave and not named.isDefaulted:
                put(value, named.name, samples(named.asn1Object, depth + 1)[0])
        out.append(value)
        if depth > 1:
            break
    for named in kinds:
        if depth > 1:
            break
        for further in samples(named.asn1Object, depth + 1)[1:]:
            value = spec.clone()
            for other in kinds:
                if other.name == named.name:
                    put(value, other.name, further)
                elif not other.isOptional and not other.isDefaulted:
                    put(value, other.name, samples(other.asn1Object, depth + 1)[0])
            out.append(value)
    return out


def simple(spec):
    if isinstance(spec, univ.Boolean):
        return spec.clone(False)
    if isinstance(spec, univ.Enumerated) or isinstance(spec, univ.Integer):
        names = getattr(spec, "namedValues", None)
        return spec.clone(list(names.values())[0] if names else 3)
    if isinstance(spec, univ.BitString):
        return spec.clone("01")
    if isinstance(spec, univ.Any):
        return spec.clone(encode(univ.Null("")))
    if isinstance(spec, univ.Null):
        return spec.clone("")
    if isinstance(spec, univ.ObjectIdentifier):
        return spec.clone("1.2.3.4")
    if isinstance(spec, useful.GeneralizedTime):
        return spec.clone(TIME)
    if isinstance(spec, useful.UTCTime):
        return spec.clone(TIME[2:])
    return spec.clone("abcd" if isinstance(spec, univ.OctetString) else "abcd")


def test_we_read_pyasn1(tmp_path):
    values = {}
    for oid, spec in TYPES.items():
        if oid in IN_REQUESTS:
            continue
        for k, value in enumerate(samples(spec)):
            values["%s-%d" % (oid, k)] = oid, encode(value)
    assert len(values) > 80
    got = read_by_us(tmp_path, values)
    # Their samples have the status success; with a time to wait until it is a contradiction, which
    # control/status_info.c refuses (RFC 10002 section 6.1).
    waits = {n for n, (oid, value) in values.items()
             if oid in (CMC + "1", CMC + "25") and TIME.encode() in value}
    assert waits and all(got[n][0] == "refused" and "pendInfo" in got[n][1] for n in waits)
    # And pubInfos where the action is dontPublish: [10002-6.18-a].
    told = {n for n, (how, text) in got.items() if "pubInfos must be absent" in text}
    assert told and all(n.startswith(CMC + "30-") for n in told)
    bad = {n: (got[n], values[n][1].hex()) for n in values
           if n not in waits | told and got[n][0] != "same"}
    assert not bad


# -- BouncyCastle ------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def bouncy(tmp_path_factory):
    classes = tmp_path_factory.mktemp("classes")
    run("javac", "-Xlint:-deprecation", "-cp", JARS, "-d", classes, HERE / "Controls.java")

    def call(*args):
        done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", "%s:%s" % (classes, JARS),
                               "Controls", *map(str, args)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()
    return call


def test_bouncycastle_reads_ours(ours, bouncy):
    lines = dict(line.split(" ", 1) for line in bouncy("read", *ours))
    for path, (_, octets, value) in ours.items():
        got = lines[str(path)]
        if b"\xa1\x06\x06\x02" in value:
            # extendedFailInfo with the tag of RFC 10002 appendix A, which this BouncyCastle lacks.
            assert got.startswith("failed java.lang.IllegalArgumentException"), got
        else:
            assert re.fullmatch(r"same \w+", got), (path.name, got)


def test_we_read_bouncycastle(bouncy, tmp_path):
    values = {}
    for k, line in enumerate(bouncy("write")):
        number, octets = line.split()
        values["%s-%d" % (number, k)] = CMC + number, bytes.fromhex(octets)
    assert len({oid for oid, _ in values.values()}) > 20
    got = read_by_us(tmp_path, values)
    # extendedFailInfo as well, which BouncyCastle writes without its tag, as RFC 5272 had it.
    assert {n: how for n, (how, _) in got.items()} == {n: "same" for n in values}
