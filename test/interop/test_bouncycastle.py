# SPDX-License-Identifier: Apache-2.0
"""BouncyCastle parses our messages, verifies their signatures, and finds the controls that
cmc show finds."""
import pathlib
import subprocess

import pytest

import craft
from authority import CMC, run

JARS = ":".join("/usr/share/java/%s.jar" % n for n in ("bcprov", "bcpkix", "bcutil"))
NUMBERS = {"id-cmc-transactionId": 5, "id-cmc-senderNonce": 6, "id-cmc-recipientNonce": 7,
           "id-cmc-dataReturn": 4, "id-cmc-statusInfoV2": 25}


@pytest.fixture(scope="module")
def listed(messages, tmp_path_factory):
    """{file: lines} of one run of ListCmc over all messages."""
    classes = tmp_path_factory.mktemp("classes")
    run("javac", "-cp", JARS, "-d", classes, pathlib.Path(__file__).parent / "ListCmc.java")
    files = [*messages.requests.values(), *messages.answers.values()]
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", "%s:%s" % (classes, JARS),
                           "ListCmc", *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split("file ")[1:]
    assert len(parts) == len(files)
    return {f: p.splitlines() for f, p in zip(files, parts)}


def shown(path):
    lines = run(CMC, "show", "--brief", path).stdout.decode().splitlines()
    out = []
    for line in lines:
        words = line.split()
        if words[:1] == ["control"]:
            out.append("control %s %s%d" % (words[1].rstrip(":"), craft.CMC, NUMBERS[words[2]]))
    return out


def test_requests(messages, listed):
    for name, path in messages.requests.items():
        lines = listed[path]
        assert lines[0] == craft.PKIDATA
        assert [l for l in lines if l.startswith("control")] == shown(path)
        requests = [l.split()[2] for l in lines if l.startswith("request")]
        assert requests == {"crmf": ["crmf"], "two": ["pkcs10"] * 2}.get(name, ["pkcs10"])
        assert "signer verifies" in lines


def test_answers(messages, listed):
    for name, path in messages.answers.items():
        lines = listed[path]
        assert lines[0] == craft.PKIRESPONSE
        assert [l for l in lines if l.startswith("control")] == shown(path)
        assert "signer verifies" in lines
        status = [l for l in lines if l.startswith("status")]
        if name == "failed":
            assert status == ["status 2 4 3"]
        else:
            assert len(status) == 1 and status[0].startswith("status 0 -")
            issued = "two" if name == "two" else name
            assert any("CN=" + issued in l for l in lines if l.startswith("certificate"))
