#!/usr/bin/env python3
"""Opens a package, written from docs/formats/package.md and docs/formats/keyfile.md alone.

    open_package.py --keys KEYFILE [--unlock UNLOCKFILE] --sender VERIFIERKEY PACKAGE [--out FILE]

Prints the manifest, and writes the file inside to FILE, which must not exist yet. Without --unlock the passphrase is asked for
on the terminal, or read as one line from standard input. Exit code 0: right; 1: refused, with the reason on standard error.

Needs the package `cryptography`. It shares no code with the program: it is there to show that the pages are enough.
"""

import argparse
import base64
import getpass
import hashlib
import hmac
import os
import re
import stat
import sys
import unicodedata

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAX_HEADER, MAX_MANIFEST, MAX_KEY_FILE = 16384, 65536, 65536
SEGMENT = 65536
OVERHEAD = 32


class Refused(Exception):
    """The package or the key file is not what it should be; the text says why."""


def sha256(data):
    return hashlib.sha256(data).digest()


def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as fault:
        raise Refused("malformed base64") from fault
    if base64.b64encode(data).decode() != text:
        raise Refused("base64 is not canonical")
    return data


# HKDF-SHA-256, RFC 5869


def extract(salt, secret):
    return hmac.digest(salt or bytes(32), secret, "sha256")


def expand(key, info, length):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        out += block
        counter += 1
    return out[:length]


def hkdf(salt, secret, info):
    return expand(extract(salt, secret), info, 32)


# HPKE base mode, RFC 9180


class P256:
    kem_id, public_len = 0x0010, 65

    def __init__(self, secret):
        self.key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
        self.public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def exchange(self, enc):
        return self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc))


class X25519:
    kem_id, public_len = 0x0020, 32

    def __init__(self, secret):
        self.key = x25519.X25519PrivateKey.from_private_bytes(secret)
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def exchange(self, enc):
        return self.key.exchange(x25519.X25519PublicKey.from_public_bytes(enc))


KEMS = {"p256": P256, "x25519": X25519}


def labeled_extract(suite, salt, label, secret):
    return extract(salt, b"HPKE-v1" + suite + label + secret)


def labeled_expand(suite, key, label, info, length):
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def open_base(key, enc, info, ciphertext):
    suite = b"KEM" + key.kem_id.to_bytes(2, "big")
    try:
        dh = key.exchange(enc)
    except ValueError as fault:
        raise Refused("stanza does not open") from fault
    root = labeled_extract(suite, b"", b"eae_prk", dh)
    shared = labeled_expand(suite, root, b"shared_secret", enc + key.public, 32)
    suite = b"HPKE" + key.kem_id.to_bytes(2, "big") + (1).to_bytes(2, "big") + (2).to_bytes(2, "big")
    psk_id_hash = labeled_extract(suite, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(suite, b"", b"info_hash", info)
    context = b"\0" + psk_id_hash + info_hash
    secret = labeled_extract(suite, shared, b"secret", b"")
    aead_key = labeled_expand(suite, secret, b"key", context, 32)
    nonce = labeled_expand(suite, secret, b"base_nonce", context, 12)
    try:
        return AESGCM(aead_key).decrypt(nonce, ciphertext, b"")
    except InvalidTag as fault:
        raise Refused("stanza does not open") from fault


# FLOE


class Floe:
    HEADER = 74

    def __init__(self, key, aad, header):
        want = b"\0\0" + SEGMENT.to_bytes(4, "big") + (32).to_bytes(4, "big")
        if len(header) != self.HEADER or header[:10] != want:
            raise Refused("payload header has other parameters")
        self.prefix, self.aad = header[:42], aad
        if not hmac.compare_digest(self.kdf(key, b"HEADER_TAG:", 32), header[42:]):
            raise Refused("payload header is damaged, or the key is wrong")
        self.message_key = self.kdf(key, b"MESSAGE_KEY:", 48)

    def kdf(self, key, purpose, length):
        return hmac.digest(key, self.prefix + purpose + self.aad + b"\1", "sha384")[:length]

    def open_segment(self, index, segment, is_last):
        word = len(segment) if is_last else 0xFFFFFFFF
        least, most = (OVERHEAD, SEGMENT) if is_last else (SEGMENT, SEGMENT)
        if not least <= len(segment) <= most or segment[:4] != word.to_bytes(4, "big"):
            raise Refused(f"segment {index} is malformed")
        group = (index >> 20 << 20).to_bytes(8, "big")
        key = self.kdf(self.message_key, b"DEK:" + group, 32)
        aad = index.to_bytes(8, "big") + (b"\1" if is_last else b"\0")
        try:
            return AESGCM(key).decrypt(segment[4:16], segment[16:], aad)
        except InvalidTag as fault:
            raise Refused(f"segment {index} is damaged") from fault

    def open_all(self, body):
        pieces = cut(body)
        return b"".join(
            self.open_segment(index, piece, index == len(pieces) - 1) for index, piece in enumerate(pieces)
        )


def cut(body):
    return [body[at : at + SEGMENT] for at in range(0, len(body), SEGMENT)] or [b""]


# Merkle tree hash, RFC 6962


def tree_hash(leaves):
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:]))


# Signed notes


def verify_note(note, verifier_key):
    name, key_id, material = verifier_key.split("+", 2)
    material = unbase64(material)
    want = sha256(name.encode() + b"\n" + material)[:4]
    if len(material) != 33 or material[0] != 1 or want.hex() != key_id:
        raise Refused("malformed verifier key")
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise Refused("manifest is no signed note")
    text += "\n"
    found = False
    for line in signatures[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", line)
        if not match:
            raise Refused("malformed signature line")
        signature = unbase64(match[2])
        if match[1] != name or signature[:4] != want:
            continue
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(material[1:]).verify(signature[4:], text.encode())
        except InvalidSignature as fault:
            raise Refused("wrong signature") from fault
        found = True
    if not found:
        raise Refused("not signed by the sender's key")
    return text


# Key files


def read_private(path, limit):
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Refused("key file may be read by others")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused("key file is too long")
    return data.decode()


def read_unlock_key(path):
    match = re.fullmatch("sekisho-unlock-key 1\n([^\n]+)\n", read_private(path, 66))
    key = unbase64(match[1]) if match else b""
    if len(key) != 32:
        raise Refused("not an unlock key file")
    return key


def ask_passphrase():
    text = getpass.getpass("passphrase: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return unicodedata.normalize("NFKC", text).encode()


def body_key(unlock_line, unlock_path):
    salt = b"sekisho/v1/keyfile"
    words = unlock_line.split(" ")
    if words[0] == "key" and unlock_path:
        key = read_unlock_key(unlock_path)
        if hkdf(salt, key, b"id")[:8].hex() != words[1]:
            raise Refused("key file belongs to another unlock key")
        return hkdf(salt, key, b"body:key")
    if words[0] == "argon2id" and not unlock_path:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        memory, passes, lanes = (int(word) for word in words[1:4])
        if not (1 <= lanes <= 4 and 1 <= passes <= 16 and 8 * lanes <= memory <= 65536):
            raise Refused("parameters of Argon2id are outside their bounds")
        argon = Argon2id(salt=unbase64(words[4]), length=32, iterations=passes, lanes=lanes, memory_cost=memory)
        return hkdf(salt, argon.derive(ask_passphrase()), b"body:passphrase")
    raise Refused("the key file is opened in another way")


def read_sealing_keys(path, unlock_path):
    text = read_private(path, MAX_KEY_FILE)
    match = re.fullmatch("(sekisho-keyfile 1\nrole (?:site|party)\nowner [0-9A-Za-z]{1,8}\nunlock ([^\n]+)\n)body ([^\n]+)\n", text)
    if not match:
        raise Refused("not a key file")
    head, unlock_line, body = match[1].encode(), match[2], unbase64(match[3])
    floe = Floe(body_key(unlock_line, unlock_path), head, body[: Floe.HEADER])
    keys = {}
    for line in floe.open_all(body[Floe.HEADER :]).decode().splitlines():
        words = line.split(" ")
        if words[0] == "sealing":
            key = KEMS[words[1]](unbase64(words[2]))
            text = f"sekisho-{words[1]}:{base64.b64encode(key.public).decode()}"
            keys[sha256(text.encode())[:8].hex()] = key
    return keys


# Packages

HEADER = re.compile(
    rb"(sekisho-package 1\nsender ([0-9A-Za-z]{1,8})\n((?:recipient [0-9A-Za-z]{1,8} (?:p256|x25519) [0-9a-f]{16}\n){1,64}))"
    rb"((?:stanza [^ \n]+ [^ \n]+\n){1,64})end\n"
)
MANIFEST = re.compile(
    r"sekisho-manifest 1\nkind ([A-Z0-9]{1,16})\nsender ([0-9A-Za-z]{1,8})\n"
    r"((?:recipient [0-9A-Za-z]{1,8} [0-9a-f]{16}\n)+)file ([^\n]+)\nsize (0|[1-9][0-9]*)\npurpose ([^\n]+)\n"
    r"application ([^\n]+)\n((?:count [a-z0-9-]{1,32} (?:0|[1-9][0-9]*)\n){0,32})generation (-|0|[1-9][0-9]*)\n"
    r"expires (-|[0-9]{4}-[0-9]{2}-[0-9]{2})\nheader ([0-9a-f]{64})\npayload ([0-9a-f]{64})\n"
)


def open_package(data, keys, verifier_key):
    """The manifest's text, the file inside, the package hash."""
    match = HEADER.match(data[:MAX_HEADER])
    if not match:
        raise Refused("not a package of version 1")
    header, preamble, sender = match[0], match[1], match[2].decode()
    recipients = [line.split(" ")[1:] for line in match[3].decode().splitlines()]
    stanzas = [line.split(" ")[1:] for line in match[4].decode().splitlines()]
    if len(recipients) != len(stanzas) or len({key_id for _, _, key_id in recipients}) != len(recipients):
        raise Refused("recipients and stanzas do not fit")
    mine = [place for place, (_, _, key_id) in enumerate(recipients) if key_id in keys]
    if not mine:
        raise Refused("sealed for somebody else")
    enc, ciphertext = (unbase64(word) for word in stanzas[mine[0]])
    key = keys[recipients[mine[0]][2]]
    if len(enc) != key.public_len or len(ciphertext) != 48:
        raise Refused("malformed stanza")
    file_key = open_base(key, enc, preamble, ciphertext)

    frame, rest = data[len(header) : len(header) + 4], data[len(header) + 4 :]
    length = int.from_bytes(frame, "big")
    if len(frame) != 4 or not 28 <= length <= MAX_MANIFEST or len(rest) < length + Floe.HEADER:
        raise Refused("package is cut")
    encrypted, floe_header, body = rest[:length], rest[length : length + Floe.HEADER], rest[length + Floe.HEADER :]
    try:
        note = AESGCM(hkdf(b"sekisho/v1/package", file_key, b"manifest")).decrypt(encrypted[:12], encrypted[12:], header)
    except InvalidTag as fault:
        raise Refused("manifest is damaged") from fault

    text = verify_note(note.decode(), verifier_key)
    match = MANIFEST.fullmatch(text)
    if not match:
        raise Refused("malformed manifest")
    named = [line.split(" ")[1:] for line in match[3].splitlines()]
    if (
        bytes.fromhex(match[11]) != sha256(header)
        or match[2] != sender
        or named != [[party, key_id] for party, _, key_id in recipients]
    ):
        raise Refused("manifest was signed for another package")
    size = int(match[5])
    if len(body) != size + OVERHEAD * max(1, -(-size // (SEGMENT - OVERHEAD))):
        raise Refused("package has another length than its manifest says")

    floe = Floe(hkdf(b"sekisho/v1/package", file_key, b"payload"), header, floe_header)
    plaintext = floe.open_all(body)
    leaves = [floe_header] + cut(body)
    if len(plaintext) != size or tree_hash(leaves) != bytes.fromhex(match[12]):
        raise Refused("payload is not the one that was signed")
    return text, plaintext, tree_hash([header, encrypted] + leaves)


def main():
    parser = argparse.ArgumentParser(description="Open a sekisho package")
    parser.add_argument("--keys", required=True, metavar="KEYFILE", help="key file of the recipient")
    parser.add_argument("--unlock", metavar="UNLOCKFILE", help="unlock key file; without it a passphrase is asked for")
    parser.add_argument("--sender", required=True, metavar="VERIFIERKEY", help="pinned verifier key of the sender")
    parser.add_argument("--out", metavar="FILE", help="where to write the file inside")
    parser.add_argument("package")
    arguments = parser.parse_args()
    try:
        keys = read_sealing_keys(arguments.keys, arguments.unlock)
        with open(arguments.package, "rb") as file:
            data = file.read()
        text, plaintext, package_hash = open_package(data, keys, arguments.sender)
        sys.stdout.write(f"{text}package {package_hash.hex()}\n")
        if arguments.out:
            with open(arguments.out, "xb") as file:
                file.write(plaintext)
    except (Refused, OSError, UnicodeDecodeError) as fault:
        sys.exit(f"refused: {fault}")


if __name__ == "__main__":
    main()
