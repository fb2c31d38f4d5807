# SPDX-License-Identifier: Apache-2.0
"""CRL, CA certificate and chain by HTTP as caches and clients ask for them, with curl."""
import email.utils
import time

import pytest

import craft
from authority import run

PATHS = {"/ca.crl": "application/pkix-crl", "/ca.crt": "application/pkix-cert",
         "/ca.p7c": "application/pkcs7-mime; smime-type=certs-only; name=smime.p7c"}


def curl(world, path, *args):
    """(status, headers, body)"""
    out = world.folder / "body"
    out.write_bytes(b"")
    done = run("curl", "-sS", "-D", "-", "-o", out, *args, world.server.url + path)
    lines = done.stdout.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if line)}
    return int(lines[0].split()[1]), headers, out.read_bytes()


@pytest.mark.parametrize("path", PATHS)
def test_kept_and_asked_for_again(world, path):
    status, headers, body = curl(world, path)
    assert status == 200 and headers["content-type"] == PATHS[path] and body
    assert headers["etag"][0] == headers["etag"][-1] == '"'
    modified = email.utils.parsedate_to_datetime(headers["last-modified"]).timestamp()
    expires = email.utils.parsedate_to_datetime(headers["expires"]).timestamp()
    assert modified <= time.time() + 1
    kept = 60 if path == "/ca.crl" else 3600
    assert headers["cache-control"] == "public, max-age=%d, must-revalidate" % kept
    assert abs(expires - time.time() - kept) < 10
    # Only the head.
    status, head, nothing = curl(world, path, "-I")
    assert status == 200 and head["content-length"] == str(len(body))
    assert head["etag"] == headers["etag"]
    # By its tag, and by its time, with GET and HEAD.
    for asked in (["-H", "If-None-Match: " + headers["etag"]],
                  ["-H", 'If-None-Match: "other", W/' + headers["etag"]],
                  ["-H", "If-None-Match: *"],
                  ["-H", "If-Modified-Since: " + headers["last-modified"]],
                  ["-I", "-H", "If-None-Match: " + headers["etag"]]):
        status, again, nothing = curl(world, path, *asked)
        assert status == 304 and again["etag"] == headers["etag"] and "content-type" not in again
        if "-I" not in asked:
            assert nothing == b""
        assert again["cache-control"] == headers["cache-control"]
    for asked in (["-H", 'If-None-Match: "other"'],
                  ["-H", "If-Modified-Since: " + email.utils.formatdate(modified - 1, usegmt=True)],
                  ["-H", 'If-None-Match: "other"', "-H",
                   "If-Modified-Since: " + headers["last-modified"]],
                  ["-H", "If-Modified-Since: soon"]):
        status, _, same = curl(world, path, *asked)
        assert status == 200 and same == body


def test_a_new_crl_has_a_new_tag(world):
    _, before, old = curl(world, "/ca.crl")
    person = world.issue("revoked between")
    assert world.revoke(person).statuses[0][0] == "success"
    status, after, new = curl(world, "/ca.crl", "-H", "If-None-Match: " + before["etag"])
    assert status == 200 and after["etag"] != before["etag"] and new != old
    text = craft.openssl("crl", "-inform", "DER", "-noout", "-lastupdate", data=new).decode()
    assert email.utils.parsedate_to_datetime(after["last-modified"]).strftime(
        "%b %e %H:%M:%S %Y") in text
    # The connection is good after a 304.
    done = run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n",
               "-H", "If-None-Match: " + after["etag"], world.server.url + "/ca.crl",
               world.server.url + "/ca.crl", "-o", "/dev/null")
    assert done.stdout.decode().split() == ["304", "1", "304", "0"]
