// @sd-jwt/sd-jwt-vc and @sd-jwt/jwt-status-list as issuer, holder and verifier. One JSON request on stdin, one JSON answer on
// stdout.
//
//   {"do":"keys"}                                                   ->  {"privateKey","publicKey"}
//   {"do":"issue","claims","frame","header","privateKey"}           ->  {"compact"}
//   {"do":"present","compact","disclose","nonce","aud","iat","privateKey"}
//                                                                   ->  {"compact"}
//   {"do":"verify","compact","publicKey" or "anchor" (a certificate that x5c must lead to),"required","nonce","aud","list","listKey","at"}
//                                                                   ->  {"verified":true,"claims"} | {"verified":false,"why"}
//   {"do":"issue-list","statuses","bits","payload","privateKey"}    ->  {"compact"}
//   {"do":"read-list","compact","indices"}                          ->  {"statuses"}
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { createHeaderAndPayload, getListFromStatusListJWT, StatusList } from '@sd-jwt/jwt-status-list';
import { digest, ES256, generateSalt } from '@sd-jwt/crypto-nodejs';
import { X509Certificate } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import { serve } from '../peer.mjs';

const base = { hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt, signAlg: ES256.alg };

/** The key binding is by the key that the issuer confirmed. */
async function confirmedKey(data, signature, payload) {
  const verifier = await ES256.getVerifier(payload.cnf.jwk);
  return verifier(data, signature);
}

/** The key of the certificate in the header, if that leads to the anchor and names who issued. */
function certifiedKey(compact, anchor) {
  const [header, payload] = compact.split('.', 2).map(part => JSON.parse(Buffer.from(part, 'base64url')));
  const [leaf, root] = [header.x5c[0], anchor].map(text => new X509Certificate(Buffer.from(text, 'base64')));
  if (!leaf.checkIssued(root) || !leaf.verify(root.publicKey)) throw new Error('the certificate leads elsewhere');
  if (!leaf.checkHost(new URL(payload.iss).hostname)) throw new Error('the certificate names somebody else');
  return leaf.publicKey.export({ format: 'jwk' });
}

const requests = {
  keys: () => ES256.generateKeyPair(),
  async issue({ claims, frame, header, privateKey }) {
    const instance = new SDJwtVcInstance({ ...base, signer: await ES256.getSigner(privateKey) });
    return { compact: await instance.issue(claims, frame, { header }) };
  },
  async present({ compact, disclose, nonce, aud, iat, privateKey }) {
    const kbSigner = await ES256.getSigner(privateKey);
    const instance = new SDJwtVcInstance({ ...base, kbSigner, kbSignAlg: ES256.alg });
    return { compact: await instance.present(compact, disclose, { kb: { payload: { iat, aud, nonce } } }) };
  },
  async verify({ compact, publicKey, anchor, required, nonce, aud, list, listKey, at }) {
    try {
      const instance = new SDJwtVcInstance({
        ...base,
        verifier: await ES256.getVerifier(publicKey ?? certifiedKey(compact, anchor)),
        kbVerifier: confirmedKey,
        statusListFetcher: async () => list,
        statusVerifier: listKey && await ES256.getVerifier(listKey),
      });
      const { payload, kb } = await instance.verify(compact, {
        requiredClaimKeys: required, keyBindingNonce: nonce, currentDate: at,
      });
      // The audience is the caller's to compare.
      if (nonce && kb?.payload.aud !== aud) throw new Error(`audience is ${kb?.payload.aud}`);
      return { verified: true, claims: payload };
    } catch (error) {
      return { verified: false, why: error.message };
    }
  },
  async 'issue-list'({ statuses, bits, payload: claims, kid, privateKey }) {
    const list = new StatusList(statuses, bits);
    const { header, payload } = createHeaderAndPayload(list, claims, { alg: 'ES256', kid });
    const key = await importJWK(privateKey, 'ES256');
    return { compact: await new SignJWT(payload).setProtectedHeader(header).sign(key) };
  },
  'read-list'({ compact, indices }) {
    const list = getListFromStatusListJWT(compact);
    return { statuses: indices.map(index => list.getStatus(index)) };
  },
};

await serve(asked => requests[asked.do](asked));
