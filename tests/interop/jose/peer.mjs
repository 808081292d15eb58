// npm `jose` as signer and verifier of `vc+jwt` and `vp+jwt`. One JSON request on stdin, one JSON answer on stdout.
//
//   {"do":"sign","alg","kid","typ","cty","payload"}  ->  {"compact","jwk"}      a fresh key each time
//   {"do":"verify","compact","jwk","typ"}            ->  {"verified":true,"header","payload"} | {"verified":false,"why"}
import { exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose';
import { answer, offline, request } from '../peer.mjs';

offline();
const { do: what, alg, kid, typ, cty, payload, compact, jwk } = await request();
if (what === 'sign') {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const signed = new SignJWT(payload).setProtectedHeader({ alg, kid, typ, cty });
  answer({ compact: await signed.sign(privateKey), jwk: await exportJWK(publicKey) });
} else {
  try {
    const key = await importJWK(jwk, jwk.kty === 'OKP' ? 'EdDSA' : jwk.crv === 'P-384' ? 'ES384' : 'ES256');
    const result = await jwtVerify(compact, key, { typ, algorithms: ['EdDSA', 'Ed25519', 'ES256', 'ES384'] });
    answer({ verified: true, header: result.protectedHeader, payload: result.payload });
  } catch (error) {
    answer({ verified: false, why: error.code ?? error.message });
  }
}
