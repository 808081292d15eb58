"""Reads our COSE receipts (RFC 9942) with a CBOR library of others, and verifies them as RFC 9052 says.

Peer of tests/tests/receipt_vectors.rs: needs `cbor2` and `cryptography`. Usage: cose_receipts.py vectors/cose.json
"""

import base64
import hashlib
import json
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils


def b64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def node(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaf, index, size, path):
    """Recursive, as RFC 9162 section 2.1.3.1 makes paths: an oracle for the loop that verifiers use."""
    if size == 1:
        return node(b"\0", leaf)
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        return node(b"\1", root_of(leaf, index, split, path[:-1]), path[-1])
    return node(b"\1", path[-1], root_of(leaf, index - split, size - split, path[:-1]))


def verify(receipt, leaf, jwk):
    message = cbor2.loads(receipt)
    assert isinstance(message, cbor2.CBORTag) and message.tag == 18
    protected, unprotected, payload, signature = message.value
    header = cbor2.loads(protected)
    assert header[1] == -7 and header[395] == 1 and payload is None
    (proof,) = unprotected[396][-1]
    size, index, path = cbor2.loads(proof)
    root = root_of(leaf, index, size, path)
    signed = cbor2.dumps(["Signature1", protected, b"", root])
    key = ec.EllipticCurvePublicNumbers(
        *(int.from_bytes(b64u(jwk[name]), "big") for name in ("x", "y")), ec.SECP256R1()
    ).public_key()
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return {"origin": header[15][1], "size": size, "index": index, "root": root.hex()}


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    read = 0
    for case in vectors["cases"]:
        request = {**vectors["defaults"], **case["request"]}
        if not case["expect"]["ok"]:
            continue
        receipt, leaf = (base64.b64decode(request[name]["b64"]) for name in ("cose", "leaf"))
        try:
            found = verify(receipt, leaf, request["key"])
        except InvalidSignature:
            sys.exit(f"{case['name']}: the signature does not verify")
        for name, value in found.items():
            if case["expect"].get(name, value) != value:
                sys.exit(f"{case['name']}: {name} is {value}")
        read += 1
    print(f"{read} COSE receipts read")


if __name__ == "__main__":
    main(sys.argv[1])
