"""Verifies a .tlog-proof on standard input: arguments are the log's vkey and the package hash in hex.

Written from c2sp.org/tlog-proof, c2sp.org/signed-note and RFC 9162 section 2.1.3.2. Exit code 0: it holds, 1: it does not.
"""
import base64
import hashlib
import json
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.exit(77)


def sha256(data):
    return hashlib.sha256(data).digest()


def verify(vkey, package, proof):
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert key[0] == 1 and sha256(name.encode() + b"\n" + key)[:4].hex() == key_id
    head, note = proof.split("\n\n", 1)
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ") and lines[2].startswith("index ")
    entry = base64.b64decode(lines[1][6:], validate=True)
    index = int(lines[2][6:])
    path = [base64.b64decode(line, validate=True) for line in lines[3:]]
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    good = 0
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        signature = base64.b64decode(signature, validate=True)
        if dash == "\u2014" and signer == name and signature[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text.encode())
            good += 1
    assert good == 1
    origin, size, root, rest = text.split("\n")
    assert origin == name and rest == ""
    size, root = int(size), base64.b64decode(root, validate=True)
    assert index < size
    fn, sn, r = index, size - 1, sha256(b"\0" + entry)
    for p in path:
        assert sn != 0
        if fn % 2 == 1 or fn == sn:
            r = sha256(b"\1" + p + r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0 and r == root
    leaf = json.loads(entry)
    assert leaf["v"] == 1 and leaf["act"] == "outgoing" and leaf["package"] == package


try:
    verify(sys.argv[1], sys.argv[2], sys.stdin.buffer.read().decode())
except (AssertionError, InvalidSignature, ValueError):
    sys.exit(1)
