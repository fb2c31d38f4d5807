# SPDX-License-Identifier: Apache-2.0
"""RFC 10003: what travels, in files and over HTTP, and what does not matter there."""
import os
import socket
import ssl
import threading
import warnings

import pytest

import craft
from authority import CMC, run
from der import parse


# [10003-4-a, 10003-4-b]
@pytest.mark.parametrize("requests", [1, 3])
def test_a_file_holds_one_message_in_binary(world, requests):
    """What cmc writes to a file, going and coming, is one ContentInfo in DER and nothing more."""
    out, answer = world.fresh("crq"), world.fresh("crp")
    csrs = []
    for n in range(requests):
        csrs.append(world.fresh("csr"))
        csrs[-1].write_bytes(craft.csr(craft.new_key(world.fresh("key")), "file %d" % n))
    run(CMC, "request", "--signer-cert", world.officer.pem, "--signer-key", world.officer.key,
        "-o", out, *csrs)
    run(CMC, "submit", "-u", world.server.url + "/cmc", "-a", "cmc", "-o", answer, out)
    for path, content in (out, craft.PKIDATA), (answer, craft.PKIRESPONSE):
        whole = path.read_bytes()
        info = parse(whole)
        assert info.whole == whole, "something stands before or after the message"
        assert info[0].whole == craft.oid(craft.SIGNED_DATA)
        assert craft.oid(content) in whole and b"-----BEGIN" not in whole
    assert craft.Answer(answer.read_bytes()).statuses[0][0] == "success"


# [10003-6-u3]
@pytest.mark.parametrize("headers", [
    {"Authorization": "Basic b2ZmaWNlcjpwYXNzd29yZA=="}, {"Cookie": "session=officer"},
    {"Authorization": "Bearer officer", "Cookie": "role=admin"}])
def test_http_authentication_and_cookies_mean_nothing(world, headers):
    """Neither do they let anybody in, nor do they disturb; and no cookie is set."""
    body = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
    good = craft.message(body, world.officer.cert, world.officer.key)
    got, answer = world.server.post("/cmc", good, headers=headers)
    assert craft.Answer(answer).statuses[0][0] == "success"
    assert "set-cookie" not in got and "www-authenticate" not in got
    body = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
    nobody = craft.message(body, world.stranger.cert, world.stranger.key)
    _, answer = world.server.post("/cmc", nobody, headers=headers)
    assert craft.Answer(answer).statuses[0][:2] == ("failed", "badIdentity")


class OneVersion(threading.Thread):
    """A TLS server that knows one version, takes one connection and answers 404. version: what
    was agreed upon, None if nothing was."""

    def __init__(self, certificate, key, only):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.context.minimum_version = self.context.maximum_version = only
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]
        self.version = self.request = None

    def run(self):
        with self.listener, self.listener.accept()[0] as plain:
            plain.settimeout(20)
            try:
                with self.context.wrap_socket(plain, server_side=True) as tls:
                    self.version = tls.version()
                    self.request = tls.recv(65536)
                    tls.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            except (ssl.SSLError, OSError):
                pass


# [10003-6-c]
@pytest.mark.parametrize("only,agreed", [(ssl.TLSVersion.TLSv1_1, None),
                                         (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
                                         (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_the_client_speaks_tls_1_2_and_newer(world, only, agreed):
    """A server of TLS 1.1 is not spoken to, though the user has allowed OpenSSL to."""
    key, person = craft.new_key(world.fresh("key")), world.fresh("crt")
    craft.openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=localhost", "-addext",
                  "subjectAltName=DNS:localhost", "-days", "2", "-out", person)
    lax = world.fresh("cnf")
    lax.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
                   "[c]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n")
    server = OneVersion(person, key, only)
    server.start()
    request = world.fresh("crq")
    request.write_bytes(craft.message(craft.pkidata([], [craft.tcr(10, world.csr)]),
                                      world.officer.cert, world.officer.key))
    done = run(CMC, "submit", "-u", "https://localhost:%d/cmc" % server.port, "--tls-ca", person,
               "-o", world.fresh("crp"), request, ok=None,
               env=dict(os.environ, OPENSSL_CONF=str(lax)))
    server.join(20)
    assert server.version == agreed, done.stderr
    assert done.returncode == 3
    if agreed:
        assert server.request.startswith(b"POST /cmc HTTP/1.1\r\n") and b"404" in done.stderr
