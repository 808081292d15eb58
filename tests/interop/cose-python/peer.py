"""COSE_Sign1 (RFC 9052) by PyPI cbor2 and cryptography: signs and verifies credentials and presentations (VC-JOSE-COSE, section 3.3).
One JSON request on stdin, or a list of them, one JSON answer to each on stdout. Bytes are hexadecimal.

{"do":"sign","alg","kid","typ","contentType","payload","where"} ->  {"message","jwk"}; a key is made, "where" the kid is: "protected" or "unprotected"
{"do":"verify","message","jwk"}                                 ->  {"verified":true,"payload","typ","contentType","kid"} | {"verified":false,"why"}
"""

import base64
import json
import socket
import sys

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils


def refuse(*_arguments, **_named):
    raise RuntimeError("no network in tests")


socket.socket.connect = refuse
socket.getaddrinfo = refuse

CURVES = {"ES256": (-7, "P-256", ec.SECP256R1(), hashes.SHA256(), 32), "ES384": (-35, "P-384", ec.SECP384R1(), hashes.SHA384(), 48)}
EDDSA = -8
KID, CONTENT_TYPE, TYP = 4, 3, 16


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_be_signed(protected, payload):
    return cbor2.dumps(["Signature1", protected, b"", payload])


def sign(asked):
    alg = asked["alg"]
    headers = {1: EDDSA if alg == "EdDSA" else CURVES[alg][0], TYP: asked["typ"], CONTENT_TYPE: asked["contentType"]}
    outside = {}
    (headers if asked["where"] == "protected" else outside)[KID] = asked["kid"].encode()
    protected, payload = cbor2.dumps(headers), json.dumps(asked["payload"]).encode()
    signed = to_be_signed(protected, payload)
    if alg == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        signature = key.sign(signed)
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64u(key.public_key().public_bytes_raw())}
    else:
        _, name, curve, digest, size = CURVES[alg]
        key = ec.generate_private_key(curve)
        signature = b"".join(n.to_bytes(size, "big") for n in utils.decode_dss_signature(key.sign(signed, ec.ECDSA(digest))))
        numbers = key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": name, "x": b64u(numbers.x.to_bytes(size, "big")), "y": b64u(numbers.y.to_bytes(size, "big"))}
    message = cbor2.dumps(cbor2.CBORTag(18, [protected, outside, payload, signature]))
    return {"message": message.hex(), "jwk": jwk}


def verify(asked):
    message, jwk = cbor2.loads(bytes.fromhex(asked["message"])), asked["jwk"]
    assert isinstance(message, cbor2.CBORTag) and message.tag == 18, "no COSE_Sign1"
    protected, outside, payload, signature = message.value
    headers, signed = cbor2.loads(protected), to_be_signed(protected, payload)
    if jwk["kty"] == "OKP":
        assert headers[1] == EDDSA, "alg"
        ed25519.Ed25519PublicKey.from_public_bytes(unb64u(jwk["x"])).verify(signature, signed)
    else:
        alg, _, curve, digest, size = next(one for one in CURVES.values() if one[1] == jwk["crv"])
        assert headers[1] == alg and len(signature) == 2 * size, "alg"
        r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
        numbers = ec.EllipticCurvePublicNumbers(*(int.from_bytes(unb64u(jwk[name]), "big") for name in ("x", "y")), curve)
        numbers.public_key().verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(digest))
    return {
        "verified": True,
        "payload": json.loads(payload),
        "typ": headers[TYP],
        "contentType": headers[CONTENT_TYPE],
        "kid": headers.get(KID, outside.get(KID, b"")).decode(),
    }


def answer(asked):
    if asked["do"] == "sign":
        return sign(asked)
    try:
        return verify(asked)
    except Exception as error:  # whatever it raises is a refusal
        return {"verified": False, "why": f"{type(error).__name__}: {error}"}


request = json.load(sys.stdin)
json.dump([answer(one) for one in request] if isinstance(request, list) else answer(request), sys.stdout)
