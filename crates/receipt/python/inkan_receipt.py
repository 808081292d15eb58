#!/usr/bin/env python3
"""Checks receipts of an inkan ledger with no node and no network.

One file; needs Python 3.9 and the package `cryptography`, nothing else. `check(request)` takes one question as a dict
and gives one answer as a dict, the same as the Rust and JavaScript verifiers beside it give. Steps and codes are those
of sections 2 to 6 of the ledger specification; the README lists requests and answers.

    python3 inkan_receipt.py --policy log.policy credential.json.inkan-receipt.json
    python3 inkan_receipt.py batch < requests.jsonl > answers.jsonl
"""

import base64
import calendar
import datetime
import hashlib
import json
import re
import sys
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOTE_LIMIT = 65_536
SIDECAR_LIMIT = 4 * NOTE_LIMIT
SAFE = 2**53 - 1
# The last moment that every implementation can name: 9999-12-30T22:00:00Z.
LAST_SECOND = 253_402_207_200
# How far two clocks may differ, in seconds.
TOLERANCE = 300
KINDS = ("epoch", "did", "issuance", "countersignature", "status", "trust", "anchor", "once")
IN_MAP = ("did", "countersignature", "status", "trust", "once")


class Refused(Exception):
    """A check that failed; the argument is its code."""

    @property
    def code(self):
        return self.args[0]


class RequestError(Exception):
    """A request that cannot be understood; the argument is the member."""


class Malformed(Exception):
    """Bytes that are not what they should be; the caller knows the code."""


def need(condition):
    if not condition:
        raise Malformed


def refuse(code):
    raise Refused(code)


class coded:
    """Turns Malformed into a code."""

    def __init__(self, code):
        self.code = code

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        if kind is not None and issubclass(kind, Malformed):
            raise Refused(self.code) from None


# ---------------------------------------------------------------------------------------------------------------
# Encodings with one reading.


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def decode_utf8(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed from None


def b64(data):
    return base64.b64encode(data).decode()


def decode_b64(text):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeError):
        raise Malformed from None
    need(b64(data) == text)
    return data


def b64u(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode_b64u(text, length=None):
    need(re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(b64u(data) == text and length in (None, len(data)))
    return data


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def decode_base58(text):
    need(len(text) <= 1_024)
    number = 0
    for character in text:
        digit = BASE58.find(character)
        need(digit >= 0)
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def multihash58(digest):
    return base58(b"\x12\x20" + digest)


def is_multihash58(text):
    try:
        data = decode_base58(text)
    except Malformed:
        return False
    return len(data) == 34 and data[:2] == b"\x12\x20"


def decimal(text):
    """ASCII digits without sign or leading zero, below 2^63."""
    need(re.fullmatch(r"0|[1-9][0-9]{0,18}", text) and int(text) < 1 << 63)
    return int(text)


def visible(text):
    return all("!" <= character <= "~" for character in text)


# Unicode White_Space and general category Cc.
SPACES = re.compile("[\\0-\x20\x7f-\x9f\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def is_key_name(name):
    return bool(name) and "+" not in name and not SPACES.search(name)


def is_origin(text):
    return 1 <= len(text) <= 64 and visible(text) and "+" not in text


# ---------------------------------------------------------------------------------------------------------------
# JSON with one reading, and its canonical form (RFC 8785) for values without fractions.


class Real:
    """A number that is not a plain integer: nothing here takes one."""


STRING = re.compile(r'[^"\\\x00-\x1f]*')
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
BLANK = re.compile(r"[ \t\n\r]*")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Parser:
    def __init__(self, text):
        self.text, self.at = text, 0

    def blank(self):
        self.at = BLANK.match(self.text, self.at).end()

    def peek(self):
        return self.text[self.at : self.at + 1]

    def take(self, token):
        need(self.text.startswith(token, self.at))
        self.at += len(token)

    def value(self, depth):
        self.blank()
        first = self.peek()
        if first == "{":
            return self.object(depth)
        if first == "[":
            return self.array(depth)
        if first == '"':
            return self.string()
        for token, value in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(token, self.at):
                self.at += len(token)
                return value
        return self.number()

    def object(self, depth):
        out = {}
        need(depth > 0)
        self.take("{")
        self.blank()
        if self.peek() == "}":
            self.at += 1
            return out
        while True:
            self.blank()
            name = self.string()
            need(name not in out)
            self.blank()
            self.take(":")
            out[name] = self.value(depth - 1)
            self.blank()
            if self.peek() == "}":
                self.at += 1
                return out
            self.take(",")

    def array(self, depth):
        out = []
        need(depth > 0)
        self.take("[")
        self.blank()
        if self.peek() == "]":
            self.at += 1
            return out
        while True:
            out.append(self.value(depth - 1))
            self.blank()
            if self.peek() == "]":
                self.at += 1
                return out
            self.take(",")

    def string(self):
        self.take('"')
        out = []
        while True:
            plain = STRING.match(self.text, self.at)
            out.append(plain.group())
            self.at = plain.end()
            if self.peek() == '"':
                self.at += 1
                return "".join(out)
            self.take("\\")
            escape = self.peek()
            self.at += 1
            if escape == "u":
                out.append(self.escaped())
            else:
                need(escape in ESCAPES and escape)
                out.append(ESCAPES[escape])

    def unit(self):
        digits = self.text[self.at : self.at + 4]
        need(re.fullmatch(r"[0-9A-Fa-f]{4}", digits))
        self.at += 4
        return int(digits, 16)

    def escaped(self):
        unit = self.unit()
        if 0xD800 <= unit <= 0xDBFF:
            self.take("\\u")
            low = self.unit()
            need(0xDC00 <= low <= 0xDFFF)
            return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        need(not 0xDC00 <= unit <= 0xDFFF)
        return chr(unit)

    def number(self):
        found = NUMBER.match(self.text, self.at)
        need(found)
        self.at = found.end()
        token = found.group()
        if found.group(1) is None and found.group(2) is None:
            # Longer than any integer that is taken; Python limits how many digits it converts.
            if len(token) <= 20 and abs(int(token)) <= SAFE:
                return int(token)
        real = float(token)
        need(real not in (float("inf"), float("-inf")))
        need(not (real.is_integer() and SAFE < abs(real) < 1e21))
        return Real()


def parse_json(data, limit, depth=64):
    """The value of strict JSON: no member twice, no integer beyond 2^53 - 1, limited depth."""
    need(len(data) <= limit)
    parser = Parser(decode_utf8(data))
    value = parser.value(depth)
    parser.blank()
    need(parser.at == len(parser.text))
    return value


def canonical(value):
    """RFC 8785; Real has no form here."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    need(not isinstance(value, Real))
    return json.dumps(value, ensure_ascii=False)


def only_integers(value):
    if isinstance(value, dict):
        return all(map(only_integers, value.values()))
    if isinstance(value, list):
        return all(map(only_integers, value))
    return not isinstance(value, Real)


def text_of(value, member):
    found = value.get(member) if isinstance(value, dict) else None
    need(isinstance(found, str))
    return found


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SAFE


# ---------------------------------------------------------------------------------------------------------------
# Keys. Ed25519 is strict (section 2.2): canonical encodings, no small order, S below L, no cofactor.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def decompress(data):
    """The affine point of a canonical encoding."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    need(y < P)
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT % P
    need((v * x * x - u) % P == 0 and not (x == 0 and sign))
    return (P - x if x & 1 != sign else x), y


# The eight points of small order.
SMALL_ORDER = {
    bytes.fromhex(encoding)
    for encoding in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
}
KEYS = {}


class Key:
    """A public key: on its curve, canonical, not of small order."""

    def __init__(self, algorithm, raw, key):
        self.algorithm, self.raw, self.key = algorithm, raw, key

    @classmethod
    def ed25519(cls, raw):
        need(len(raw) == 32)
        if raw not in KEYS:
            need(raw not in SMALL_ORDER)
            decompress(raw)
            KEYS[raw] = cls("EdDSA", raw, Ed25519PublicKey.from_public_bytes(raw))
        return KEYS[raw]

    @classmethod
    def p256(cls, point):
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError:
            raise Malformed from None
        return cls("ES256", bytes(point), key)

    @classmethod
    def multikey(cls, text):
        """None for a type of key that is not looked at."""
        if len(text.encode()) > 256:
            return None
        need(text.startswith("z"))
        data = decode_base58(text[1:])
        need(len(data) >= 2)
        if data[:2] == b"\xed\x01":
            return cls.ed25519(data[2:])
        if data[:2] == b"\x80\x24":
            need(len(data) == 35 and data[2] in (2, 3))
            return cls.p256(data[2:])
        return None

    @classmethod
    def jwk(cls, jwk):
        kind = text_of(jwk, "kty")
        need("d" not in jwk)
        curve = jwk.get("crv")
        if not isinstance(curve, str):
            need(kind not in ("OKP", "EC"))
            return None
        if (kind, curve) == ("OKP", "Ed25519"):
            return cls.ed25519(decode_b64u(text_of(jwk, "x"), 32))
        if (kind, curve) == ("EC", "P-256"):
            x, y = (decode_b64u(text_of(jwk, name), 32) for name in ("x", "y"))
            return cls.p256(b"\x04" + x + y)
        return None

    def verifies(self, message, signature):
        if len(signature) != 64:
            return False
        try:
            if self.algorithm == "EdDSA":
                if signature[:32] in SMALL_ORDER or int.from_bytes(signature[32:], "little") >= L:
                    return False
                self.key.verify(signature, message)
            else:
                r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
                self.key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def ed25519_multikey(text):
    key = Key.multikey(text)
    need(key is not None and key.algorithm == "EdDSA")
    return key


# ---------------------------------------------------------------------------------------------------------------
# Policies (C2SP tlog-policy): logs, witnesses, groups, quorum.

TSA_PREFIX = b"inkan-rfc3161/v1"


class VerifierKey:
    def __init__(self, text):
        parts = text.split("+", 2)
        need(len(parts) == 3 and is_key_name(parts[0]))
        self.name, encoded = parts[0], decode_b64(parts[2])
        need(encoded)
        self.encoded = encoded
        self.type, rest, self.key = encoded[0], encoded[1:], None
        if self.type in (0x01, 0x04):
            self.key = Key.ed25519(rest)
        else:
            need(self.type == 0xFF and rest.startswith(TSA_PREFIX) and len(rest) == len(TSA_PREFIX) + 32)
        self.id = sha256(self.name.encode(), b"\n", encoded)[:4]
        need(parts[1] == self.id.hex())

    def collides(self, other):
        return self.encoded == other.encoded or (self.name, self.id) == (other.name, other.id)


class Policy:
    def __init__(self, data):
        text = decode_utf8(data)
        need(len(data) <= NOTE_LIMIT and not re.search("[\\0-\x08\x0b-\x1f\x7f]", text))
        # Witnesses are (name, key); a rule is the place of a witness, or (threshold, rules).
        self.logs, self.witnesses, self.groups, self.names = [], [], 0, {}
        self.quorum = ()
        for line in text.split("\n"):
            words = [word for word in re.split("[ \t]", line) if word]
            if words and not words[0].startswith("#"):
                self.line(words)
                need(max(len(self.logs), len(self.witnesses), self.groups) <= 64)
        need(self.quorum != ())

    def line(self, words):
        name, count = words[0], len(words)
        if name == "log" and count in (2, 3):
            key = VerifierKey(words[1])
            need(key.type == 0x01 and is_origin(key.name))
            need(not any(key.collides(log) for log in self.logs))
            self.logs.append(key)
        elif name == "witness" and count in (3, 4):
            key = VerifierKey(words[2])
            need(key.type != 0x01 and not any(key.collides(other) for _, other in self.witnesses))
            self.define(words[1], len(self.witnesses))
            self.witnesses.append((words[1], key))
        elif name == "group" and count >= 4:
            members = words[3:]
            threshold = {"all": len(members), "any": 1}.get(words[2])
            if threshold is None:
                threshold = decimal(words[2])
            need(1 <= threshold <= len(members))
            rules = []
            for member in members:
                rule = self.names.get(member)
                need(rule is not None)
                self.names[member] = None
                rules.append(rule)
            self.groups += 1
            self.define(words[1], (threshold, rules))
        elif name == "quorum" and count == 2:
            need(self.quorum == ())
            self.quorum = None if words[1] == "none" else self.names.get(words[1])
            need(words[1] == "none" or self.quorum is not None)
        else:
            raise Malformed

    def define(self, name, rule):
        need(name != "none" and name not in self.names)
        self.names[name] = rule

    def is_met(self, seen):
        def met(rule):
            if isinstance(rule, int):
                return rule in seen
            return sum(map(met, rule[1])) >= rule[0]

        return self.quorum is None or met(self.quorum)

    def operators(self, seen):
        names = {self.witnesses[place][0].split("/")[0] for place in seen}
        return sorted(names - {"self"})


# ---------------------------------------------------------------------------------------------------------------
# Notes, checkpoints and proofs: V1 to V4.


class Note:
    def __init__(self, text, limit=NOTE_LIMIT):
        need(len(text.encode()) <= limit and not re.search("[\\0-\x09\x0b-\x1f]", text))
        body, found, lines = text.rpartition("\n\n")
        need(found and lines.endswith("\n"))
        self.whole, self.text, self.signatures = text, body + "\n", []
        for line in lines[:-1].split("\n"):
            need(line.startswith("\u2014 "))
            name, space, signature = line[2:].partition(" ")
            need(space)
            data = decode_b64(signature)
            need(len(data) > 4 and is_key_name(name))
            self.signatures.append((name, data[:4], data[4:]))
        need(len(self.signatures) <= 64)

    def of(self, key):
        found = [line for line in self.signatures if line[:2] == (key.name, key.id)]
        need(len(found) <= 1)
        return found[0][2] if found else None


class Checkpoint:
    def __init__(self, note):
        need(note.text.endswith("\n"))
        lines = note.text[:-1].split("\n")
        need(len(lines) == 3 and is_origin(lines[0]))
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), decode_b64(lines[2])
        need(len(self.root) == 32)


class Proof:
    """A tlog-proof."""

    def __init__(self, text):
        need(len(text.encode()) <= NOTE_LIMIT and not re.search("[\\0-\x09\x0b-\x1f\x7f]", text))
        head, found, note = text.partition("\n\n")
        need(found)
        lines = head.split("\n")
        need(lines.pop(0) == "c2sp.org/tlog-proof@v1")
        if lines and lines[0].startswith("extra "):
            decode_b64(lines.pop(0)[6:])
        need(lines and lines[0].startswith("index "))
        self.index = decimal(lines.pop(0)[6:])
        self.path = [decode_b64(line) for line in lines]
        need(len(self.path) <= 63 and all(len(node) == 32 for node in self.path))
        self.note = Note(note)
        self.checkpoint = Checkpoint(self.note)
        need(self.index < self.checkpoint.size)


FORMATS = ("jws", "cose", "di", "di-proof", "di-sd", "file")
RECORD_ROOT = "application/vnd.inkan.record-root"
ROOTS = (RECORD_ROOT, "application/vnd.inkan.anchor-root")


def parse_opening(value):
    need(isinstance(value, dict))
    form, record = text_of(value, "format"), None
    if form == "record":
        need(len(value) == 4)
        record = parse_record(value.get("record"))
    else:
        need(len(value) == 3 and form in FORMATS)
    salt = decode_b64u(text_of(value, "salt"), 16)
    return {"salt": salt, "digest": decode_b64u(text_of(value, "digest"), 32), "record": record}


def parse_record(value):
    """Where a record stands in its batch, and the way from there to the root."""
    need(isinstance(value, dict) and set(value) <= {"index", "size", "path", "rootSalt"})
    index, size, path = value.get("index"), value.get("size"), value.get("path")
    need(is_count(index) and is_count(size) and index < size)
    need(isinstance(path, list) and len(path) <= 63 and all(isinstance(node, str) for node in path))
    salt = decode_b64u(text_of(value, "rootSalt"), 16) if "rootSalt" in value else None
    return {"index": index, "size": size, "path": [decode_b64u(node, 32) for node in path], "salt": salt}


class Sidecar:
    """A leaf, its proof, and what opens its commitment."""

    def __init__(self, leaf, proof, opening=None):
        self.leaf, self.proof, self.opening = leaf, proof, opening

    @classmethod
    def parse(cls, data, checkpoints):
        value = parse_json(data, SIDECAR_LIMIT)
        need(isinstance(value, dict))
        need(set(value) <= {"type", "leaf", "proof", "opening", "cose", "checkpoint"})
        need(text_of(value, "type") == "inkan-receipt/1")
        leaf = decode_b64u(text_of(value, "leaf"))
        if "cose" in value:
            decode_b64u(text_of(value, "cose"))
        text = text_of(value, "proof")
        if "checkpoint" in value:
            place = value["checkpoint"]
            need(is_count(place) and checkpoints is not None and place < len(checkpoints))
            need(text.endswith("\n\n"))
            text += checkpoints[place]
            need(len(text.encode()) <= NOTE_LIMIT)
        proof = Proof(text)
        opening = parse_opening(value["opening"]) if "opening" in value else None
        return cls(leaf, proof, opening)


# ---------------------------------------------------------------------------------------------------------------
# Signed heads: V5 to V7, times and grade of section 5.3.


def check_log(note, origin, policy):
    """V5."""
    signed = False
    for log in policy.logs:
        if log.name == origin:
            signature = note.of(log)
            if signature is None:
                continue
            if not log.key.verifies(note.text.encode(), signature):
                refuse("log-signature-invalid")
            signed = True
    if not signed:
        refuse("unknown-log")


def cosignatures(note, policy, now):
    """V6: places of witnesses with their times, and names of those that were not checked."""
    stamps, not_checked = [], []
    for place, (name, key) in enumerate(policy.witnesses):
        signature = note.of(key)
        if signature is None:
            continue
        if key.type == 0xFF:
            if len(signature) > 16_384:
                refuse("cosignature-invalid")
            not_checked.append(name)
            continue
        when = int.from_bytes(signature[:8], "big")
        if len(signature) != 72 or not 0 < when < 1 << 63:
            refuse("cosignature-invalid")
        message = f"cosignature/v1\ntime {when}\n{note.text}".encode()
        if not key.key.verifies(message, signature[8:]):
            refuse("cosignature-invalid")
        when = min(when, LAST_SECOND)
        if when > min(now + TOLERANCE, LAST_SECOND):
            refuse("cosignature-in-future")
        stamps.append((place, when))
    return stamps, not_checked


class Head:
    """A checkpoint that verified."""

    def __init__(self, note, policy, now):
        with coded("malformed-receipt"):
            checkpoint = Checkpoint(note)
            check_log(note, checkpoint.origin, policy)
            stamps, self.not_checked = cosignatures(note, policy, now)
        seen = {place for place, _ in stamps}
        if not policy.is_met(seen):
            refuse("quorum-not-met")
        self.note, self.checkpoint = note, checkpoint
        self.origin, self.size = checkpoint.origin, checkpoint.size
        self.existed_by = self.fresh_at = None
        self.operators = []
        self.cosigners = [{"name": policy.witnesses[place][0], "time": when} for place, when in stamps]
        if policy.quorum is not None:
            moments = sorted({when for _, when in stamps})
            for moment in moments:
                early = {place for place, when in stamps if when <= moment}
                if policy.is_met(early):
                    self.existed_by, self.operators = moment, policy.operators(early)
                    break
            for moment in reversed(moments):
                if policy.is_met({place for place, when in stamps if when >= moment}):
                    self.fresh_at = moment
                    break

    def check_fresh(self, max_age, now):
        if self.fresh_at is None or self.fresh_at < now - max_age:
            refuse("stale")

    def facts(self):
        return {
            "origin": self.origin,
            "size": number(self.size),
            "root": self.checkpoint.root.hex(),
            "existedBy": self.existed_by,
            "freshAt": self.fresh_at,
            "grade": [f"witnessed {len(self.operators)}" if self.operators else "operator"],
            "operators": self.operators,
            "cosigners": self.cosigners,
            "notChecked": self.not_checked,
        }


def number(value):
    return value if value <= SAFE else str(value)


# ---------------------------------------------------------------------------------------------------------------
# Leaves: V8 and V9.


def leaf_hash(leaf):
    return sha256(b"\0", leaf)


def root_of(leaf, index, size, path):
    """The root that a path leads to (RFC 9162 section 2.1.3.2); None if it is too long or too short."""
    fn, sn, node = index, size - 1, leaf_hash(leaf)
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            node = sha256(b"\1", sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\1", node, sibling)
        fn, sn = fn >> 1, sn >> 1
    return node if sn == 0 else None


def check_inclusion(leaf, index, size, path, root):
    return root_of(leaf, index, size, path) == root


class Leaf:
    def __init__(self, data):
        need(len(data) <= 65_535)
        parts = data.split(b"\n", 3)
        need(len(parts) == 4 and parts[0] == b"inkan-leaf/v1")
        self.kind, self.body = decode_utf8(parts[1]), parts[3]
        need(self.kind in KINDS)
        self.time = decimal(decode_utf8(parts[2]))
        need(self.time <= LAST_SECOND)
        limit = {"epoch": 512, "did": 32_768 + 1 + 16_384}.get(self.kind, 4_096)
        need(len(self.body) <= limit)


class Included:
    """A leaf that is proved to be in a log."""

    def __init__(self, sidecar, head):
        proof, checkpoint = sidecar.proof, head.checkpoint
        if not check_inclusion(sidecar.leaf, proof.index, checkpoint.size, proof.path, checkpoint.root):
            refuse("inclusion-invalid")
        with coded("malformed-leaf"):
            self.leaf = Leaf(sidecar.leaf)
        if head.existed_by is not None and self.leaf.time > min(head.existed_by + TOLERANCE, LAST_SECOND):
            refuse("time-inconsistent")
        self.head, self.origin, self.index = head, head.origin, proof.index
        self.hash, self.kind = leaf_hash(sidecar.leaf), self.leaf.kind

    def facts(self):
        return {
            "index": number(self.index),
            "leafHash": self.hash.hex(),
            "kind": self.kind,
            "leafTime": {"time": self.leaf.time, "basis": "claimed"},
        }


EPOCH = re.compile(
    rb'\{"keys":(0|[1-9][0-9]{0,15}),"map":"([A-Za-z0-9_-]{43})","params":"([A-Za-z0-9_-]{43})",'
    rb'"prev":(null|0|[1-9][0-9]{0,15}),"rules":1,"size":(0|[1-9][0-9]{0,15})\}'
)


def parse_epoch(body):
    found = EPOCH.fullmatch(body)
    need(found)
    keys, mapped, params, previous, size = (group.decode() for group in found.groups())
    numbers = [int(keys), int(size)] + ([] if previous == "null" else [int(previous)])
    need(all(each <= SAFE for each in numbers))
    return {"map": decode_b64u(mapped, 32), "params": decode_b64u(params, 32), "size": int(size)}


# ---------------------------------------------------------------------------------------------------------------
# DIDs, as far as ledger entries need them.


def percent_decode(text):
    out, at = bytearray(), 0
    while at < len(text):
        if text[at] == "%":
            need(re.fullmatch("[0-9A-Fa-f]{2}", text[at + 1 : at + 3]))
            out.append(int(text[at + 1 : at + 3], 16))
            at += 3
        else:
            out += text[at].encode()
            at += 1
    return decode_utf8(bytes(out))


class UnknownMethod(Malformed):
    """A DID of a method that is not looked at."""


LABEL = re.compile("[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def check_location(text):
    authority, *segments = text.split(":")
    found = re.search("%3[Aa]", authority)
    upper, lower = authority.find("%3A"), authority.find("%3a")
    host = authority
    if found:
        # The upper-case form is looked for first.
        at = upper if upper >= 0 else lower
        host, port = authority[:at], authority[at + 3 :]
        need(re.fullmatch("[1-9][0-9]{1,4}", port) and int(port) <= 65_535)
    need(len(host) <= 253 and all(LABEL.fullmatch(label) for label in host.split(".")))
    last = host.rsplit(".", 1)[-1]
    need(not re.fullmatch("[0-9]*|0[xX][0-9A-Fa-f]*", last) and "." in host)
    for segment in segments:
        decoded = percent_decode(segment)
        need(decoded not in ("", ".", "..") and not re.search("[\\0-\x1f\x7f-\x9f/\\\\%?#:]", decoded))


class Did:
    def __init__(self, text):
        need(len(text.encode()) <= 2_048 and text.startswith("did:"))
        self.text = text
        self.method, colon, rest = text[4:].partition(":")
        need(colon and re.fullmatch("[a-z0-9]+", self.method))
        if self.method not in ("key", "jwk", "web", "webvh"):
            raise UnknownMethod
        need(re.fullmatch("(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})+", rest) and not rest.endswith(":"))
        self.scid = None
        if self.method == "key":
            need(rest.startswith("z"))
            decode_base58(rest[1:])
        elif self.method == "jwk":
            decode_b64u(rest)
        elif self.method == "web":
            check_location(rest)
        else:
            self.scid, colon, place = rest.partition(":")
            need(colon and is_multihash58(self.scid))
            check_location(place)


class DidUrl:
    def __init__(self, text, base=None):
        if base is not None and text.startswith("#"):
            text = base.text + text
        rest, hash_sign, fragment = text.partition("#")
        did, question, query = rest.partition("?")
        for sign, part in ((hash_sign, fragment), (question, query)):
            if sign:
                need(re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=:@/?%-]+", part))
                percent_decode(part)
        self.text, self.did = text, Did(did)
        self.is_key = bool(hash_sign) and not question


def strict_time(text):
    """Seconds of exactly YYYY-MM-DDTHH:MM:SSZ."""
    need(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", text, re.ASCII))
    try:
        moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise Malformed from None
    # strptime takes a leap second.
    need(moment.strftime("%S") == text[17:19])
    seconds = calendar.timegm(moment.timetuple())
    need(seconds <= LAST_SECOND)
    return seconds


def items(value, member):
    found = value.get(member, [])
    need(isinstance(found, list))
    return found


class Document:
    """A DID document as a ledger accepts it (D13, D14)."""

    def __init__(self, value, did):
        need(isinstance(value, dict) and value.get("id") == did.text)
        self.value, self.did, self.seen, self.keys = value, did, set(), {}
        for item in items(value, "verificationMethod"):
            self.method(item)
        self.assertion = set()
        for member in (
            "assertionMethod",
            "authentication",
            "keyAgreement",
            "capabilityInvocation",
            "capabilityDelegation",
        ):
            for item in items(value, member):
                if isinstance(item, str):
                    try:
                        url = DidUrl(item, did).text
                    except UnknownMethod:
                        continue
                else:
                    need(isinstance(item, dict))
                    url = self.method(item)
                if member == "assertionMethod":
                    self.assertion.add(url)
        self.ledger_log = self.home()

    def method(self, item):
        url = DidUrl(text_of(item, "id"), self.did)
        need(url.is_key and url.text not in self.seen and url.did.text == self.did.text)
        self.seen.add(url.text)
        if "controller" in item:
            try:
                Did(text_of(item, "controller"))
            except UnknownMethod:
                return url.text
        kind = text_of(item, "type")
        if kind == "Multikey":
            key = Key.multikey(text_of(item, "publicKeyMultibase"))
        elif kind == "JsonWebKey":
            key = Key.jwk(item.get("publicKeyJwk"))
        else:
            key = None
        if key is not None:
            self.keys[url.text] = key
        return url.text

    def home(self):
        found = None
        for service in items(self.value, "service"):
            kind = service.get("type") if isinstance(service, dict) else None
            need(isinstance(kind, (str, list)))
            if kind != "LedgerLog" and not (isinstance(kind, list) and "LedgerLog" in kind):
                continue
            endpoint = text_of(service, "serviceEndpoint")
            need(endpoint.startswith("https://") and found is None)
            found = endpoint[8:]
            need(1 <= len(found) <= 64 and visible(found))
            need(re.match("[A-Za-z0-9]", found) and not found.endswith("/"))
        return found

    def key_for(self, url):
        return self.keys.get(url) if url in self.assertion else None


def texts(value):
    need(isinstance(value, list) and all(isinstance(item, str) for item in value))
    return value


def distinct(values):
    need(len(set(values)) == len(values))
    return values


class EntryProof:
    """One eddsa-jcs-2022 proof by a did:key (D8)."""

    def __init__(self, value):
        for member, expected in (
            ("type", "DataIntegrityProof"),
            ("cryptosuite", "eddsa-jcs-2022"),
            ("proofPurpose", "assertionMethod"),
        ):
            need(text_of(value, member) == expected)
        known = {"type", "cryptosuite", "proofPurpose", "verificationMethod", "created", "proofValue"}
        need(set(value) <= known)
        text_of(value, "proofValue")
        method = text_of(value, "verificationMethod")
        need(method.startswith("did:key:"))
        multikey, sign, fragment = method[8:].partition("#")
        need(sign and multikey == fragment)
        self.value, self.key = value, ed25519_multikey(multikey)
        self.created = strict_time(text_of(value, "created")) if "created" in value else None

    def check(self, document, now):
        need(self.created is None or self.created <= now + TOLERANCE)
        value = self.value["proofValue"]
        need(value.startswith("z") and len(value) <= 129)
        signature = decode_base58(value[1:])
        config = {name: item for name, item in self.value.items() if name != "proofValue"}
        data = b"".join(sha256(canonical(part).encode()) for part in (config, document))
        need(self.key.verifies(data, signature))


def parse_witness_set(value):
    need(isinstance(value, dict))
    if not value:
        return (0, frozenset())
    need(set(value) == {"threshold", "witnesses"} and isinstance(value["witnesses"], list))
    keys = []
    for item in value["witnesses"]:
        need(isinstance(item, dict) and len(item) == 1)
        identifier = text_of(item, "id")
        need(identifier.startswith("did:key:"))
        keys.append(ed25519_multikey(identifier[8:]).raw)
    threshold = value["threshold"]
    need(is_count(threshold) and 1 <= threshold <= len(distinct(keys)))
    return (threshold, frozenset(keys))


class Entry:
    """One version of a DID whose own form is right (D1 to D3, D6, D8 to D11, D13)."""

    def __init__(self, body):
        line, newline, witness_line = body.partition(b"\n")
        need(len(line) <= 32_768 and b"\r" not in line)
        members = parse_json(line, 32_768, 16)
        need(isinstance(members, dict) and only_integers(members))
        need(set(members) == {"versionId", "versionTime", "parameters", "state", "proof"})
        proofs = members.pop("proof")
        self.unsigned, self.version_id = members, text_of(members, "versionId")
        digits, dash, entry_hash = self.version_id.partition("-")
        need(dash and is_multihash58(entry_hash) and re.fullmatch("[1-9][0-9]{0,15}", digits))
        self.number = int(digits)
        need(self.number <= SAFE)
        self.parse_parameters(members["parameters"])
        self.time = strict_time(text_of(members, "versionTime"))
        need(isinstance(members["state"], dict))
        self.did = Did(text_of(members["state"], "id"))
        need(self.did.scid is not None and self.scid_parameter in (None, self.did.scid))
        self.scid = self.did.scid
        self.document = Document(members["state"], self.did)
        need(isinstance(proofs, list) and 1 <= len(proofs) <= 4)
        self.proofs = [EntryProof(proof) for proof in proofs]
        distinct([proof.key.raw for proof in self.proofs])
        self.approvals = None
        if newline:
            need(len(witness_line) <= 16_384 and not re.search(rb"[\r\n]", witness_line))
            value = parse_json(witness_line, 16_384, 16)
            need(isinstance(value, dict) and set(value) == {"versionId", "proof"})
            need(isinstance(value["proof"], list) and value["proof"])
            self.approvals = (text_of(value, "versionId"), [EntryProof(item) for item in value["proof"]])

    def parse_parameters(self, value):
        need(isinstance(value, dict))
        first = self.number == 1
        self.parameters = out = {}
        self.scid_parameter = None
        for name, item in value.items():
            if name == "method":
                need(item == "did:webvh:1.0")
            elif name == "scid":
                need(first and isinstance(item, str) and is_multihash58(item))
                self.scid_parameter = item
            elif name == "updateKeys":
                out[name] = distinct([ed25519_multikey(text).raw for text in texts(item)])
            elif name == "nextKeyHashes":
                out[name] = distinct(texts(item))
                need(all(map(is_multihash58, item)))
            elif name == "witness":
                out[name] = parse_witness_set(item)
            elif name == "watchers":
                distinct(texts(item))
                need(all(":" in url and visible(url) for url in item))
            elif name in ("portable", "deactivated"):
                need(isinstance(item, bool) and not (name == "portable" and item and not first))
                out[name] = item
            else:
                need(name == "ttl" and is_count(item))
        if first:
            need("method" in value and self.scid_parameter is not None and out.get("updateKeys"))


class Version:
    """The state of a DID after an entry."""

    def __init__(self, head, entry, ledger_time):
        """Checks that `entry` follows `head` (D2, D4 to D9, D11, D12)."""
        need(entry.number == (head.number + 1 if head else 1))
        if head:
            need(head.scid == entry.scid and not head.deactivated and head.update_keys)
        self.check_hashes(head, entry)
        need(not head or entry.time > head.time)
        need(entry.time <= min(ledger_time + TOLERANCE, LAST_SECOND))
        authorized = self.authorized(head, entry)
        for proof in entry.proofs:
            need(proof.key.raw in authorized)
            proof.check(entry.unsigned, ledger_time)
        own, before = entry.parameters, (lambda name, other: getattr(head, name) if head else other)
        self.portable = own.get("portable", before("portable", False))
        if head and head.did.text != entry.did.text:
            names = entry.document.value.get("alsoKnownAs")
            need(head.portable and own.get("portable", True))
            need(isinstance(names, list) and head.did.text in names)
        prior = before("witness", (0, frozenset()))
        self.witness = own.get("witness", prior)
        self.check_witnesses(prior if prior[1] else self.witness, entry, ledger_time)
        self.number, self.time, self.scid = entry.number, entry.time, entry.scid
        self.version_id, self.did, self.document = entry.version_id, entry.did, entry.document
        self.update_keys = own.get("updateKeys", before("update_keys", []))
        self.next_key_hashes = own.get("nextKeyHashes", before("next_key_hashes", []))
        self.deactivated = own.get("deactivated", False)
        self.home = entry.document.ledger_log or before("home", None)
        self.places, self.proved = [], True

    @staticmethod
    def check_hashes(head, entry):
        predecessor = head.version_id if head else entry.scid
        if not head:
            need(hash_of(replaced(dict(entry.unsigned, versionId="{SCID}"), entry.scid)) == entry.scid)
        expected = hash_of(dict(entry.unsigned, versionId=predecessor))
        need(entry.version_id.partition("-")[2] == expected)

    @staticmethod
    def authorized(head, entry):
        own = entry.parameters.get("updateKeys")
        if not head:
            return own
        if not head.next_key_hashes:
            return head.update_keys
        need(own and "nextKeyHashes" in entry.parameters)
        need(all(key_hash(key) in head.next_key_hashes for key in own))
        return own

    @staticmethod
    def check_witnesses(approving, entry, now):
        threshold, keys = approving
        if not keys:
            need(entry.approvals is None)
            return
        need(entry.approvals is not None and entry.approvals[0] == entry.version_id)
        for proof in entry.approvals[1]:
            proof.check({"versionId": entry.version_id}, now)
        need(len(keys & {proof.key.raw for proof in entry.approvals[1]}) >= threshold)


def hash_of(value):
    return multihash58(sha256(canonical(value).encode()))


def key_hash(raw):
    return multihash58(sha256(("z" + base58(b"\xed\x01" + raw)).encode()))


def replaced(value, scid):
    if isinstance(value, str):
        return value.replace(scid, "{SCID}")
    if isinstance(value, list):
        return [replaced(item, scid) for item in value]
    if isinstance(value, dict):
        need(not any(scid in name for name in value))
        return {name: replaced(item, scid) for name, item in value.items()}
    return value


# ---------------------------------------------------------------------------------------------------------------
# Signed entries (sections 2.2 and 2.3).


def hash_parts(label, kind, parts):
    return sha256("\n".join([label, kind, *parts]).encode())


class Members:
    """A payload that is read member by member; what is left at the end is unknown."""

    def __init__(self, value):
        need(isinstance(value, dict))
        self.left = dict(value)

    def text(self, name, limit):
        text = self.left.pop(name, None)
        need(isinstance(text, str) and 1 <= len(text) <= limit and visible(text))
        return text

    def integer(self, name, least=0):
        value = self.left.pop(name, None)
        need(is_count(value) and value >= least)
        return value

    def time(self, name):
        value = self.integer(name)
        need(value <= LAST_SECOND)
        return value

    def digest(self, name):
        text = self.text(name, 43)
        decode_b64u(text, 32)
        return text


class SignedEntry:
    """An entry whose form is right and that is made out to this log; its signature is not checked yet."""

    def __init__(self, kind, body):
        need(len(body) <= 4_096)
        parts = decode_utf8(body).split(".")
        need(len(parts) == 3)
        header, payload, self.signature = map(decode_b64u, parts)
        self.input = ".".join(parts[:2]).encode()
        header = parse_json(header, 4_096)
        need(isinstance(header, dict) and set(header) == {"alg", "typ", "kid"} and len(parts[0]) <= 1_024)
        alg = text_of(header, "alg")
        need(alg in ("EdDSA", "Ed25519", "ES256") and len(self.signature) == 64)
        self.algorithm = "ES256" if alg == "ES256" else "EdDSA"
        need(text_of(header, "typ") == f"inkan-{kind}+jwt")
        self.kid = text_of(header, "kid")
        need(len(self.kid.encode()) <= 512)
        url = DidUrl(self.kid)
        need(url.is_key and url.did.scid is not None)
        self.kind, self.issuer, self.scid = kind, url.did.text, url.did.scid
        members = Members(parse_json(payload, 4_096, 16))
        issuer = members.text("iss", 512)
        self.audience = members.text("aud", 64)
        self.issued_at = members.time("iat")
        self.com = self.act = self.dig = self.media_type = self.records = None
        self.id_parts, self.map_parts = getattr(self, kind)(members)
        need(not members.left and issuer == self.issuer)

    def issuance(self, members):
        self.com = members.digest("com")
        return [self.scid, self.com], None

    def countersignature(self, members):
        self.com, self.act = members.digest("com"), members.digest("act")
        self.seq = members.integer("seq", 1)
        return [self.scid, self.act, str(self.seq), self.com], [self.scid, self.act]

    def status(self, members):
        uri = members.text("uri", 512)
        need(uri.startswith("https://"))
        host = re.split("[/?#]", uri[8:])[0]
        need(host and "@" not in host)
        form = members.text("list", 16)
        need(form in ("bitstring", "token-jwt", "token-cwt"))
        if form == "bitstring":
            need(re.fullmatch("[a-z]{1,32}", members.text("purpose", 32)))
        self.seq = members.integer("seq", 1)
        members.digest("dig")
        members.integer("len")
        start, end = members.time("nbf"), members.time("exp")
        need(1 <= end - start <= 366 * 86_400)
        return [self.scid, uri, str(self.seq)], [self.scid, uri]

    def trust(self, members):
        statement = members.text("type", 16)
        need(statement in ("authorization", "recognition"))
        entity, action = members.text("entityId", 512), members.text("action", 64)
        need(re.fullmatch("did:[a-z0-9]+:[A-Za-z0-9._:%-]+", entity) and not entity.endswith(":"))
        resource, operation = members.text("resource", 256), members.text("op", 8)
        need(operation in ("grant", "end", "void"))
        if operation == "void":
            members.time("since")
        self.seq = members.integer("seq", 1)
        start, end = members.time("nbf"), members.time("exp") if "exp" in members.left else None
        if "dig" in members.left:
            members.digest("dig")
        need(end is None or end > start)
        if action == "key-compromised":
            url = DidUrl(resource)
            need(entity == self.issuer == url.did.text and url.is_key)
            need(operation == "grant" and end is None)
        parts = [self.scid, statement, entity, action, resource]
        return parts + [str(self.seq)], parts

    def anchor(self, members):
        scope, media_type = members.text("scope", 16), members.text("mt", 127)
        need(scope in ("document", "firmware", "dataset", "model", "other"))
        name = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
        need(re.fullmatch(f"{name}/{name}", media_type))
        need(("dig" in members.left) != ("com" in members.left))
        if "dig" in members.left:
            self.dig = members.digest("dig")
            if "len" in members.left:
                members.integer("len")
        else:
            self.com = members.digest("com")
        self.media_type = media_type
        if "n" in members.left:
            self.records = members.integer("n", 1)
        return [self.scid, scope, self.dig or self.com], None

    def once(self, members):
        self.seq = 1
        identifier, scope = members.digest("id"), members.text("scope", 64)
        return [self.scid, scope, identifier], [scope, identifier]

    def is_signed_under(self, document):
        key = document.key_for(self.kid) if document.did.text == self.issuer else None
        good = key and key.algorithm == self.algorithm
        return bool(good and key.verifies(self.input, self.signature))

    def entry_id(self):
        return hash_parts("inkan-entry/v1", self.kind, self.id_parts)

    def facts(self):
        return {
            "id": self.entry_id().hex(),
            "issuer": self.issuer,
            "kid": self.kid,
            "issuedAt": self.issued_at,
        }


def commitment(kind, scid, salt, digest):
    return sha256(f"inkan-commit/v1\n{kind}\n{scid}\n".encode(), salt, digest)


def check_opening(entry, opening, artefact):
    """V11. Without the record, its place in a batch is not checked."""
    digest = artefact["digest"]
    if digest is not None and digest_of(opening, digest) != opening["digest"]:
        refuse("digest-mismatch")
    salt, record = opening["salt"], opening["record"]
    if record is not None:
        digest_of(opening, opening["digest"])
        if (entry.media_type, entry.records) != (RECORD_ROOT, record["size"]):
            refuse("opening-invalid")
        salt = record["salt"]
    elif entry.media_type is not None and entry.media_type.lower() in ROOTS:
        # A root is the SHA-256 of 65 bytes, which would pass for a file.
        refuse("opening-invalid")
    if record is not None and salt is None:
        if entry.dig is None or decode_b64u(entry.dig) != opening["digest"]:
            refuse("opening-invalid")
    else:
        expected = commitment(entry.kind, entry.scid, salt, opening["digest"])
        if entry.com is None or decode_b64u(entry.com) != expected:
            refuse("opening-invalid")
    if digest is not None and entry.act is not None and artefact["act"] != entry.act:
        refuse("act-mismatch")
    return "not-checked" if digest is None and record is not None else "pass"


def digest_of(opening, digest):
    """What an entry commits to if the artefact has this digest: of a record, the root that its path leads to."""
    record = opening["record"]
    if record is None:
        return digest
    leaf = b"inkan-record/v1\n" + opening["salt"] + digest
    root = root_of(leaf, record["index"], record["size"], record["path"])
    if root is None:
        refuse("opening-invalid")
    return root


# ---------------------------------------------------------------------------------------------------------------
# The map and current-proofs (sections 4 and 5.4).

EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"


def map_key(kind, parts):
    lengths = {"did": 1, "countersignature": 2, "status": 2, "trust": 5, "once": 2}
    need(lengths.get(kind) == len(parts))
    if kind in ("countersignature", "once"):
        decode_b64u(parts[1], 32)
    need(kind != "trust" or parts[1] in ("authorization", "recognition"))
    return hash_parts("inkan-map/v1", kind, parts)


def bit(key, position):
    return key[position // 8] >> (7 - position % 8) & 1


def map_leaf(key, value_hash):
    return sha256(b"JMT::LeafNode", key, value_hash)


def map_node(zero, one):
    return sha256(b"JMT::IntrnalNode", zero, one)


def map_root(pairs, depth=0):
    if not pairs:
        return EMPTY
    if len(pairs) == 1:
        return map_leaf(*pairs[0])
    halves = [[pair for pair in pairs if bit(pair[0], depth) == side] for side in (0, 1)]
    return map_node(*(map_root(half, depth + 1) for half in halves))


class MapProof:
    def __init__(self, data):
        need(data[:1] == b"\1" and data[1:2] in (b"\0", b"\1"))
        self.leaf, at = None, 2
        if data[1]:
            need(len(data) >= 66)
            self.leaf, at = (data[2:34], data[34:66]), 66
        need(len(data) >= at + 2)
        count = int.from_bytes(data[at : at + 2], "big")
        need(count <= 256)
        bitmap, at = data[at + 2 : at + 2 + (count + 7) // 8], at + 2 + (count + 7) // 8
        need(len(data) >= at)
        self.siblings = []
        for position in range(8 * len(bitmap)):
            present = bit(bitmap, position)
            need(position < count or not present)
            if position < count:
                self.siblings.append(data[at : at + 32] if present else EMPTY)
                at += 32 * present
                need(at <= len(data))
        need(at == len(data))

    def value_hash(self, key, root):
        """The hash of the value under `key`; None if there is none."""
        node, found, depth = EMPTY, None, len(self.siblings)
        if self.leaf:
            need(all(bit(self.leaf[0], position) == bit(key, position) for position in range(depth)))
            found = self.leaf[1] if self.leaf[0] == key else None
            node = map_leaf(*self.leaf)
        for place, sibling in enumerate(self.siblings):
            right = bit(key, depth - 1 - place)
            node = map_node(sibling, node) if right else map_node(node, sibling)
        need(node == root)
        return found


class MapValue:
    def __init__(self, data):
        need(len(data) == 51 and data[0] == 1 and data[1] < len(KINDS) and not data[2] & 0xE0)
        self.data, self.kind, self.flags = data, KINDS[data[1]], data[2]
        need(self.kind in IN_MAP)
        self.seq, self.index = (int.from_bytes(data[at : at + 8], "big") for at in (3, 11))
        self.leaf_hash = data[19:]


class CurrentProof:
    def __init__(self, data):
        with coded("malformed-receipt"):
            value = parse_json(data, SIDECAR_LIMIT)
            need(isinstance(value, dict))
            need(set(value) <= {"type", "epoch", "proof", "map", "head", "value"})
            need(text_of(value, "type") == "inkan-current/1")
            self.epoch = Sidecar(decode_b64u(text_of(value, "epoch")), Proof(text_of(value, "proof")))
            mapped = decode_b64u(text_of(value, "map"))
            need(("head" in value) == ("value" in value))
            self.head = None
            if "head" in value:
                self.head, data = decode_b64u(text_of(value, "head")), decode_b64u(text_of(value, "value"))
        if self.head is not None:
            with coded("map-value-invalid"):
                self.value = MapValue(data)
        with coded("map-proof-invalid"):
            self.map = MapProof(mapped)

    def verify(self, kind, key, head):
        """Gives the newest entry's leaf, or None."""
        self.included = Included(self.epoch, head)
        with coded("malformed-leaf"):
            need(self.included.kind == "epoch")
            epoch = parse_epoch(self.included.leaf.body)
        self.index = self.included.index
        if self.index + 1 != head.size:
            refuse("not-last-leaf")
        if epoch["size"] != self.index:
            refuse("malformed-leaf")
        with coded("map-proof-invalid"):
            found = self.map.value_hash(key, epoch["map"])
        if self.head is None:
            if found is not None:
                refuse("map-value-invalid")
            return None
        if found != sha256(self.value.data) or self.value.kind != kind:
            refuse("map-value-invalid")
        with coded("malformed-leaf"):
            leaf = Leaf(self.head)
        value = self.value
        if value.leaf_hash != leaf_hash(self.head) or value.index >= epoch["size"] or leaf.kind != kind:
            refuse("map-value-invalid")
        # The map is the operator's: it may lead to an entry of somebody else.
        with coded("map-value-invalid"):
            need(stands_under(leaf) == (key, value.seq))
        return leaf


def stands_under(leaf):
    """The key of an entry in the map, and its sequence number there."""
    if leaf.kind == "did":
        entry = Entry(leaf.body)
        return map_key("did", [entry.scid]), entry.number
    entry = SignedEntry(leaf.kind, leaf.body)
    return map_key(leaf.kind, entry.map_parts), entry.seq


# ---------------------------------------------------------------------------------------------------------------
# Who signed: V10, homes and moves (D14, section 6.6).


class Place:
    def __init__(self, origin, index, when):
        self.origin, self.index, self.time = origin, index, when


def proved_entries(scid, request, policy, now):
    found = {}
    for data in request["history"] or []:
        with coded("malformed-receipt"):
            sidecar = Sidecar.parse(data, request["checkpoints"])
        included = Included(sidecar, Head(sidecar.proof.note, policy, now))
        with coded("malformed-leaf"):
            need(included.kind == "did")
            entry = Entry(included.leaf.body)
        if entry.scid == scid:
            place = Place(included.origin, included.index, included.leaf.time)
            found.setdefault(entry.number, []).append((entry, place))
    return found


def chain(found):
    """The unbroken run of versions from the first on."""
    versions = []
    for expected, number_ in enumerate(sorted(found), 1):
        if number_ != expected:
            break
        before, head, places = (versions[-1] if versions else None), None, []
        left = before.home if before else None
        for entry, place in found[number_]:
            following = Version(before, entry, place.time)
            need(head is None or head.version_id == following.version_id)
            if left == place.origin or following.home in (None, place.origin):
                for version in versions:
                    for other in version.places:
                        need(other.origin != place.origin or other.index < place.index)
                places.append(place)
            head = following
        head.places = places
        moved = left is not None and head.home != left
        shown = not moved or any(place.origin == left for place in places)
        head.proved = shown and (before is None or before.proved)
        versions.append(head)
    return versions


def judge_did(included, request, policy, now):
    with coded("malformed-leaf"):
        own = Entry(included.leaf.body)
    found = proved_entries(own.scid, request, policy, now)
    place = Place(included.origin, included.index, included.leaf.time)
    found.setdefault(own.number, []).append((own, place))
    with coded("entry-signature-invalid"):
        versions = chain(found)
    entry_id = hash_parts("inkan-entry/v1", "did", [own.scid, own.version_id])
    facts = {"entry": {"id": entry_id.hex(), "versionId": own.version_id}}
    if own.number > len(versions):
        return "not-checked", facts
    version = versions[own.number - 1]
    if not any((at.origin, at.index) == (included.origin, included.index) for at in version.places):
        refuse("not-home")
    return ("pass" if version.proved else "not-checked"), facts


def judge_signed(included, entry, request, policy, now):
    facts = {"entry": entry.facts()}
    if request["history"] is None:
        return "not-checked", facts
    found = proved_entries(entry.scid, request, policy, now)
    with coded("entry-signature-invalid"):
        versions = chain(found)
    pin, pinned = None, None
    if request["historyHead"] is not None:
        pin = CurrentProof(request["historyHead"])
        head = Head(pin.epoch.proof.note, policy, now)
        pinned = pin.verify("did", map_key("did", [entry.scid]), head)
    origin, index = included.origin, included.index

    def before(place):
        return place.origin == origin and place.index < index

    version = next((v for v in reversed(versions) if any(map(before, v.places))), None)
    if version is None:
        if versions and all(v.home not in (None, origin) for v in versions):
            refuse("not-home")
        return "not-checked", facts
    if version.home not in (None, origin):
        refuse("not-home")
    # The pin counts if it is of this log, and considered the entry's own place.
    complete = unseen = False
    if pinned is not None and pin.included.origin == origin and pin.index > index:
        complete = pin.value.seq <= len(versions)
        unseen = not complete and pin.value.index < index
    # A version that is known to be in between, but does not follow from those at hand.
    beyond = [place for count in found if count > len(versions) for _, place in found[count]]
    unseen = unseen or any(map(before, beyond))
    if not (not version.deactivated and entry.is_signed_under(version.document)) and not unseen:
        refuse("entry-signature-invalid")
    facts["signer"] = {"versionId": version.version_id, "complete": complete}
    return ("pass" if version.proved and not unseen else "not-checked"), facts


# ---------------------------------------------------------------------------------------------------------------
# Inclusion promises (section 3.6).


class Promise:
    def __init__(self, text):
        self.note = Note(text, 131_072)
        need(self.note.text.endswith("\n"))
        lines = self.note.text[:-1].split("\n")
        need(len(lines) >= 3 and lines[0] == "inkan-promise/v1" and is_origin(lines[1]))
        self.origin, self.deadline, self.leaves = lines[1], decimal(lines[2]), {}
        last = -1
        for line in lines[3:]:
            index, space, leaf = line.partition(" ")
            need(space)
            index, leaf = decimal(index), decode_b64(leaf)
            need(index > last and len(leaf) == 32)
            self.leaves[index], last = leaf, index
        need(1 <= len(self.leaves) <= 1_000)

    def kept_by(self, sidecar, policy, now):
        """The head that shows a promised leaf at its place, or None."""
        try:
            head = Head(sidecar.proof.note, policy, now)
            included = Included(sidecar, head)
        except Refused:
            return None
        kept = included.origin == self.origin and self.leaves.get(included.index) == included.hash
        return head if kept else None

    def is_broken_by_leaf(self, sidecar, policy):
        """The log's own signature is enough: it is the log that is accused."""
        proof, found = sidecar.proof, leaf_hash(sidecar.leaf)
        checkpoint = proof.checkpoint
        if checkpoint.origin != self.origin or self.leaves.get(proof.index, found) == found:
            return False
        return self.is_signed(proof.note, policy) and check_inclusion(
            sidecar.leaf, proof.index, checkpoint.size, proof.path, checkpoint.root
        )

    def is_broken_by_absence(self, note, in_time, policy, now):
        """More than half of the witnesses saw, after the deadline, a log that ends before what no quorum saw in time."""
        checkpoint = Checkpoint(note)
        missing = self.leaves.keys() - in_time
        if not missing or checkpoint.size > max(missing) or checkpoint.origin != self.origin:
            return False
        if not self.is_signed(note, policy):
            return False
        try:
            stamps, _ = cosignatures(note, policy, now)
        except (Refused, Malformed):
            return False
        late = sum(when > self.deadline for _, when in stamps)
        return late * 2 > sum(key.type == 0x04 for _, key in policy.witnesses)

    def is_signed(self, note, policy):
        try:
            check_log(note, self.origin, policy)
        except (Refused, Malformed):
            return False
        return True


def check_promise(request, report):
    now = request["now"] if request["now"] is not None else LAST_SECOND
    with report.trying("policy"), coded("policy-invalid"):
        policy = Policy(request["policy"])
    with report.trying("form"), coded("malformed-receipt"):
        promise = Promise(decode_utf8(request["promise"]))
        sidecars = [Sidecar.parse(data, None) for data in request["receipts"] or []]
        notes = [Note(decode_utf8(data)) for data in request["heads"] or []]
        for note in notes:
            Checkpoint(note)
    with report.trying("log"), coded("malformed-receipt"):
        check_log(promise.note, promise.origin, policy)
    with report.trying("promise"):
        remaining, in_time = set(promise.leaves), set()
        for sidecar in sidecars:
            if promise.is_broken_by_leaf(sidecar, policy):
                refuse("promise-broken")
            head = promise.kept_by(sidecar, policy, now)
            if head is not None:
                remaining.discard(sidecar.proof.index)
                if head.existed_by is not None and head.existed_by <= promise.deadline:
                    in_time.add(sidecar.proof.index)
        if any(promise.is_broken_by_absence(note, in_time, policy, now) for note in notes):
            refuse("promise-broken")
        if remaining:
            refuse("promise-pending")
    report.facts = {
        "origin": promise.origin,
        "deadline": number(min(promise.deadline, LAST_SECOND)),
        "promised": [number(index) for index in promise.leaves],
    }


# ---------------------------------------------------------------------------------------------------------------
# Evidence of broken rules (inkan-evidence/1): two halves that cannot both be, of one log or one DID.


def begins(old_size, old_root, new_size, new_root, path):
    """Whether a larger tree begins with a smaller one (RFC 9162 section 2.1.4.2)."""
    if not 0 < old_size < new_size:
        return False
    rest = list(path)
    if old_size & (old_size - 1):
        if not rest:
            return False
        first = rest.pop(0)
    else:
        first = old_root
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = first
    for node in rest:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\1", node, fr), sha256(b"\1", node, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\1", sr, node)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


class Evidence:
    """Both halves of a contradiction; `halves` checks each, `proves` says what they prove together."""

    def __init__(self, data):
        with coded("ledger-evidence-malformed"):
            value = parse_json(data, 8 << 20)
            need(isinstance(value, dict) and text_of(value, "type") == "inkan-evidence/1")
            names = set(value) - {"type"}
            self.growth = None
            if names == {"promise", "proof", "leaf"}:
                self.form = "promise"
                texts_of = [text_of(value, "proof"), text_of(value, "leaf")]
                self.sidecar, self.head = self.receipt(*texts_of), None
                self.promise = text_of(value, "promise")
            elif names == {"promise", "checkpoint"}:
                self.form, self.sidecar = "promise", None
                self.head = Note(text_of(value, "checkpoint"))
                self.promise = text_of(value, "promise")
            elif names in ({"notes"}, {"notes", "growth"}):
                self.form, notes = "notes", self.pair(value, "notes")
                if "growth" in value:
                    self.growth = self.parse_growth(value["growth"])
                self.notes = [Note(text) for text in notes]
            elif names == {"proofs", "leaves"}:
                self.form, proofs = "leaves", self.pair(value, "proofs")
                leaves = self.pair(value, "leaves")
                self.receipts = [self.receipt(*half) for half in zip(proofs, leaves)]
                self.notes = [receipt.proof.note for receipt in self.receipts]
            else:
                need(names == {"history", "entries"})
                self.form, self.entries = "did", self.pair(value, "entries")
                self.history = self.texts(value, "history")

    @staticmethod
    def texts(value, name):
        items = value.get(name)
        need(isinstance(items, list) and all(isinstance(item, str) for item in items))
        return items

    @classmethod
    def pair(cls, value, name):
        items = cls.texts(value, name)
        need(len(items) == 2)
        return items

    @staticmethod
    def receipt(proof, leaf):
        with coded("malformed-receipt"):
            proof = Proof(proof)
        return Sidecar(decode_b64u(leaf), proof)

    @classmethod
    def parse_growth(cls, value):
        need(isinstance(value, dict) and len(value) == 2)
        nodes = [text_of(value, "root"), *cls.texts(value, "path")]
        nodes = [decode_b64(node) for node in nodes]
        need(all(len(node) == 32 for node in nodes) and len(nodes) <= 127)
        return nodes

    def halves(self, policy, now):
        if self.form == "promise":
            with coded("malformed-receipt"):
                self.promise = Promise(self.promise)
                check_log(self.promise.note, self.promise.origin, policy)
                note = self.sidecar.proof.note if self.sidecar else self.head
                check_log(note, Checkpoint(note).origin, policy)
        elif self.form == "did":
            with coded("entry-signature-invalid"):
                head = None
                for body in self.history:
                    head = Version(head, Entry(body.encode()), now)
                self.versions = [Version(head, Entry(body.encode()), now) for body in self.entries]
        else:
            with coded("malformed-receipt"):
                self.heads = [Checkpoint(note) for note in self.notes[:1]]
                check_log(self.notes[0], self.heads[0].origin, policy)
                self.heads.append(Checkpoint(self.notes[1]))
                check_log(self.notes[1], self.heads[1].origin, policy)
            if self.form == "leaves":
                for receipt, head in zip(self.receipts, self.heads):
                    place = receipt.proof.index, head.size, receipt.proof.path, head.root
                    if not check_inclusion(receipt.leaf, *place):
                        refuse("inclusion-invalid")

    def proves(self, policy, now):
        if self.form == "promise":
            if self.sidecar:
                broken, index = self.promise.is_broken_by_leaf(self.sidecar, policy), self.sidecar.proof.index
            else:
                broken = self.promise.is_broken_by_absence(self.head, set(), policy, now)
                index = max(self.promise.leaves)
            self.contradiction(broken)
            deadline = number(min(self.promise.deadline, LAST_SECOND))
            return {
                "proves": "promise-broken",
                "log": self.promise.origin,
                "index": number(index),
                "deadline": deadline,
            }
        if self.form == "did":
            one, other = self.versions
            self.contradiction(one.scid == other.scid and one.version_id != other.version_id)
            versions = [one.version_id, other.version_id]
            return {"proves": "did-equivocation", "scid": one.scid, "number": one.number, "versionIds": versions}
        one, other = self.heads
        if self.form == "leaves":
            first, second = self.receipts
            differ = first.proof.index == second.proof.index and first.leaf != second.leaf
        elif self.growth is None:
            differ = one.size == other.size and one.root != other.root
        else:
            root, *path = self.growth
            differ = root != one.root and begins(one.size, root, other.size, other.root, path)
        self.contradiction(differ and one.origin == other.origin)
        return {
            "proves": "split-view",
            "log": one.origin,
            "sizes": [number(one.size), number(other.size)],
            "witnesses": self.witnesses(policy, now),
        }

    @staticmethod
    def contradiction(holds):
        if not holds:
            refuse("ledger-evidence-proves-nothing")

    def witnesses(self, policy, now):
        """Names of those that cosigned both; a line that does not verify accuses nobody, and shields nobody else."""
        both = []
        for name, key in policy.witnesses:
            if all(any(self.stamped(note, line, key, now) for line in note.signatures) for note in self.notes):
                both.append(name)
        return sorted(both, key=lambda name: name.encode())

    @staticmethod
    def stamped(note, line, key, now):
        signature = line[2]
        if key.type != 0x04 or line[:2] != (key.name, key.id) or len(signature) != 72:
            return False
        when = int.from_bytes(signature[:8], "big")
        message = f"cosignature/v1\ntime {when}\n{note.text}".encode()
        in_time = min(when, LAST_SECOND) <= min(now + TOLERANCE, LAST_SECOND)
        return 0 < when < 1 << 63 and in_time and key.key.verifies(message, signature[8:])


def check_evidence(request, report):
    now = request["now"] if request["now"] is not None else LAST_SECOND
    with report.trying("policy"), coded("policy-invalid"):
        policy = Policy(request["policy"])
    with report.trying("form"):
        evidence = Evidence(request["evidence"])
    with report.trying("halves"):
        evidence.halves(policy, now)
    with report.trying("contradiction"):
        report.facts = evidence.proves(policy, now)


# ---------------------------------------------------------------------------------------------------------------
# COSE receipts (section 5.6, RFC 9942): only the one encoding that the ledger writes.


def cbor_head(major, value):
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise Malformed


def cbor(value):
    """Deterministic CBOR of what COSE receipts are made of; pairs stand in the order given."""
    if isinstance(value, int):
        return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)
    if isinstance(value, bytes):
        return cbor_head(2, len(value)) + value
    if isinstance(value, str):
        return cbor_head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return cbor_head(4, len(value)) + b"".join(map(cbor, value))
    return cbor_head(5, len(value)) + b"".join(cbor(part) for pair in value.items() for part in pair)


class CborReader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        need(self.at + size <= len(self.data))
        self.at += size
        return self.data[self.at - size : self.at]

    def head(self, major):
        first = self.take(1)[0]
        need(first >> 5 == major and first & 31 < 28)
        more = first & 31
        return more if more < 24 else int.from_bytes(self.take(1 << more - 24), "big")

    def bytes(self):
        return self.take(self.head(2))

    def fixed(self, data):
        need(self.take(len(data)) == data)


class CoseReceipt:
    def __init__(self, data):
        need(len(data) <= 4_096)
        outer = CborReader(data)
        # Tag 18, an array of four.
        outer.fixed(b"\xd2\x84")
        self.protected = outer.bytes()
        outer.fixed(b"\xa1" + cbor(396) + b"\xa1" + cbor(-1) + b"\x81")
        proof = outer.bytes()
        outer.fixed(b"\xf6")
        self.signature = outer.bytes()
        need(outer.at == len(data))
        header = CborReader(self.protected)
        # {1: -7, 4: kid, 15: {1: origin}, 395: 1}
        header.fixed(b"\xa4\x01\x26\x04")
        self.kid = header.bytes()
        header.fixed(b"\x0f\xa1\x01")
        self.origin = decode_utf8(header.take(header.head(3)))
        inner = CborReader(proof)
        inner.fixed(b"\x83")
        self.size, self.index = inner.head(0), inner.head(0)
        self.path = [inner.bytes() for _ in range(inner.head(4))]
        need(self.index < self.size < 1 << 63 and all(len(node) == 32 for node in self.path))
        if not self.path:
            refuse("not-exported")
        need(is_origin(self.origin) and 1 <= len(self.kid) <= 64 and len(self.path) <= 63)
        need(self.protected == cbor({1: -7, 4: self.kid, 15: {1: self.origin}, 395: 1}))
        vdp = {-1: [cbor([self.size, self.index, self.path])]}
        need(data == b"\xd2\x84" + cbor(self.protected) + cbor({396: vdp}) + b"\xf6" + cbor(self.signature))

    def verify(self, leaf, key):
        root = root_of(leaf, self.index, self.size, self.path)
        if root is None:
            refuse("inclusion-invalid")
        signed = cbor(["Signature1", self.protected, b"", root])
        if key.algorithm != "ES256" or not key.verifies(signed, self.signature):
            refuse("log-signature-invalid")
        return root


def check_cose(request, report):
    with report.trying("form"), coded("malformed-receipt"):
        receipt = CoseReceipt(request["cose"])
    with report.trying("inclusion", "log"):
        root = receipt.verify(request["leaf"], request["key"])
    report.facts = {
        "origin": receipt.origin,
        "size": number(receipt.size),
        "index": number(receipt.index),
        "root": root.hex(),
        "kid": receipt.kid.hex(),
        "leafHash": leaf_hash(request["leaf"]).hex(),
    }


# ---------------------------------------------------------------------------------------------------------------
# Operator events: parameters documents (section 2.4).

VALUES = {"iatPast", "iatFuture", "listMin", "compromiseBackdating", "promise", "notice", "importMax"}
DETAILS = {"genesis": set(), "announced": set(), "applied": set(), "clock-accepted": {"step"}}
DETAILS["guard-adopted"] = {"size", "root"}


def parse_parameters(data):
    """A parameters document: closed, and in the one canonical form."""
    value = parse_json(data, 16_384)
    need(isinstance(value, dict) and canonical(value).encode() == data)
    need(set(value) - {"next"} == {"type", "previous", "event", "detail", "rules", "values"})
    need(text_of(value, "type") == "inkan-params/1" and is_rules(value["rules"]))
    if value["previous"] is not None:
        value["previous"] = decode_b64u(text_of(value, "previous"), 32)
    detail = value["detail"]
    need(isinstance(detail, dict) and set(detail) == DETAILS.get(text_of(value, "event")))
    need(all(is_count(detail[name]) for name in set(detail) - {"root"}))
    if "root" in detail:
        decode_b64u(text_of(detail, "root"), 32)
    check_values(value["values"])
    if "next" in value:
        following = value["next"]
        need(isinstance(following, dict) and set(following) == {"rules", "values", "notBefore"})
        need(is_rules(following["rules"]) and is_count(following["notBefore"]))
        need(following["notBefore"] <= LAST_SECOND)
        check_values(following["values"])
    return value


def is_rules(value):
    return is_count(value) and value == 1


def check_values(value):
    need(isinstance(value, dict) and set(value) == VALUES | {"kinds"})
    need(all(is_count(value[name]) for name in VALUES))
    kinds = value["kinds"]
    need(isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds))
    need(set(kinds) <= set(KINDS) - {"epoch"} and kinds == sorted(set(kinds)))


def may_follow(document, before, digest, time):
    """Whether a document may follow another, whose digest is given, in an epoch leaf of this time."""
    event, following = document["event"], document.get("next")
    same = (document["rules"], document["values"]) == (before["rules"], before["values"])
    announced = before.get("next")
    if document["previous"] != digest or event == "genesis":
        return False
    if event == "announced":
        notice = min(time + before["values"]["notice"], LAST_SECOND)
        return same and following is not None and following["notBefore"] >= notice
    if event == "applied":
        return (
            announced is not None
            and (document["rules"], document["values"]) == (announced["rules"], announced["values"])
            and following is None
            and time >= announced["notBefore"]
        )
    return same and following == announced


def check_parameters(request, report):
    now = request["now"] if request["now"] is not None else LAST_SECOND
    with report.trying("policy"), coded("policy-invalid"):
        policy = Policy(request["policy"])
    with report.trying("form", "log", "cosigners", "quorum", "inclusion", "leaf"):
        epochs = [epoch_of(data, policy, now) for data in request["receipts"]]
    with report.trying("parameters"), coded("params-invalid"):
        need(request["documents"] and len(request["documents"]) == len(epochs))
        events, before = [], None
        for data, (included, epoch) in zip(request["documents"], epochs):
            document, digest = parse_parameters(data), sha256(data)
            need(epoch["params"] == digest)
            if before is None:
                need(included.index == 0 and document["event"] == "genesis")
                need(document["previous"] is None and "next" not in document)
            else:
                old, name, place = before
                need(place.index < included.index and place.origin == included.origin)
                need(may_follow(document, old, name, included.leaf.time))
            before = document, digest, included
            place = {"index": number(included.index), "leafTime": included.leaf.time}
            events.append({"event": document["event"], "digest": digest.hex(), **place})
    report.facts = {
        "origin": epochs[-1][0].origin,
        "values": document["values"],
        "next": document.get("next"),
        "events": events,
    }


def epoch_of(data, policy, now):
    with coded("malformed-receipt"):
        sidecar = Sidecar.parse(data, None)
    included = Included(sidecar, Head(sidecar.proof.note, policy, now))
    with coded("malformed-leaf"):
        need(included.kind == "epoch")
        epoch = parse_epoch(included.leaf.body)
        need(epoch["size"] == included.index)
    return included, epoch


# ---------------------------------------------------------------------------------------------------------------
# Requests and answers.

CHECK_OF = {
    "policy-invalid": "policy",
    "unknown-log": "log",
    "log-signature-invalid": "log",
    "cosignature-invalid": "cosigners",
    "cosignature-in-future": "cosigners",
    "quorum-not-met": "quorum",
    "inclusion-invalid": "inclusion",
    "malformed-leaf": "leaf",
    "time-inconsistent": "leaf",
    "not-last-leaf": "leaf",
    "entry-signature-invalid": "entry",
    "not-home": "entry",
    "digest-mismatch": "opening",
    "opening-invalid": "opening",
    "act-mismatch": "opening",
    "act-superseded": "opening",
    "stale": "age",
    "map-proof-invalid": "map",
    "map-value-invalid": "map",
    "params-invalid": "parameters",
    "promise-broken": "promise",
    "promise-pending": "promise",
}
EXITS = {
    "policy-invalid": 8,
    "digest-mismatch": 11,
    "opening-invalid": 11,
    "act-mismatch": 11,
    "quorum-not-met": 15,
    "act-superseded": 16,
    "stale": 19,
    "unknown-log": 19,
    "not-home": 19,
    "promise-pending": 19,
}


class Report:
    def __init__(self, *checks):
        self.checks = dict.fromkeys(checks, "skipped")
        self.tried, self.facts = (), {}

    def trying(self, *checks):
        """These checks are made together, in this order."""
        self.tried = checks
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        if kind is None:
            self.checks.update(dict.fromkeys(self.tried, "pass"))

    def failed(self, code):
        # What is tried alone is what failed, whatever its code.
        alone = self.tried in (("entry",), ("halves",), ("contradiction",))
        check = self.tried[0] if alone else CHECK_OF.get(code, "form")
        if check in self.tried:
            self.checks.update(dict.fromkeys(self.tried[: self.tried.index(check)], "pass"))
        if check in self.checks:
            self.checks[check] = "fail"
        return {"ok": False, "code": code, "checks": self.checks}

    def held(self):
        return {"ok": True, "checks": self.checks, **self.facts}


def check_receipt(request, report):
    now = request["now"] if request["now"] is not None else LAST_SECOND
    with report.trying("policy"), coded("policy-invalid"):
        policy = Policy(request["policy"])
    with report.trying("form"), coded("malformed-receipt"):
        if request["leaf"] is not None:
            sidecar = Sidecar(request["leaf"], Proof(decode_utf8(request["receipt"])))
        else:
            sidecar = Sidecar.parse(request["receipt"], request["checkpoints"])
    with report.trying("log", "cosigners", "quorum"):
        head = Head(sidecar.proof.note, policy, now)
    with report.trying("inclusion", "leaf"):
        included = Included(sidecar, head)
        expect_leaf(included, request["kind"])
    # Whatever fails here is the check of the entry, also a receipt of the history.
    report.tried = ("entry",)
    entry = None
    if included.kind == "epoch":
        outcome, facts = "skipped", {}
    elif included.kind == "did":
        outcome, facts = judge_did(included, request, policy, now)
    else:
        with coded("entry-signature-invalid"):
            entry = SignedEntry(included.kind, included.leaf.body)
            need(entry.audience == included.origin)
        outcome, facts = judge_signed(included, entry, request, policy, now)
    report.checks["entry"] = outcome
    report.trying()
    artefact, opening = request["artefact"], sidecar.opening
    if artefact["opening"] is not None:
        with coded("malformed-receipt"):
            opening = parse_opening(artefact["opening"])
    if opening is not None:
        if entry is None:
            refuse("opening-invalid")
        report.checks["opening"] = check_opening(entry, opening, artefact)
    elif artefact["digest"] is not None:
        report.checks["opening"] = "not-checked"
    check_age(request, head, report)
    report.facts = {**head.facts(), **included.facts(), **facts}


def check_age(request, head, report):
    if request["maxAge"] is not None:
        head.check_fresh(request["maxAge"], request["now"])
        report.checks["age"] = "pass"


def expect_leaf(included, kind):
    with coded("malformed-leaf"):
        need(kind in (None, included.kind))
        if included.kind == "did":
            Entry(included.leaf.body)
        if included.kind == "epoch":
            epoch = parse_epoch(included.leaf.body)
            if kind == "epoch" and included.index + 1 != included.head.size:
                refuse("not-last-leaf")
            need(epoch["size"] == included.index)


def check_current(request, report):
    now = request["now"] if request["now"] is not None else LAST_SECOND
    with report.trying("policy"), coded("policy-invalid"):
        policy = Policy(request["policy"])
    with report.trying():
        with coded("map-proof-invalid"):
            key = map_key(request["kind"], request["parts"])
    with report.trying("form"):
        proof = CurrentProof(request["proof"])
    with report.trying("log", "cosigners", "quorum"):
        head = Head(proof.epoch.proof.note, policy, now)
    with report.trying("inclusion", "leaf", "map"):
        leaf = proof.verify(request["kind"], key, head)
    report.trying()
    artefact = request["artefact"]
    if artefact["digest"] is not None and artefact["opening"] is not None:
        with coded("malformed-receipt"):
            opening = parse_opening(artefact["opening"])
        try:
            need(leaf is not None)
            check_opening(SignedEntry(request["kind"], leaf.body), opening, artefact)
        except (Malformed, Refused):
            refuse("act-superseded")
        report.checks["opening"] = "pass"
    check_age(request, head, report)
    shown = None
    if leaf is not None:
        shown = {
            "kind": leaf.kind,
            "index": number(proof.value.index),
            "seq": number(proof.value.seq),
            "flags": proof.value.flags,
            "leafHash": proof.value.leaf_hash.hex(),
            "leafTime": {"time": leaf.time, "basis": "claimed"},
        }
    report.facts = {**head.facts(), **proof.included.facts(), "head": shown}


def primitive(request):
    of = request.get("of")
    if of == "leaf-hash":
        return leaf_hash(file_of(request, "leaf")).hex()
    if of == "commitment":
        salt, digest = file_of(request, "salt"), bytes.fromhex(request["digest"])
        return commitment(request["kind"], request["scid"], salt, digest).hex()
    if of == "map-key":
        return map_key(request["kind"], request["parts"]).hex()
    if of == "map-root":
        pairs = [
            (map_key(head["kind"], head["parts"]), sha256(MapValue(file_of(head, "value")).data))
            for head in request["heads"]
        ]
        return map_root(sorted(pairs)).hex()
    need(of == "tree-roots")
    return tree_roots([bytes.fromhex(leaf) for leaf in request["leafHashes"]])


def tree_roots(leaves):
    """The root after each leaf: complete subtrees are joined like the digits of a binary counter."""
    roots, stack = [], []
    for size, node in enumerate(leaves, 1):
        while not size & 1:
            node, size = sha256(b"\1", stack.pop(), node), size >> 1
        stack.append(node)
        root = stack[-1]
        for left in reversed(stack[:-1]):
            root = sha256(b"\1", left, root)
        roots.append(root.hex())
    return roots


def file_of(request, name):
    """The bytes of a file: its text, or {"b64": ...}."""
    value = request[name]
    try:
        if isinstance(value, str):
            return value.encode()
        need(isinstance(value, dict) and set(value) == {"b64"})
        return decode_b64(value["b64"])
    except (Malformed, AttributeError, TypeError):
        raise RequestError(name) from None


def read_request(request, needed, optional):
    """A request with every member there is, None where one is left out."""
    for name in request:
        if name not in needed | optional | {"check"}:
            raise RequestError(name)
    out = {}
    for name in needed | optional:
        if name not in request:
            if name in needed:
                raise RequestError(name)
            out[name] = None
        elif name in ("policy", "receipt", "leaf", "proof", "promise", "historyHead", "cose", "evidence"):
            out[name] = file_of(request, name)
        elif name in ("history", "receipts", "heads", "documents"):
            out[name] = [file_of({name: item}, name) for item in request[name]]
        else:
            out[name] = request[name]
    if "key" in out:
        try:
            out["key"] = Key.jwk(out["key"])
            need(out["key"] is not None)
        except (Malformed, TypeError):
            raise RequestError("key") from None
    for name in ("now", "maxAge"):
        if out.get(name) is not None and not (is_count(out[name]) and out[name] <= LAST_SECOND):
            raise RequestError(name)
    if out.get("maxAge") is not None and out.get("now") is None:
        raise RequestError("now")
    if out.get("kind") is not None and out["kind"] not in KINDS:
        raise RequestError("kind")
    if out.get("historyHead") is not None and out["history"] is None:
        raise RequestError("history")
    artefact = {name: out.pop(name, None) for name in ("opening", "act", "digest")}
    try:
        if artefact["digest"] is not None:
            artefact["digest"] = decode_b64u(artefact["digest"], 32)
        if artefact["act"] is not None:
            decode_b64u(artefact["act"], 32)
    except (Malformed, TypeError):
        raise RequestError("digest") from None
    out["artefact"] = artefact
    return out


TRUST = {"now", "maxAge", "digest", "act", "opening"}


def check(request):
    """Answers one request; the answer is the same as the Rust and JavaScript verifiers give."""
    asked = request.get("check")
    if asked == "receipt":
        optional = TRUST | {"leaf", "checkpoints", "kind", "history", "historyHead"}
        read = read_request(request, {"policy", "receipt"}, optional)
        report = Report(
            "policy", "form", "log", "cosigners", "quorum", "inclusion", "leaf", "entry", "opening", "age"
        )
        make = check_receipt
    elif asked == "current":
        read = read_request(request, {"policy", "proof", "kind", "parts"}, TRUST)
        report = Report(
            "policy", "form", "log", "cosigners", "quorum", "inclusion", "leaf", "map", "opening", "age"
        )
        make = check_current
    elif asked == "promise":
        read = read_request(request, {"policy", "promise"}, {"now", "receipts", "heads"})
        report = Report("policy", "form", "log", "promise")
        make = check_promise
    elif asked == "parameters":
        read = read_request(request, {"policy", "documents", "receipts"}, {"now"})
        report = Report("policy", "form", "log", "cosigners", "quorum", "inclusion", "leaf", "parameters")
        make = check_parameters
    elif asked == "evidence":
        read = read_request(request, {"policy", "evidence"}, {"now"})
        report = Report("policy", "form", "halves", "contradiction")
        make = check_evidence
    elif asked == "cose":
        read = read_request(request, {"cose", "leaf", "key"}, set())
        report = Report("form", "inclusion", "log")
        make = check_cose
    elif asked == "primitive":
        report = Report("form")
        try:
            return {"ok": True, "checks": {"form": "pass"}, "value": primitive(request)}
        except (Malformed, RequestError, KeyError, TypeError, ValueError):
            return report.failed("malformed-receipt")
    else:
        raise RequestError("check")
    try:
        make(read, report)
    except Refused as refused:
        return report.failed(refused.code)
    return report.held()


USAGE = """usage: inkan_receipt.py --policy FILE [options] RECEIPT
       inkan_receipt.py --policy FILE --current --kind KIND --part TEXT... PROOF
       inkan_receipt.py batch   one request per line on standard input, one answer per line on standard output
options: --leaf FILE, --kind KIND, --now SECONDS, --max-age SECONDS, --digest B64U, --act B64U, --history FILE
(once per DID entry of the signer), --history-head FILE; see the README beside this file
"""


def batch():
    for line in sys.stdin:
        print(json.dumps(check(json.loads(line)), ensure_ascii=False, separators=(",", ":")))
    return 0


def main(arguments):
    if arguments[:1] == ["batch"]:
        return batch()
    request, rest = {"check": "receipt"}, list(arguments)
    try:
        while rest:
            argument = rest.pop(0)
            if argument == "--current":
                request["check"] = "current"
            elif argument in ("--policy", "--leaf", "--history-head"):
                name = {"--history-head": "historyHead"}.get(argument, argument[2:])
                request[name] = read_file(rest.pop(0))
            elif argument == "--history":
                request.setdefault("history", []).append(read_file(rest.pop(0)))
            elif argument == "--part":
                request.setdefault("parts", []).append(rest.pop(0))
            elif argument in ("--kind", "--digest", "--act"):
                request[argument[2:]] = rest.pop(0)
            elif argument in ("--now", "--max-age"):
                request[{"--max-age": "maxAge"}.get(argument, "now")] = int(rest.pop(0))
            elif not argument.startswith("-") and "file" not in request:
                request["file"] = read_file(argument)
            else:
                raise RequestError(argument)
        request.setdefault("now", int(time.time()))
        request["proof" if request["check"] == "current" else "receipt"] = request.pop("file")
        answer = check(request)
    except (RequestError, KeyError, IndexError, ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}\n{USAGE}", file=sys.stderr, end="")
        return 2
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return 0 if answer["ok"] else EXITS.get(answer["code"], 18)


def read_file(path):
    with open(path, "rb") as file:
        return {"b64": b64(file.read())}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
