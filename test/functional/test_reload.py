# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the configuration is loaded anew while cmcd serves. Nobody who asks meanwhile is turned
away, what is wrong changes nothing, and nothing is left behind."""
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import threading
import time

import pytest

import craft
from authority import CMC, CMC_REQUEST, Server, World, run

RELOADS = 20
WAIT_SECONDS = 20


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reload")
    server = Server(folder)
    server.start()
    yield World(folder, server)
    server.close()


@pytest.fixture
def world(shared):
    """The shared one, whose configuration is put back."""
    good = shared.server.conf.read_text()
    yield shared
    changed = shared.server.conf.read_text() != good
    shared.server.conf.write_text(good)
    if changed:
        assert reload(shared.server) == "success"


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path)
    server.start()
    yield World(tmp_path, server)
    server.close()


def log_of(server):
    server.log.flush()
    return (server.folder / "log").read_text(errors="replace")


def outcomes(server):
    return re.findall(r" reload outcome=(\"[^\n]*\"|\S+)", log_of(server))


def reload(server):
    """SIGHUP, and what the log says came of it."""
    before = len(outcomes(server))
    server.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + WAIT_SECONDS
    while len(outcomes(server)) == before:
        assert server.process.poll() is None and time.monotonic() < end, server.log_text()
        time.sleep(0.01)
    return outcomes(server)[-1]


def change(server, old, new):
    text = server.conf.read_text()
    assert old in text
    server.conf.write_text(text.replace(old, new))


def records(server, event):
    lines = server.cmcd("audit", "export").stdout.decode().splitlines()
    return [r for r in map(json.loads, lines) if event in json.dumps(r)]


def threads(server):
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    return int(re.search(r"Threads:\s+(\d+)", status).group(1))


def settled(server, expected):
    """The number of threads, as soon as it is this one; else what it is in the end."""
    end = time.monotonic() + WAIT_SECONDS
    while threads(server) != expected and time.monotonic() < end:
        time.sleep(0.02)
    return threads(server)


def at_rest(server):
    """The number of threads when nothing retires."""
    return settled(server, 2 + 2)  # the main one, the writer, and two workers


# -- what is new holds, what is wrong does not

def test_what_is_new_holds(world):
    server = world.server
    change(server, "path: /ca.crl", "path: /new.crl")
    change(server, "  - {path: /p256,", "  - {path: /more, accept: [cmc], answer: [cmc], profile: "
           "client, officer: required}\n  - {path: /p256,")
    assert server.request("GET", "/new.crl")[0] == 404
    assert reload(server) == "success"
    assert server.request("GET", "/new.crl")[0] == 200
    assert server.request("GET", "/ca.crl")[0] == 404
    world.issue("at the new endpoint", "/more")


def test_a_log_level(own):
    change(own.server, "level: info", "level: warning")
    server = own.server
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    quiet = len(log_of(server))
    assert server.request("GET", "/ca.crt")[0] == 200
    assert len(log_of(server)) == quiet


@pytest.mark.parametrize("old, new, words", [
    ("profile: client, officer: required}", "profile: clinet, officer: required}",
     "profile 'clinet' is not in 'profiles'"),
    ("certificate: ca.crt", "certificate: gone.crt", "gone.crt"),
    ("key: ca.key", "key: officer.key", "the CA key does not belong to its certificate"),
    ("chancery.db", "other.db", "'database' is"),
    ("address: 127.0.0.1, port: 0", "address: 192.0.2.1, port: 0", "192.0.2.1"),
    ("certificate: tls.crt", "certificate: nothing.crt", "nothing.crt"),
])
def test_what_is_wrong_changes_nothing(world, old, new, words):
    server = world.server
    before = at_rest(server)
    change(server, old, new)
    said = reload(server)
    assert words in said and "\n" not in said
    world.issue("all the same")
    assert settled(server, before) == before


def test_the_number_of_workers_and_of_listeners(own):
    server = own.server
    before = threads(server)
    plain = server.port
    for workers, more in ((5, 3), (1, -1), (3, 1)):
        server.conf.write_text(re.sub(r"workers: \d+", "workers: %d" % workers,
                                      server.conf.read_text()))
        assert reload(server) == "success"
        assert settled(server, before + more) == before + more
        # Every socket that waits has a worker, or some of these would wait for ever.
        for _ in range(20):
            assert server.request("GET", "/ca.crt")[0] == 200
    change(server, "  - {address: 127.0.0.1, port: 0}\n", "")
    assert reload(server) == "success"
    settled(server, before + 1)
    # Port 0 is any port: the listener that is left has that of the first.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.tls_port), 5)
    server.tls_port = plain
    assert server.request("POST", "/open", b"", tls=own.officer)[0] == 415


# -- nobody is turned away

class Load(threading.Thread):
    """One who asks as fast as it can, over one connection or a new one each time."""

    def __init__(self, server, messages, keep, tls=False):
        super().__init__()
        self.server, self.messages, self.keep, self.tls = server, messages, keep, tls
        self.ended, self.done, self.wrong, self.closed = threading.Event(), 0, [], 0

    def connect(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection("127.0.0.1", self.server.tls_port, timeout=30,
                                           context=context)

    def run(self):
        link = self.connect()
        try:
            while not self.ended.is_set():
                body = self.messages[self.done % len(self.messages)]
                link.request("POST", "/cmc", body, {"Content-Type": CMC_REQUEST})
                answer = link.getresponse()
                octets = answer.read()
                if answer.status != 200 or craft.Answer(octets).statuses[0][0] != "success":
                    self.wrong.append((answer.status, octets[:200]))
                self.done += 1
                if answer.getheader("Connection") == "close":
                    self.closed += 1
                if not self.keep:
                    link.close()
                    link = self.connect()
        except (OSError, http.client.HTTPException) as e:
            self.wrong.append(repr(e))
        finally:
            link.close()


def messages_of(world, who, n):
    request = craft.tcr(10, craft.csr(world.key, "under load"))
    return [craft.message(craft.pkidata(
        [craft.transaction_id(1, who * 1000 + i), craft.sender_nonce(2, b"%08d" % (who * 1000 + i))],
        [request]), world.officer.cert, world.officer.key) for i in range(n)]


def test_no_request_fails(world):
    server = world.server
    loads = [Load(server, messages_of(world, i, 24), keep=i % 2 == 0, tls=i > 3)
             for i in range(6)]
    for load in loads:
        load.start()
    for i in range(5):
        at = [load.done for load in loads]
        end = time.monotonic() + WAIT_SECONDS
        while any(load.done < n + 5 and load.is_alive() for load, n in zip(loads, at)):
            assert time.monotonic() < end
            time.sleep(0.01)
        change(server, "days: 90", "days: 9%d" % (i + 1)) if i == 0 else None
        assert reload(server) == "success"
    time.sleep(0.3)
    for load in loads:
        load.ended.set()
    for load in loads:
        load.join(WAIT_SECONDS)
    assert not [w for load in loads for w in load.wrong]
    # Who kept a connection was told each time, politely.
    assert all(load.closed == 5 for load in loads if load.keep), [load.closed for load in loads]
    server.audit_verify()


def test_who_is_connected_may_still_ask(world):
    """A connection that was idle at the reload is good for one more request."""
    server = world.server
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    link.request("GET", "/ca.crt")
    link.getresponse().read()
    mute = socket.create_connection(("127.0.0.1", server.port), 10)
    assert reload(server) == "success"
    link.request("GET", "/ca.crt")
    answer = link.getresponse()
    assert answer.status == 200 and answer.getheader("Connection") == "close"
    assert mute.recv(1) == b""
    mute.close()


def test_what_has_begun_is_answered(world):
    """The body of a request is under way while the configuration is loaded."""
    server = world.server
    body = messages_of(world, 7, 1)[0]
    link = socket.create_connection(("127.0.0.1", server.port), 10)
    link.sendall(b"POST /cmc HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                 % (CMC_REQUEST.encode(), len(body)) + body[:100])
    time.sleep(0.2)
    assert reload(server) == "success"
    time.sleep(0.3)
    link.sendall(body[100:])
    link.settimeout(10)
    text = b""
    while True:
        piece = link.recv(65536)
        if not piece:
            break
        text += piece
    head, _, octets = text.partition(b"\r\n\r\n")
    assert b" 200 " in head and b"Connection: close" in head
    assert craft.Answer(octets).statuses[0][0] == "success"


def test_two_at_once_and_the_end(own):
    """Reloads that come while one is under way, and SIGTERM behind them."""
    server = own.server
    mute = socket.create_connection(("127.0.0.1", server.port), 10)
    for _ in range(3):
        server.process.send_signal(signal.SIGHUP)
    time.sleep(0.1)
    assert server.stop() < 15
    assert " stopped" in log_of(server)
    mute.close()


class Between(http.server.BaseHTTPRequestHandler):
    """Passes a request on, and has the configuration loaded behind the first answer."""

    def do_POST(self):
        world = self.server.world
        status, headers, body = world.server.request(
            "POST", self.path, self.rfile.read(int(self.headers["Content-Length"])),
            self.headers["Content-Type"])
        self.server.answers.append(craft.Answer(body).statuses[0][:2])
        if len(self.server.answers) == 1:
            assert reload(world.server) == "success"
        self.send_response(status)
        self.send_header("Content-Type", headers["content-type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_a_challenge_outlives_it(world):
    """Who was challenged under the old configuration answers under the new one."""
    with http.server.HTTPServer(("127.0.0.1", 0), Between) as between:
        between.world, between.answers = world, []
        thread = threading.Thread(target=between.serve_forever)
        thread.start()
        out, key = world.fresh("crt"), world.fresh("key")
        try:
            run(CMC, "enroll", "--new-key", "x25519", "--key-out", key, "-s", "CN=challenged",
                "-u", "http://127.0.0.1:%d/cmc" % between.server_port, "-T", world.server.ca_pem,
                "--officer-cert", world.officer.pem, "--officer-key", world.officer.key, "-o", out)
        finally:
            between.shutdown()
            thread.join()
        assert between.answers == [("failed", "popRequired"), ("success", None)]
    run("openssl", "verify", "-CAfile", world.server.ca_pem, out)


# -- nothing is left behind

def test_nothing_grows(world):
    server = world.server
    assert reload(server) == "success"

    def descriptors():
        try:
            return len(os.listdir("/proc/%d/fd" % server.process.pid))
        except PermissionError:  # not ours to see, as the process hides its memory
            return 0

    def resident():
        status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    before = at_rest(server)
    time.sleep(0.5)  # what the threads had goes a moment after them
    open_before = descriptors()
    for _ in range(RELOADS // 2):
        assert reload(server) == "success"
    halfway = resident()
    for _ in range(RELOADS - RELOADS // 2):
        assert reload(server) == "success"
    assert settled(server, before) == before
    time.sleep(0.5)
    assert descriptors() == open_before
    assert resident() < halfway + 8192, (halfway, resident())
    world.issue("after so many")


# -- the audit log

def test_it_is_told(own):
    server = own.server
    first = records(server, '"configuration"')
    assert len(first) == 1
    digest = hashlib.sha256(server.conf.read_bytes()).hexdigest()
    assert digest in json.dumps(first[0]) and str(server.conf) in json.dumps(first[0])
    cas = records(server, '"ca-certificate"')
    assert len(cas) == 1 and hashlib.sha256(server.ca.der).hexdigest() in json.dumps(cas[0])
    change(server, "days: 90", "days: 91")
    assert reload(server) == "success"
    told = records(server, '"configuration"')
    assert len(told) == 2
    assert hashlib.sha256(server.conf.read_bytes()).hexdigest() in json.dumps(told[1])
    assert len(records(server, '"ca-certificate"')) == 1
    change(server, "days: 91", "days: none")
    assert "'days' is 'none'" in reload(server)
    change(server, "days: none", "days: 91")
    assert len(records(server, '"configuration"')) == 2
    server.audit_verify()


# -- a renewed CA certificate

def test_a_renewed_ca_certificate(own):
    """The same name and key, another serial number and validity: replace the file and reload."""
    server = own.server
    old_pem = own.folder / "old-ca.crt"
    old_pem.write_bytes(server.ca_pem.read_bytes())
    before = own.issue("before the renewal")
    renewed = own.folder / "renewed.crt"
    craft.openssl("x509", "-in", old_pem, "-signkey", server.ca_key, "-days", "9999",
                  "-set_serial", "4711", "-out", renewed)
    server.ca_pem.write_bytes(renewed.read_bytes())
    assert reload(server) == "success"
    new_ca = craft.Cert(craft.pem_to_der(server.ca_pem))
    assert new_ca.der != server.ca.der and server.request("GET", "/ca.crt")[2] == new_ca.der
    told = records(server, '"ca-certificate"')[-1]
    assert hashlib.sha256(new_ca.der).hexdigest() in json.dumps(told)
    assert hashlib.sha256(server.ca.der).hexdigest() in json.dumps(told)
    after = own.issue("after the renewal")
    aki = [craft.openssl("x509", "-in", p.pem, "-noout", "-ext", "authorityKeyIdentifier")
           for p in (before, after)]
    assert aki[0] == aki[1]
    for ca in (old_pem, server.ca_pem):
        for person in (before, after):
            run("openssl", "verify", "-CAfile", ca, person.pem)
    assert own.revoke(before).statuses[0][0] == "success"
    good, words = server.openssl_verify(before.pem, own.folder)
    assert not good and "revoked" in words
    assert server.openssl_verify(after.pem, own.folder)[0]
    # Renewed by its holder, whose certificate is from before.
    holder = own.issue("holder")
    out, key = own.fresh("crt"), own.fresh("key")
    run(CMC, "enroll", "--renew", holder.pem, "--renew-key", holder.key, "--new-key", "ec:P-256",
        "--key-out", key, "-u", server.url + "/cmc", "-T", server.ca_pem, "-o", out)
    server.audit_verify()
