# SPDX-License-Identifier: Apache-2.0
"""The profiles that are shipped (etc/profiles) give what their names say, and cmcd profile
tells so before, or names the rule that refuses."""
import pathlib
import re

import pytest

import craft
from authority import CMC, CMCD, CONFIG, Server, World, run

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "etc" / "profiles"
NAMES = ["device", "ocsp-signer", "officer", "ra", "smime-encrypt", "smime-sign", "sub-ca",
         "tls-client", "tls-server"]
# What openssl verify -purpose says yes and no to, and what the certificate holds.
PURPOSES = {
    "tls-server": (["sslserver"], ["sslclient", "smimesign"], "DNS:host.example"),
    "tls-client": (["sslclient"], ["sslserver", "smimesign"], "TLS Web Client Authentication"),
    "smime-sign": (["smimesign"], ["sslclient", "sslserver", "smimeencrypt"],
                   "email:a@host.example"),
    "smime-encrypt": (["smimeencrypt"], ["sslclient", "smimesign"], "email:a@host.example"),
    "device": (["any"], ["timestampsign"], "serialNumber = 4711"),
    "ocsp-signer": (["ocsphelper"], ["sslclient", "smimesign"], "OCSP No Check"),
    "officer": (["sslclient"], ["sslserver"], "Digital Signature"),
    "ra": (["sslclient"], ["sslserver"], "CMC Registration Authority|1.3.6.1.5.5.7.3.28"),
    "sub-ca": (["any"], ["sslserver"], "CA:TRUE, pathlen:0"),
}
# OpenSSL knows encryption for keyEncipherment only, which is for RSA.
KINDS = {"smime-encrypt": "rsa:2048"}
SUBJECTS = {"device": "CN=device,serialNumber=4711"}
SANS = {"tls-server": "DNS:host.example", "smime-sign": "email:a@host.example",
        "smime-encrypt": "email:a@host.example"}


def config():
    """The usual one, with the shipped profiles in place of its own and an endpoint for each."""
    head = CONFIG.split("profiles:\n")[0]
    profiles = 'profile-files: ["%s"]\n' % SHIPPED
    endpoints = "".join("  - {{path: /%s, accept: [cmc, pkcs10], answer: [cmc], profile: %s, "
                        "officer: required, poll: 0}}\n" % (n, n) if n == "sub-ca" else
                        "  - {{path: /%s, accept: [cmc], answer: [cmc], profile: %s, "
                        "officer: required}}\n" % (n, n) for n in NAMES)
    return head + profiles + "endpoints:\n" + endpoints


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiles")
    server = Server(folder, config())
    server.start()
    yield World(folder, server)
    server.close()


def csr(world, name, kind=None):
    key, out = world.fresh("key"), world.fresh("csr")
    san = ("--san", SANS[name]) if name in SANS else ()
    run(CMC, "csr", "--new-key", kind or KINDS.get(name, "ec:P-256"), "--key-out", key, "-s",
        SUBJECTS.get(name, "CN=" + name), "-o", out, *san)
    return out, key


def certificate(world, name, kind=None):
    request, key = csr(world, name, kind)
    out = world.fresh("crt")
    args = ["enroll", "-u", world.server.url + "/" + name, "-T", world.server.ca_pem,
            "--officer-cert", world.officer.pem, "--officer-key", world.officer.key, "-o", out,
            "--csr", request]
    if name == "sub-ca":  # two must approve it
        run(CMC, *args, ok=4)
        number = world.server.cmcd("request", "list").stdout.decode().split()[0]
        world.server.cmcd("request", "approve", number, "--as", "one")
        world.server.cmcd("request", "approve", number, "--as", "two")
        run(CMC, "poll", str(out) + ".pending")
    else:
        run(CMC, *args)
    return out


def verifies(world, pem, purpose):
    done = run("openssl", "verify", "-CAfile", world.server.ca_pem, "-purpose", purpose, pem,
               ok=None)
    return done.returncode == 0


def test_all_are_there(world):
    listed = [line for line in world.server.cmcd("profile", "list").stdout.decode().splitlines()
              if not line.startswith(" ")]
    assert listed == NAMES
    assert sorted(path.stem for path in SHIPPED.glob("*")) == NAMES
    for name in NAMES:
        assert "\nname: %s\n" % name in "\n" + (SHIPPED / (name + ".yaml")).read_text()


def test_init_takes_them(tmp_path):
    """cmcd init writes a configuration that uses a folder of profiles."""
    run(CMCD, "init", tmp_path / "ca", "--profiles", SHIPPED)
    done = run(CMCD, "profile", "list", "-c", tmp_path / "ca" / "cmcd.yaml")
    assert done.stdout.decode().count("\n  keys:") == len(NAMES)
    run(CMCD, "check-config", tmp_path / "ca" / "cmcd.yaml")
    (tmp_path / "none").mkdir()
    done = run(CMCD, "init", tmp_path / "cb", "--profiles", tmp_path / "none", ok=3)
    assert "tls-server.yaml" in done.stderr.decode() and not (tmp_path / "cb").exists()


@pytest.mark.parametrize("name", NAMES)
def test_gives_what_its_name_says(world, name):
    pem = certificate(world, name)
    yes, no, holds = PURPOSES[name]
    text = run("openssl", "x509", "-in", pem, "-noout", "-text").stdout.decode()
    assert re.search(holds, text), text
    for purpose in yes:
        assert verifies(world, pem, purpose), purpose
    for purpose in no:
        assert not verifies(world, pem, purpose), purpose
    assert ("CA:TRUE" in text) == (name == "sub-ca")


def test_usage_goes_with_the_key(world):
    text = run("openssl", "x509", "-in", certificate(world, "smime-encrypt", "ec:P-256"), "-noout",
               "-ext", "keyUsage").stdout.decode()
    assert "Key Agreement" in text and "Encipherment" not in text


@pytest.mark.parametrize("name", NAMES)
def test_is_shown_before(world, name):
    """What cmcd profile test shows is what is then issued, but for serial number and time."""
    request, _ = csr(world, name)
    shown = world.server.cmcd("profile", "test", name, request).stdout.decode()
    assert "profile %s gives" % name in shown
    pem = certificate(world, name)
    issued = run(CMC, "show", pem).stdout.decode()
    wanted = [line.strip() for line in issued.splitlines() if "extnID" in line]
    assert wanted and wanted == [line.strip() for line in shown.splitlines() if "extnID" in line]


def test_the_rule_that_refuses(world):
    def told(name, request):
        return world.server.cmcd("profile", "test", name, request, ok=1).stderr.decode()

    assert "subjectAltName" in told("tls-server", csr(world, "x")[0])
    assert "badAlg" in told("sub-ca", csr(world, "x", "rsa:2048")[0])
    assert "badAlg" in told("tls-server", csr(world, "tls-server", "ed448")[0])
    before = world.server.cmcd("cert", "list").stdout
    changed = bytearray(craft.openssl("req", "-in", csr(world, "tls-client")[0], "-outform", "DER"))
    changed[-1] ^= 1
    bad = world.fresh("csr")
    bad.write_bytes(changed)
    assert "popFailed" in told("tls-client", bad)
    assert "no profile 'none'" in told("none", bad)
    assert world.server.cmcd("cert", "list").stdout == before
