# SPDX-License-Identifier: Apache-2.0
"""The HTTP seam of cmcd seen from outside: raw sockets against http_echo.

Each row of PROBES is something that HTTP libraries are known to let through or to do by halves.
"""
import os
import resource
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest

BUILD = os.environ.get("CHANCERY_BUILD", "build")
ECHO = os.path.join(BUILD, "test", "functional", "http_echo")
# Generous, for sanitizers and busy machines; nothing here waits that long when all is well.
PATIENCE = 20


class Server:
    def __init__(self, nofile=None, **options):
        args = [f"{k}={v}" for k, v in options.items()]
        self.process = subprocess.Popen([ECHO] + args, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        assert line[:1] == ["port"], "http_echo did not start"
        self.port = int(line[1])
        if nofile is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (nofile, nofile))

    def connect(self, source="127.0.0.1"):
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE, (source, 0))

    def stop(self):
        """SIGTERM; must end by itself, and with 0: a sanitizer's finding is another code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(PATIENCE) == 0
        finally:
            self.process.kill()
            self.process.stdout.close()


@pytest.fixture
def serve():
    servers = []

    def start(**options):
        servers.append(Server(**options))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="module")
def small():
    """One server for all probes: it must survive each of them."""
    server = Server(header_octets=2048, body_octets=1024)
    yield server
    server.stop()


def read_answer(f):
    """One answer: status, header fields, body. None when the peer closed instead."""
    line = f.readline()
    if not line:
        return None
    assert line.endswith(b"\r\n")
    version, status, _ = line.decode().split(" ", 2)
    assert version == "HTTP/1.1"
    fields = {}
    while (line := f.readline()) != b"\r\n":
        name, value = line.decode().rstrip("\r\n").split(": ", 1)
        assert name.lower() not in fields
        fields[name.lower()] = value
    if int(status) == 100:
        return 100, fields, b""
    return int(status), fields, f.read(int(fields.get("content-length", 0)))


def ask(server, octets):
    """Send once; all answers until the server closes."""
    with server.connect() as s:
        s.sendall(octets)
        s.shutdown(socket.SHUT_WR)
        f = s.makefile("rb")
        answers = []
        while (answer := read_answer(f)) is not None:
            answers.append(answer)
        return answers


def post(length=b"Content-Length: 5", body=b"hello", first=b"POST /echo HTTP/1.1",
         host=b"Host: a"):
    lines = [line for line in (first, host, length) if line]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"
ONE_CHUNK = b"5\r\nhello\r\n0\r\n\r\n"

PROBES = [
    ("good", post(), 200),
    ("good, chunked", post(CHUNKED, ONE_CHUNK), 200),
    ("good, HTTP/1.0", post(first=b"POST /echo HTTP/1.0", host=b""), 200),
    ("good, absolute form", post(first=b"POST http://a/echo HTTP/1.1"), 200),
    ("good, empty body", post(b"Content-Length: 0", b""), 200),
    ("nothing here", post(first=b"POST /nowhere HTTP/1.1"), 404),
    ("two differing Content-Length", post(b"Content-Length: 5\r\nContent-Length: 6"), 400),
    ("two equal Content-Length", post(b"Content-Length: 5\r\nContent-Length: 5"), 400),
    ("Content-Length list", post(b"Content-Length: 5, 5"), 400),
    ("Content-Length + chunked", post(b"Content-Length: 5\r\n" + CHUNKED, ONE_CHUNK), 400),
    ("chunked + Content-Length", post(CHUNKED + b"\r\nContent-Length: 5", ONE_CHUNK), 400),
    ("space before colon", post(b"Content-Length : 5"), 400),
    ("Content-Length +5", post(b"Content-Length: +5"), 400),
    ("Content-Length -5", post(b"Content-Length: -5"), 400),
    ("Content-Length 0x5", post(b"Content-Length: 0x5"), 400),
    ("Content-Length 5x", post(b"Content-Length: 5x"), 400),
    ("Content-Length empty", post(b"Content-Length: "), 400),
    ("Content-Length 2^64", post(b"Content-Length: 18446744073709551616"), 400),
    ("Content-Length 2^64-1", post(b"Content-Length: 18446744073709551615"), 413),
    ("no length", post(b""), 411),
    ("bare LF", post().replace(b"\r\n", b"\n"), 400),
    ("one bare LF", post(b"X: y\nContent-Length: 5"), 400),
    ("bare CR", post(b"X: y\rContent-Length: 5"), 400),
    ("folded line", post(b"X: y\r\n z\r\nContent-Length: 5"), 400),
    ("NUL in a field", post(b"X: \0\r\nContent-Length: 5"), 400),
    ("field without colon", post(b"X\r\nContent-Length: 5"), 400),
    ("missing Host", post(host=b""), 400),
    ("two Host", post(host=b"Host: a\r\nHost: b"), 400),
    ("empty Host", post(host=b"Host:"), 400),
    ("gzip coding", post(b"Transfer-Encoding: gzip, chunked", ONE_CHUNK), 400),
    ("identity coding", post(b"Transfer-Encoding: identity"), 400),
    ("two codings", post(CHUNKED + b"\r\n" + CHUNKED, ONE_CHUNK), 400),
    ("vertical tab in coding", post(b"Transfer-Encoding: \x0bchunked", ONE_CHUNK), 400),
    ("chunked in HTTP/1.0", post(CHUNKED, ONE_CHUNK, b"POST /echo HTTP/1.0"), 400),
    ("chunk size overflow", post(CHUNKED, b"10000000000000005\r\nhello\r\n0\r\n\r\n"), 413),
    ("chunk size negative", post(CHUNKED, b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    ("chunk size 0x5", post(CHUNKED, b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    ("chunk with bare LF", post(CHUNKED, b"5\nhello\r\n0\r\n\r\n"), 400),
    ("chunk longer than its size", post(CHUNKED, b"5\r\nhello!\r\n0\r\n\r\n"), 400),
    ("chunks above the limit", post(CHUNKED, (b"100\r\n" + b"x" * 256 + b"\r\n") * 5), 413),
    ("long trailer", post(CHUNKED, b"0\r\nX: " + b"y" * 8000), 431),
    ("body cut short", post(body=b"hell"), 400),
    ("chunked body cut short", post(CHUNKED, b"5\r\nhello\r\n"), 400),
    ("header cut short", b"POST /echo HTTP/1.1\r\nHost: a\r\n", 400),
    ("header of 64 KiB", post(b"X: " + b"y" * 65536), 431),
    ("request line of 64 KiB", post(first=b"GET /" + b"y" * 65536 + b" HTTP/1.1"), 431),
    ("many fields", post(b"X: y\r\n" * 64 + b"Content-Length: 5"), 431),
    ("unknown method", post(first=b"BREW /echo HTTP/1.1"), 501),
    ("method in lower case", post(first=b"post /echo HTTP/1.1"), 501),
    ("PUT", post(first=b"PUT /echo HTTP/1.1"), 405),
    ("TRACE", post(first=b"TRACE /echo HTTP/1.1"), 405),
    ("CONNECT", post(first=b"CONNECT a:1 HTTP/1.1"), 405),
    ("OPTIONS *", post(first=b"OPTIONS * HTTP/1.1"), 405),
    ("HTTP/2.0", post(first=b"POST /echo HTTP/2.0"), 505),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/0.9", b"GET /echo\r\n\r\n", 400),
    ("two spaces", post(first=b"POST  /echo HTTP/1.1"), 400),
    ("fragment in target", post(first=b"POST /echo#a HTTP/1.1"), 400),
    ("raw octets in target", post(first=b"POST /\xff HTTP/1.1"), 400),
    ("TLS to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("other expectation", post(b"Expect: fish\r\nContent-Length: 5"), 417),
]


@pytest.mark.parametrize("octets,status", [p[1:] for p in PROBES], ids=[p[0] for p in PROBES])
def test_probe(small, octets, status):
    answers = ask(small, octets)
    # Exactly one answer: after a refusal nothing of what follows is taken for a request.
    assert [a[0] for a in answers] == [status]
    _, fields, body = answers[0]
    assert "date" in fields and "content-length" in fields
    if status not in (200, 404):
        assert fields["connection"] == "close"
        assert fields["content-type"] == "text/plain; charset=utf-8"
        assert body.startswith(b"%d: " % status) and body.count(b"\n") == 1
    if status == 405:
        assert fields["allow"] == "GET, HEAD, POST"


def test_a_refused_request_smuggles_nothing(small):
    """What would be a second request, to a server that believes the other length."""
    hidden = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
    for length in (b"Content-Length: 0\r\nContent-Length: %d" % len(hidden),
                   b"Content-Length: %d\r\n" % len(hidden) + CHUNKED,
                   b"Content-Length : %d" % len(hidden)):
        answers = ask(small, post(length, b"0\r\n\r\n" + hidden))
        assert [a[0] for a in answers] == [400]


def test_pipelining_and_keep_alive(small):
    two = post() + post(CHUNKED, b"2\r\nhi\r\n0\r\nX: y\r\n\r\n")
    last = post(b"Connection: close\r\nContent-Length: 3", b"bye")
    answers = ask(small, b"\r\n" + two + two + last + post())
    assert [a[0] for a in answers] == [200] * 5
    assert [a[2] for a in answers] == [b"hello", b"hi", b"hello", b"hi", b"bye"]
    assert [a[1]["connection"] for a in answers] == ["keep-alive"] * 4 + ["close"]


def test_octet_by_octet(small):
    with small.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        f = s.makefile("rb")
        for request, body in ((post(), b"hello"), (post(CHUNKED, ONE_CHUNK), b"hello")):
            for i in range(len(request)):
                s.sendall(request[i:i + 1])
            assert read_answer(f)[2] == body


def test_head_has_no_body(small):
    with small.connect() as s:
        s.sendall(post(first=b"HEAD /echo HTTP/1.1") + post())
        f = s.makefile("rb")
        assert f.readline() == b"HTTP/1.1 200 OK\r\n"
        fields = b""
        while (line := f.readline()) != b"\r\n":
            fields += line
        assert b"Content-Length: 5\r\n" in fields
        assert read_answer(f)[2] == b"hello"


def test_body_limit_is_refused_before_the_body(small):
    """The answer comes although not one octet of the body was sent."""
    for length in (b"Content-Length: 1025", CHUNKED):
        with small.connect() as s:
            s.sendall(post(length, b"401\r\n" if length == CHUNKED else b""))
            assert read_answer(s.makefile("rb"))[0] == 413
    assert ask(small, post(b"Content-Length: 1024", b"x" * 1024))[0][2] == b"x" * 1024


@pytest.mark.parametrize("pause", [0, 0.2], ids=["before the answer", "after the answer"])
@pytest.mark.parametrize("length,begin", [(b"Content-Length: 3000000", b""), (CHUNKED, b"401")],
                         ids=["length", "chunked"])
def test_refusal_is_read_though_the_body_was_sent(small, length, begin, pause):
    """No reset destroys the answer while the peer is still sending."""
    with small.connect() as s:
        s.sendall(post(length, begin))
        time.sleep(pause)
        try:
            for _ in range(30):
                s.sendall(b"x" * 100000)
        except OSError:
            pytest.fail("the connection was reset")
        assert read_answer(s.makefile("rb"))[0] == 413


def test_expect_continue(small):
    with small.connect() as s:
        f = s.makefile("rb")
        s.sendall(post(b"Expect: 100-continue\r\nContent-Length: 5", b""))
        assert read_answer(f)[0] == 100
        s.sendall(b"hello")
        assert read_answer(f)[2] == b"hello"
        s.sendall(post(b"Expect: 100-continue\r\nContent-Length: 9999", b""))
        assert read_answer(f)[0] == 413


# -- ends of connections ---------------------------------------------------------------------


def closed_after(s, start):
    """Seconds until the server closes."""
    while s.recv(65536):
        pass
    return time.monotonic() - start


def test_half_closed_peer_gets_its_answer(small):
    with small.connect() as s:
        s.sendall(post(first=b"POST /later?300 HTTP/1.1"))
        s.shutdown(socket.SHUT_WR)
        f = s.makefile("rb")
        assert read_answer(f)[2] == b"later"
        assert f.read() == b""


def test_peer_gone_while_under_way(small):
    """The answer comes after the peer has closed, or reset; a sanitizer would speak up."""
    for linger in (None, struct.pack("ii", 1, 0)):
        for _ in range(20):
            s = small.connect()
            s.sendall(post(first=b"POST /later?50 HTTP/1.1"))
            if linger is not None:
                time.sleep(0.01)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            s.close()
    time.sleep(0.2)
    assert ask(small, post())[0][0] == 200


def drip(s, octets, seconds):
    """One octet every 0.2 s; how long until the server has had enough, and what it says."""
    start = time.monotonic()
    s.settimeout(0.2)
    for i in range(int(seconds / 0.2)):
        try:
            s.sendall(octets[i % len(octets):][:1])
            answer = s.recv(65536)
            return time.monotonic() - start, answer
        except socket.timeout:
            continue
    pytest.fail(f"still open after {seconds} s")


def test_deadlines(serve):
    server = serve(header=1, body=1, idle=2)
    with server.connect() as s:
        took, answer = drip(s, b"GET /echo HTTP/1.1\r\n" + b"X-Drip: yyyyyyyyyyyyyyyyyyyyyyyyyyy", 6)
        assert answer.startswith(b"HTTP/1.1 408 ") and 0.8 < took < 3
    with server.connect() as s:
        s.sendall(post(b"Content-Length: 100", b""))
        took, answer = drip(s, b"x", 6)
        assert answer.startswith(b"HTTP/1.1 408 ") and 0.8 < took < 3
    with server.connect() as s:
        assert 1.8 < closed_after(s, time.monotonic()) < 5
    with server.connect() as s:
        s.sendall(post())
        assert read_answer(s.makefile("rb"))[0] == 200
        assert 1.8 < closed_after(s, time.monotonic()) < 5


def test_idle_deadline_spares_the_handler(serve):
    server = serve(header=1, body=1, idle=1, write=1)
    assert ask(server, post(first=b"POST /later?2500 HTTP/1.1"))[0][2] == b"later"


def test_write_deadline(serve):
    server = serve(write=1)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(PATIENCE)
        s.connect(("127.0.0.1", server.port))
        s.sendall(post(first=b"POST /big?6000000 HTTP/1.1"))
        # 6 MiB begun: 6 seconds. Not reading at all for longer loses the connection.
        time.sleep(7.5)
        got = 0
        try:
            while data := s.recv(65536):
                got += len(data)
        except ConnectionResetError:
            pass
        assert got < 6000000
    assert len(ask(server, post(first=b"POST /big?6000000 HTTP/1.1"))[0][2]) == 6000000


# -- caps --------------------------------------------------------------------------------------


def is_served(s):
    try:
        s.sendall(post())
        answer = read_answer(s.makefile("rb"))
    except ConnectionResetError:
        return False
    return answer is not None and answer[0] == 200


def wait_until_served(server, source="127.0.0.1"):
    """The server notices in its own time that a connection has gone."""
    for _ in range(PATIENCE * 20):
        with server.connect(source) as s:
            if is_served(s):
                return
        time.sleep(0.05)
    pytest.fail("never served again")


def test_cap_on_connections(serve):
    server = serve(connections=10, per_address=0)
    held = [server.connect() for _ in range(10)]
    assert all(is_served(s) for s in held)
    with server.connect() as s:
        assert not is_served(s)
    assert all(is_served(s) for s in held)
    held.pop().close()
    wait_until_served(server)
    for s in held:
        s.close()


def test_cap_on_connections_of_an_address(serve):
    server = serve(connections=100, per_address=3)
    held = [server.connect() for _ in range(3)]
    assert all(is_served(s) for s in held)
    with server.connect() as s:
        assert not is_served(s)
    with server.connect("127.0.0.2") as s:
        assert is_served(s)
    held.pop().close()
    wait_until_served(server)
    for s in held:
        s.close()


def test_200_connections(serve):
    server = serve()
    held = [server.connect(f"127.0.0.{2 + i % 2}") for i in range(200)]
    for _ in range(2):
        for s in held:
            s.sendall(post())
        assert all(read_answer(s.makefile("rb"))[2] == b"hello" for s in held)
    for s in held:
        s.close()


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_out_of_descriptors(serve):
    """accept() fails for a while: no busy loop, and the peers that waited are served after it."""
    server = serve(nofile=20)
    held = [server.connect() for _ in range(30)]
    before = cpu_seconds(server.process.pid)
    time.sleep(1)
    assert cpu_seconds(server.process.pid) - before < 0.3
    for s in held[:15]:
        s.close()
    assert all(is_served(s) for s in held[15:25])
    for s in held:
        s.close()
    wait_until_served(server)


# -- stopping ----------------------------------------------------------------------------------


def test_stop_during_a_request(serve):
    server = serve(grace=PATIENCE)
    with server.connect() as busy, server.connect() as half, server.connect() as idle:
        assert is_served(idle)
        half.sendall(post(body=b"he"))
        busy.sendall(post(first=b"POST /later?1000 HTTP/1.1"))
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        half.sendall(b"llo")
        assert read_answer(half.makefile("rb"))[2] == b"hello"
        status, fields, body = read_answer(busy.makefile("rb"))
        assert (status, fields["connection"], body) == (200, "close", b"later")
    assert server.process.wait(PATIENCE) == 0


def test_stop_with_too_little_grace(serve):
    server = serve(grace=1)
    with server.connect() as s:
        s.sendall(post(first=b"POST /later?3000 HTTP/1.1"))
        time.sleep(0.3)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert s.recv(1) == b""
        assert 0.8 < time.monotonic() - start < 2.8
    assert server.process.wait(PATIENCE) == 0


# -- TLS ---------------------------------------------------------------------------------------


def openssl(*args, cwd):
    subprocess.run(["openssl"] + list(args), cwd=cwd, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_ca(name, cwd):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}",
            "-days", "30", cwd=cwd)
    openssl("x509", "-in", f"{name}.crt", "-outform", "DER", "-out", f"{name}.der", cwd=cwd)


def make_cert(name, ca, cwd, days="30"):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=cwd)
    (cwd / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key",
            "-CAcreateserial", "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.crt",
            cwd=cwd)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    d = tmp_path_factory.mktemp("pki")
    make_ca("ca", d)
    make_ca("stranger-ca", d)
    make_cert("server", "ca", d)
    make_cert("client", "ca", d)
    make_cert("stranger", "stranger-ca", d)
    make_cert("expired", "ca", d, days="-1")
    return d


@pytest.fixture
def serve_tls(serve, pki):
    def start(auth, **options):
        return serve(chain=pki / "server.crt", key=pki / "server.key", auth=auth,
                     anchor=pki / "ca.der", **options)

    return start


def client_context(pki, cert=None):
    ctx = ssl.create_default_context(cafile=pki / "ca.crt")
    if cert is not None:
        ctx.load_cert_chain(pki / f"{cert}.crt", pki / f"{cert}.key")
    return ctx


def ask_tls(server, ctx, octets):
    """With TLS 1.3 the refusal of a client certificate shows at the first read."""
    with ctx.wrap_socket(server.connect(), server_hostname="127.0.0.1") as s:
        s.sendall(octets)
        return read_answer(s.makefile("rb"))


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("auth,cert,works", [
    ("none", None, True),
    ("none", "client", True),
    ("optional", None, True),
    ("optional", "client", True),
    ("optional", "stranger", False),
    ("optional", "expired", False),
    ("required", None, False),
    ("required", "client", True),
    ("required", "stranger", False),
    ("required", "expired", False),
])
def test_tls_client_certificate(serve_tls, pki, version, auth, cert, works):
    server = serve_tls(auth)
    ctx = client_context(pki, cert)
    ctx.minimum_version = ctx.maximum_version = version
    request = post(first=b"POST /cert HTTP/1.1")
    if not works:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            ask_tls(server, ctx, request)
        return
    status, _, body = ask_tls(server, ctx, request)
    assert status == 200
    if auth != "none" and cert is not None:
        assert body == ssl.PEM_cert_to_DER_cert((pki / f"{cert}.crt").read_text())
    else:
        assert body == b""


def test_tls_keep_alive_and_big_bodies(serve_tls, pki):
    server = serve_tls("optional")
    body = bytes(range(256)) * 4096
    with client_context(pki).wrap_socket(server.connect(), server_hostname="127.0.0.1") as s:
        f = s.makefile("rb")
        for _ in range(3):
            s.sendall(post(b"Content-Length: %d" % len(body), body))
            assert read_answer(f)[2] == body
            s.sendall(post() + post())
            assert [read_answer(f)[2], read_answer(f)[2]] == [b"hello", b"hello"]


@pytest.mark.parametrize("path,least", [("echo", 150), ("big?6000000", 6000000)])
@pytest.mark.parametrize("pause", [0, 0.3], ids=["at once", "while the answer is written"])
def test_tls_half_closed_peer_gets_its_answer(serve_tls, pki, path, least, pause):
    """close_notify with the request, or while the answer waits for the peer to read."""
    server = serve_tls("none")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with server.connect() as s:
        tls = client_context(pki).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                s.sendall(outgoing.read())
                incoming.write(s.recv(65536))
        tls.write(post(first=b"POST /" + path.encode() + b" HTTP/1.1"))
        if pause > 0:
            s.sendall(outgoing.read())
            time.sleep(pause)
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        s.sendall(outgoing.read())
        time.sleep(pause)
        got = 0
        while data := s.recv(65536):
            got += len(data)
        # Python reads no TLS after its own close_notify: the size has to do.
        assert got > least


# [10003-6-c]
@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_old_tls_is_refused(serve_tls, option):
    server = serve_tls("none")
    # Level 0, as the client would otherwise refuse by itself.
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", option,
                           "-cipher", "ALL:@SECLEVEL=0"], input=b"", capture_output=True,
                          check=False)
    assert done.returncode != 0
    assert b"alert protocol version" in done.stderr


@pytest.mark.parametrize("cipher,works", [
    ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", True),
    ("ECDHE-ECDSA-AES128-SHA256", False),
    ("ECDHE-ECDSA-AES256-SHA", False),
])
def test_tls_1_2_is_aead_only(serve_tls, pki, cipher, works):
    server = serve_tls("none")
    ctx = client_context(pki)
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    ctx.set_ciphers(cipher)
    if works:
        assert ask_tls(server, ctx, post())[0] == 200
    else:
        with pytest.raises(ssl.SSLError, match="(?i)handshake.failure"):
            ask_tls(server, ctx, post())


@pytest.mark.parametrize("version", VERSIONS)
def test_resumption_never_skips_the_client_certificate(serve_tls, pki, version):
    server = serve_tls("optional")
    ctx = client_context(pki, "client")
    ctx.minimum_version = ctx.maximum_version = version
    want = ssl.PEM_cert_to_DER_cert((pki / "client.crt").read_text())
    session = None
    for _ in range(3):
        with ctx.wrap_socket(server.connect(), server_hostname="127.0.0.1",
                             session=session) as s:
            s.sendall(post(first=b"POST /cert HTTP/1.1"))
            assert read_answer(s.makefile("rb"))[2] == want
            assert not s.session_reused
            session = s.session


def test_no_renegotiation(serve_tls):
    server = serve_tls("none")
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
                           "-tls1_2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as p:
        out, _ = p.communicate(b"R\n", timeout=PATIENCE)
    assert b"RENEGOTIATING" in out
    assert b"no renegotiation" in out


# [10003-6-d]
def test_no_early_data(serve_tls, tmp_path):
    server = serve_tls("none")
    session = tmp_path / "session"
    connect = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3"]
    request = post(b"Connection: close\r\nContent-Length: 5")
    subprocess.run(connect + ["-sess_out", session, "-ign_eof"], input=request,
                   capture_output=True, check=False)
    (tmp_path / "early").write_bytes(request)
    done = subprocess.run(connect + ["-sess_in", session, "-early_data", tmp_path / "early",
                                     "-ign_eof"], input=request, capture_output=True, check=False)
    assert b"Early data was accepted" not in done.stdout
    assert b"Early data was not sent" in done.stdout or b"Early data was rejected" in done.stdout


def test_handshake_deadline(serve_tls):
    server = serve_tls("none", handshake=1)
    with server.connect() as s:
        s.sendall(b"\x16\x03\x01")
        assert 0.8 < closed_after(s, time.monotonic()) < 4


def test_plain_http_to_a_tls_port(serve_tls, pki):
    server = serve_tls("none")
    with server.connect() as s:
        s.sendall(post())
        try:
            assert not s.recv(65536).startswith(b"HTTP")
        except ConnectionResetError:
            pass
    assert ask_tls(server, client_context(pki), post())[0] == 200


def test_tls_peer_gone_while_under_way(serve_tls, pki):
    server = serve_tls("none")
    ctx = client_context(pki)
    for _ in range(10):
        s = ctx.wrap_socket(server.connect(), server_hostname="127.0.0.1")
        s.sendall(post(first=b"POST /later?50 HTTP/1.1"))
        s.close()
    time.sleep(0.2)
    assert ask_tls(server, ctx, post())[0] == 200


def test_no_nagle_stall(serve_tls, pki):
    """Without TCP_NODELAY the second answer waits 40 ms for the acknowledgement of the first."""
    server = serve_tls("none")
    with client_context(pki).wrap_socket(server.connect(), server_hostname="127.0.0.1") as s:
        f = s.makefile("rb")
        took = []
        for _ in range(40):
            start = time.monotonic()
            s.sendall(post() + post())
            read_answer(f)
            read_answer(f)
            took.append(time.monotonic() - start)
    assert sorted(took)[len(took) // 2] < 0.03
