// npm `jose` as signer and verifier of `vc+jwt` and `vp+jwt`. One JSON request on stdin, one JSON answer on stdout.
//
//   {"do":"sign","alg","kid","typ","cty","payload"}  ->  {"compact","jwk"}      a fresh key each time
//   {"do":"verify","compact","jwk","typ"}            ->  {"verified":true,"header","payload"} | {"verified":false,"why"}
//
// And of SD-JWT VCs whose issuer is an https URL: its key is in what it publishes under `/.well-known/jwt-vc-issuer`. `served` is what the
// network would give: URLs and documents.
//
//   {"do":"issue-at-url","alg","kid","claims","hidden"}  ->  {"compact","served"}      a fresh key each time; "hidden" names claims, "at" is in seconds
//   {"do":"verify-at-url","compact","served","at"}       ->  {"verified":true,"claims"} | {"verified":false,"why"}
import { createHash, randomBytes } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose';
import { answer, offline, request } from '../peer.mjs';

const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384'];
const digest = (text) => createHash('sha256').update(text).digest('base64url');

/** Between host and path (draft-ietf-oauth-sd-jwt-vc, section 5). */
function placeOf(issuer) {
  const { protocol, origin, pathname } = new URL(issuer);
  if (protocol !== 'https:') throw new Error('no https issuer');
  return `${origin}/.well-known/jwt-vc-issuer${pathname.replace(/\/$/, '')}`;
}

async function verifyAtUrl({ compact, served, at }) {
  const [jwt, ...disclosures] = compact.split('~');
  if (disclosures.pop() !== '') throw new Error('a key binding, or no SD-JWT');
  const { iss } = decodeJwt(jwt);
  const metadata = served[placeOf(iss)];
  if (metadata?.issuer !== iss) throw new Error('no metadata of this issuer');
  const keys = createLocalJWKSet(metadata.jwks);
  const { payload } = await jwtVerify(jwt, keys, { typ: 'dc+sd-jwt', issuer: iss, algorithms: ALGORITHMS, currentDate: new Date(at * 1000) });
  const { _sd = [], _sd_alg, ...claims } = payload;
  for (const disclosure of disclosures) {
    if (!_sd.includes(digest(disclosure))) throw new Error('a disclosure of nothing');
    const [, name, value] = JSON.parse(Buffer.from(disclosure, 'base64url'));
    claims[name] = value;
  }
  return { verified: true, claims };
}

async function issueAtUrl({ alg, kid, claims, hidden }) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const disclosures = hidden.map((name) => Buffer.from(JSON.stringify([randomBytes(16).toString('base64url'), name, claims[name]])).toString('base64url'));
  const shown = Object.fromEntries(Object.entries(claims).filter(([name]) => !hidden.includes(name)));
  const payload = { ...shown, _sd: disclosures.map(digest).sort(), _sd_alg: 'sha-256' };
  const jwt = await new SignJWT(payload).setProtectedHeader({ alg, kid, typ: 'dc+sd-jwt' }).sign(privateKey);
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  const served = { [placeOf(claims.iss)]: { issuer: claims.iss, jwks: { keys: [jwk] } } };
  return { compact: [jwt, ...disclosures, ''].join('~'), served };
}

offline();
const asked = await request();
const { do: what, alg, kid, typ, cty, payload, compact, jwk } = asked;
if (what === 'sign') {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const signed = new SignJWT(payload).setProtectedHeader({ alg, kid, typ, cty });
  answer({ compact: await signed.sign(privateKey), jwk: await exportJWK(publicKey) });
} else if (what === 'issue-at-url') {
  answer(await issueAtUrl(asked));
} else {
  try {
    if (what === 'verify-at-url') {
      answer(await verifyAtUrl(asked));
    } else {
      const key = await importJWK(jwk, jwk.kty === 'OKP' ? 'EdDSA' : jwk.crv === 'P-384' ? 'ES384' : 'ES256');
      const result = await jwtVerify(compact, key, { typ, algorithms: ALGORITHMS });
      answer({ verified: true, header: result.protectedHeader, payload: result.payload });
    }
  } catch (error) {
    answer({ verified: false, why: error.code ?? error.message });
  }
}
