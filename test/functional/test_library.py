# SPDX-License-Identifier: Apache-2.0
"""libcmc as a user has it: installed, found by pkg-config, the example compiled and run."""
import ctypes
import os
import pathlib
import subprocess

import pytest

import craft
from authority import BUILD, run

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "doc" / "examples" / "enroll.c"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


class Installed:
    def __init__(self, folder):
        self.folder = folder
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "runtime,devel",
            "--destdir", folder)
        found = sorted(folder.rglob("libcmc.pc"))
        assert len(found) == 1, found
        self.lib = found[0].parent.parent
        self.env = dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent),
                        PKG_CONFIG_SYSROOT_DIR=str(folder))

    def pkg_config(self, *args):
        return run("pkg-config", *args, env=self.env).stdout.decode().split()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("destdir"))


@pytest.fixture(scope="module", params=["shared", "static"])
def enroll(request, installed):
    """The example, linked in each way; calling it runs it."""
    program = installed.folder / request.param
    libs = installed.pkg_config("--libs", "libcmc")
    if request.param == "static":
        # Only libcmc itself: what it needs is on the machine as shared libraries.
        needs = [word for word in installed.pkg_config("--print-requires-private", "libcmc")
                 if word[0].isalpha()]
        libs = [installed.lib / "libcmc.a", "-pthread", "-ldl",
                *run("pkg-config", "--libs", *needs).stdout.decode().split()]
    run("cc", *STRICT, *installed.pkg_config("--cflags", "libcmc"), EXAMPLE, *libs, "-o", program)
    env = dict(os.environ, LD_LIBRARY_PATH=str(installed.lib) if request.param == "shared" else "")

    def call(*args, ok=True):
        return run(program, *args, ok=ok, env=env)
    return call


def arguments(world, signer, key, cn="library.example", path="/cmc"):
    return (world.server.url + path, world.server.ca_pem, signer.pem, signer.key,
            "O=Example, CN=" + cn, key)


def test_example_enrols(world, enroll):
    key, cert = world.fresh("key"), world.fresh("crt")
    cert.write_bytes(enroll(*arguments(world, world.officer, key)).stdout)
    good, words = world.server.openssl_verify(cert, world.folder)
    assert good, words
    got = craft.Cert(craft.pem_to_der(cert))
    assert got.spki == craft.public_key(key)
    assert "CN = library.example" in craft.openssl("x509", "-in", cert, "-noout",
                                                   "-subject").decode()
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("who, words", [
    ("revoker", b"failed, badRequest: "),  # an officer who may not enrol
    ("stranger", b"badIdentity: the signer's certificate"),
])
def test_example_says_what_the_server_said(world, enroll, who, words):
    signer = getattr(world, who)
    before = world.server.counts().certs
    done = enroll(*arguments(world, signer, world.fresh("key")), ok=1)
    assert words in done.stderr
    assert done.stdout == b""
    assert world.server.counts().certs == before


@pytest.mark.parametrize("wrong, words", [
    ("path", b"HTTP 404"), ("anchor", b"the response's signature"), ("subject", b"no-equals-sign"),
    ("key", b"exists already"), ("usage", b"usage: enroll"),
])
def test_example_fails_with_a_reason(world, enroll, wrong, words):
    args = list(arguments(world, world.officer, world.fresh("key")))
    if wrong == "path":
        args[0] = world.server.url + "/nowhere"
    elif wrong == "anchor":
        args[1] = world.stranger.pem
    elif wrong == "subject":
        args[4] = "no-equals-sign"
    elif wrong == "key":
        args[5] = world.officer.key
    else:
        args.pop()
    done = enroll(*args, ok=2 if wrong == "usage" else 1)
    assert words in done.stderr, done.stderr
    assert done.stdout == b""


class Caller:
    """The shared library, called as it stands; each object is freed at the end."""

    def __init__(self, installed):
        self.lib = ctypes.CDLL(str(installed.lib / "libcmc.so"))
        self.lib.cmcl_error_text.restype = ctypes.c_char_p
        self.made = []
        self.context = self.new("context", "context_new")

    def call(self, name, *args):
        words = [os.fsencode(a) if isinstance(a, (str, pathlib.Path)) else a for a in args]
        rc = getattr(self.lib, "cmcl_" + name)(*words)
        assert rc == 0, (name, rc, self.lib.cmcl_error_text(self.context))

    def new(self, kind, name, *args):
        out = ctypes.c_void_p()
        self.call(name, *args, ctypes.byref(out))
        self.made.append((kind, out))
        return out

    def close(self):
        for kind, made in reversed(self.made):
            getattr(self.lib, "cmcl_%s_free" % kind)(made)


@pytest.fixture
def library(installed):
    caller = Caller(installed)
    yield caller
    caller.close()


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_with_a_client_certificate(world, library, trusted):
    context, server = library.context, world.server
    key = library.new("key", "key_generate", context, "ed25519")
    csr = library.new("csr", "csr_new", key, 1, "CN=tls.example", "DNS:tls.example", 0)
    anchors = library.new("certs", "certs_load", context, server.ca_pem, None)
    officer = library.new("certs", "certs_load", context, world.officer.pem, None)
    officer_key = library.new("key", "key_load", context, world.officer.key, None)
    request = library.new("request", "request_new", context)
    library.call("request_add_csr", request, csr)
    library.call("request_set1_signer", request, officer_key, officer, 1)
    transport = library.new("transport", "transport_new_http", context,
                            server.tls_url + "/cmc", 20)
    library.call("transport_set1_tls", transport,
                 server.ca_pem if trusted else world.stranger.pem, world.officer.pem,
                 world.officer.key, None)
    if not trusted:
        with pytest.raises(AssertionError, match="certificate"):
            library.new("response", "exchange", transport, request, anchors, 0)
        return
    response = library.new("response", "exchange", transport, request, anchors, 0)
    assert library.lib.cmcl_response_status(response) == 0
    der, n = ctypes.c_void_p(), ctypes.c_size_t()
    library.call("response_get0_cert_for", response, csr, ctypes.byref(der), ctypes.byref(n))
    assert craft.Cert(ctypes.string_at(der, n.value)).issuer == server.ca.subject


def test_nothing_private_is_installed(installed):
    headers = {p.name for p in installed.folder.rglob("*.h")}
    assert headers == {"cmc.h", "context.h", "key.h", "request.h", "response.h", "transport.h"}
    libraries = {p.name for p in installed.lib.iterdir() if p.name.startswith("lib")}
    assert libraries == {"libcmc.a", "libcmc.so", "libcmc.so.0", "libcmc.so.0.1.0"}
    soname = subprocess.run(["objdump", "-p", str(installed.lib / "libcmc.so")], check=True,
                            capture_output=True, text=True).stdout
    assert "SONAME               libcmc.so.0\n" in soname


def test_the_example_is_short():
    assert len(EXAMPLE.read_text().splitlines()) < 100
