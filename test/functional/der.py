# SPDX-License-Identifier: Apache-2.0
"""DER by hand: writing, so that tests can write it wrong too, and reading, so that what the
programs made is not judged by their own decoder."""


def length(n):
    if n < 128:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([128 | len(octets)]) + octets


def tlv(tag, *content):
    content = b"".join(content)
    return bytes([tag]) + length(len(content)) + content


def seq(*content):
    return tlv(0x30, *content)


def set_of(*content):
    return tlv(0x31, *sorted(content))


def octets(content):
    return tlv(0x04, content)


def bits(content):
    return tlv(0x03, b"\0", content)


def utf8(text):
    return tlv(0x0c, text.encode())


def null():
    return b"\x05\x00"


def boolean(value):
    return tlv(0x01, b"\xff" if value else b"\x00")


def enumerated(value):
    return tlv(0x0a, bytes([value]))


def integer(value):
    size = max(1, (value.bit_length() + 8) // 8)
    return tlv(0x02, value.to_bytes(size, "big", signed=True))


def gentime(text):
    return tlv(0x18, text.encode())


def oid(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    content = b""
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        part = [arc & 127]
        while arc > 127:
            arc >>= 7
            part.insert(0, 128 | arc & 127)
        content += bytes(part)
    return tlv(0x06, content)


def ctx(number, *content, constructed=True):
    """A context tag around content: EXPLICIT, or IMPLICIT when content has no header."""
    return tlv((0xa0 if constructed else 0x80) + number, *content)


def retag(tag, whole):
    """The same value under another one-octet tag."""
    return bytes([tag]) + whole[1:]


class Node:
    """One value: its tag octet, content, whole encoding, and parts if it is constructed."""

    def __init__(self, data, at=0, end=None):
        end = len(data) if end is None else end
        if end - at < 2:
            raise ValueError("truncated header at octet %d" % at)
        self.tag = data[at]
        if self.tag & 31 == 31:
            raise ValueError("high tag number at octet %d" % at)
        n, head = data[at + 1], 2
        if n == 128:
            raise ValueError("indefinite length at octet %d" % at)
        if n > 128:
            head += n - 128
            n = int.from_bytes(data[at + 2:at + head], "big")
        if at + head + n > end:
            raise ValueError("truncated value at octet %d" % at)
        self.content = data[at + head:at + head + n]
        self.whole = data[at:at + head + n]
        self.parts = []
        if self.tag & 0x20:
            inner = at + head
            while inner < at + head + n:
                part = Node(data, inner, at + head + n)
                self.parts.append(part)
                inner += len(part.whole)

    def __getitem__(self, i):
        return self.parts[i]

    def __len__(self):
        return len(self.parts)

    def int(self):
        return int.from_bytes(self.content, "big", signed=True)

    def oid(self):
        arcs, value = [], 0
        for octet in self.content:
            value = value << 7 | octet & 127
            if octet < 128:
                arcs.append(value)
                value = 0
        top = min(arcs[0] // 40, 2)
        return ".".join(str(a) for a in [top, arcs[0] - 40 * top] + arcs[1:])


def parse(data):
    node = Node(data)
    if len(node.whole) != len(data):
        raise ValueError("%d octets after the value" % (len(data) - len(node.whole)))
    return node
