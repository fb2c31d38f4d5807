# SPDX-License-Identifier: Apache-2.0
"""AuthenticatedData and AES key wrap from the RFCs' text, for tests and seeds."""
import hashlib
import hmac
import os

import craft
from der import ctx, integer, null, octets, oid, retag, seq, set_of, tlv

AUTHENTICATED = "1.2.840.113549.1.9.16.1.2"
AES256_WRAP, PBKDF2 = "2.16.840.1.101.3.4.1.45", "1.2.840.113549.1.5.12"
HMAC_SHA256, SHA256 = "1.2.840.113549.2.9", "2.16.840.1.101.3.4.2.1"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"


def ecb(key, block, way):
    return craft.openssl("enc", way, "-aes-256-ecb", "-nopad", "-K", key.hex(), data=block)


def wrap(kek, key):
    """RFC 3394 section 2.2.1."""
    a, r = b"\xa6" * 8, [key[i:i + 8] for i in range(0, len(key), 8)]
    for j in range(6):
        for i, x in enumerate(r):
            b = ecb(kek, a + x, "-e")
            a = bytes(p ^ q for p, q in zip(b[:8], (len(r) * j + i + 1).to_bytes(8, "big")))
            r[i] = b[8:]
    return a + b"".join(r)


def unwrap(kek, wrapped):
    a, r = wrapped[:8], [wrapped[i:i + 8] for i in range(8, len(wrapped), 8)]
    for j in reversed(range(6)):
        for i in reversed(range(len(r))):
            t = (len(r) * j + i + 1).to_bytes(8, "big")
            b = ecb(kek, bytes(p ^ q for p, q in zip(a, t)) + r[i], "-d")
            a, r[i] = b[:8], b[8:]
    assert a == b"\xa6" * 8
    return b"".join(r)


def authenticated(name, secret, content, rounds=2048, econtent=craft.PKIDATA, certs=()):
    """RFC 5652 section 9 with RFC 10002 section 3.2: the identifier, then the secret."""
    salt, key = os.urandom(16), os.urandom(32)
    kek = hashlib.pbkdf2_hmac("sha256", (name + secret).encode(), salt, rounds, 32)
    pwri = tlv(0xa3, integer(0), ctx(0, oid(PBKDF2), seq(
        octets(salt), integer(rounds), integer(32), seq(oid(HMAC_SHA256), null()))),
        seq(oid(AES256_WRAP)), octets(wrap(kek, key)))
    attributes = set_of(seq(oid(CONTENT_TYPE), set_of(oid(econtent))),
                        seq(oid(MESSAGE_DIGEST), set_of(octets(hashlib.sha256(content).digest()))))
    mac = hmac.new(key, attributes, "sha256").digest()
    return seq(oid(AUTHENTICATED), ctx(0, seq(
        integer(0), set_of(pwri), seq(oid(HMAC_SHA256)), retag(0xa1, seq(oid(SHA256))),
        seq(oid(econtent), ctx(0, octets(content))), retag(0xa2, attributes), octets(mac))))
