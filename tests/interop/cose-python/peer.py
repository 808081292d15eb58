"""COSE_Sign1 (RFC 9052) by PyPI cbor2 and cryptography: signs and verifies credentials and presentations (VC-JOSE-COSE, section 3.3).
One JSON request on stdin, or a list of them, one JSON answer to each on stdout. Bytes are hexadecimal.

{"do":"sign","alg","kid","typ","contentType","payload","where"} ->  {"message","jwk"}; a key is made, "where" the kid is: "protected" or "unprotected"
{"do":"verify","message","jwk"}                                 ->  {"verified":true,"payload","typ","contentType","kid"} | {"verified":false,"why"}

The same by certificates (x5chain, RFC 9360), those of P-256 alone: {"do":"key"} -> {"privateKey","jwk"}; "sign" with "privateKey" and "x5chain" (a list) in the
place of "kid"; "verify" with "anchor" and "at" (seconds) in the place of "jwk": a path to that anchor, whose first certificate names the issuer or the holder.
"""

import base64
import json
import socket
import sys
from datetime import datetime, timezone
from urllib.parse import urlsplit

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils


def refuse(*_arguments, **_named):
    raise RuntimeError("no network in tests")


socket.socket.connect = refuse
socket.getaddrinfo = refuse

CURVES = {"ES256": (-7, "P-256", ec.SECP256R1(), hashes.SHA256(), 32), "ES384": (-35, "P-384", ec.SECP384R1(), hashes.SHA384(), 48)}
EDDSA = -8
KID, CONTENT_TYPE, TYP, X5CHAIN = 4, 3, 16, 33


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
    place = headers if asked["where"] == "protected" else outside
    if "x5chain" in asked:
        chain = [bytes.fromhex(one) for one in asked["x5chain"]]
        place[X5CHAIN] = chain[0] if len(chain) == 1 else chain
    else:
        place[KID] = asked["kid"].encode()
    protected, payload = cbor2.dumps(headers), json.dumps(asked["payload"]).encode()
    signed = to_be_signed(protected, payload)
    if alg == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        signature = key.sign(signed)
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64u(key.public_key().public_bytes_raw())}
    else:
        _, _, curve, digest, size = CURVES[alg]
        key = ec.generate_private_key(curve)
        if "privateKey" in asked:
            key = serialization.load_pem_private_key(asked["privateKey"].encode(), None)
        signature = b"".join(n.to_bytes(size, "big") for n in utils.decode_dss_signature(key.sign(signed, ec.ECDSA(digest))))
        jwk = jwk_of(key.public_key(), alg)
    message = cbor2.dumps(cbor2.CBORTag(18, [protected, outside, payload, signature]))
    return {"message": message.hex(), "jwk": jwk}


def jwk_of(key, alg):
    _, name, _, _, size = CURVES[alg]
    numbers = key.public_numbers()
    return {"kty": "EC", "crv": name, "x": b64u(numbers.x.to_bytes(size, "big")), "y": b64u(numbers.y.to_bytes(size, "big"))}


def new_key():
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"privateKey": pem.decode(), "jwk": jwk_of(key.public_key(), "ES256")}


def certified(chain, said, asked):
    """The key of the first certificate, which names who signs, on a path to the anchor."""
    anchor, at = x509.load_der_x509_certificate(bytes.fromhex(asked["anchor"])), datetime.fromtimestamp(asked["at"], timezone.utc)
    chain = [x509.load_der_x509_certificate(one) for one in (chain if isinstance(chain, list) else [chain])]
    for certificate, above in zip(chain, [*chain[1:], anchor]):
        certificate.verify_directly_issued_by(above)
        assert certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc, "time"
        assert above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, "authority"
    signer = said["issuer"] if "issuer" in said else said["holder"]
    names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    named = names.get_values_for_type(x509.UniformResourceIdentifier)
    assert signer in named or urlsplit(signer).hostname in names.get_values_for_type(x509.DNSName), "name"
    return jwk_of(chain[0].public_key(), "ES256")


def verify(asked):
    message = cbor2.loads(bytes.fromhex(asked["message"]))
    assert isinstance(message, cbor2.CBORTag) and message.tag == 18, "no COSE_Sign1"
    protected, outside, payload, signature = message.value
    headers, signed = cbor2.loads(protected), to_be_signed(protected, payload)
    if "anchor" in asked:
        jwk = certified(headers.get(X5CHAIN, outside.get(X5CHAIN)), json.loads(payload), asked)
    else:
        jwk = asked["jwk"]
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
    if asked["do"] == "key":
        return new_key()
    if asked["do"] == "sign":
        return sign(asked)
    try:
        return verify(asked)
    except Exception as error:  # whatever it raises is a refusal
        return {"verified": False, "why": f"{type(error).__name__}: {error}"}


request = json.load(sys.stdin)
json.dump([answer(one) for one in request] if isinstance(request, list) else answer(request), sys.stdout)
