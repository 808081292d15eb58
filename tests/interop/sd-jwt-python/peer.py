"""PyPI sd-jwt with jwcrypto as issuer, holder and verifier of SD-JWT. One JSON request on stdin, or a list
of them, one JSON answer to each on stdout.

{"do":"keys","curve"}                                            ->  {"privateKey","publicKey"}
{"do":"issue","claims","conceal","header","privateKey","holder"} ->  {"compact"}
{"do":"present","compact","disclose","nonce","aud","privateKey"} ->  {"compact"}
{"do":"verify","compact","publicKey","nonce","aud"}              ->  {"verified":true,"claims"} | {"verified":false,"why"}
{"do":"verify-jws","compact","publicKey","alg"}                  ->  the same for a plain JWS, by jwcrypto alone
{"do":"sign-jws","payload","header","privateKey"}                ->  {"compact"}
"""

import json
import socket
import sys

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier


def refuse(*_arguments, **_named):
    raise RuntimeError("no network in tests")


socket.socket.connect = refuse
socket.getaddrinfo = refuse


def key(jwk):
    return JWK.from_json(json.dumps(jwk))


def concealed(claims, conceal):
    """Marks members and elements as disclosable: `conceal` has the shape of the claims, with true at each of them."""
    if isinstance(claims, dict):
        return {
            SDObj(name) if mark(conceal, name) else name: concealed(value, inner(conceal, name))
            for name, value in claims.items()
        }
    if isinstance(claims, list):
        return [
            SDObj(value) if mark(conceal, at) else concealed(value, inner(conceal, at))
            for at, value in enumerate(claims)
        ]
    return claims


def inner(conceal, at):
    if isinstance(conceal, dict):
        return conceal.get(str(at))
    return None


def mark(conceal, at):
    """{"x":true} conceals x; {"x":{"":true,"y":true}} conceals x, and y within it."""
    found = inner(conceal, at)
    return found is True or (isinstance(found, dict) and found.get("") is True)


def answer(asked):
    what = asked["do"]
    if what == "keys":
        curve = asked.get("curve", "P-256")
        made = JWK.generate(kty="OKP" if curve == "Ed25519" else "EC", crv=curve)
        return {"privateKey": json.loads(made.export_private()), "publicKey": json.loads(made.export_public())}
    if what == "issue":
        issuer = SDJWTIssuer(
            concealed(asked["claims"], asked["conceal"]),
            key(asked["privateKey"]),
            key(asked["holder"]) if "holder" in asked else None,
            add_decoy_claims=asked.get("decoys", False),
            extra_header_parameters=asked["header"],
        )
        return {"compact": issuer.sd_jwt_issuance}
    if what == "present":
        holder = SDJWTHolder(asked["compact"])
        holder.create_presentation(asked["disclose"], asked["nonce"], asked["aud"], key(asked["privateKey"]))
        return {"compact": holder.sd_jwt_presentation}
    if what == "verify":
        try:
            verifier = SDJWTVerifier(
                asked["compact"], lambda _issuer, _header: key(asked["publicKey"]), asked.get("aud"), asked.get("nonce")
            )
            return {"verified": True, "claims": verifier.get_verified_payload()}
        except Exception as error:  # whatever it raises is a refusal
            return {"verified": False, "why": f"{type(error).__name__}: {error}"}
    if what == "verify-jws":
        try:
            jws = JWS()
            jws.deserialize(asked["compact"], key(asked["publicKey"]), asked["alg"])
            return {"verified": True, "claims": json.loads(jws.payload), "header": jws.jose_header}
        except Exception as error:  # whatever it raises is a refusal
            return {"verified": False, "why": f"{type(error).__name__}: {error}"}
    if what == "sign-jws":
        jws = JWS(json.dumps(asked["payload"]))
        jws.add_signature(key(asked["privateKey"]), None, json.dumps(asked["header"]))
        return {"compact": jws.serialize(compact=True)}
    raise ValueError(f"unknown request: {what}")


request = json.load(sys.stdin)
json.dump([answer(one) for one in request] if isinstance(request, list) else answer(request), sys.stdout)
