// npm `didwebvh-ts` as resolver. One JSON request on stdin, one JSON answer on stdout.
//
//   {"log":[entries],"versionNumber"?}  ->  {"resolved":true,"did","document","versionId"} | {"resolved":false,"why"}
import { createPublicKey, verify } from 'node:crypto';
import { resolveDIDFromLog } from 'didwebvh-ts';
import { answer, offline, request } from '../peer.mjs';

/** Ed25519 by node itself; the raw key is wrapped into the SPKI form that node reads. */
const verifier = {
  async verify(signature, message, publicKey) {
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey)]);
    return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
  },
};

offline();
console.log = console.warn = console.error = () => {};
const { log, versionNumber } = await request();
try {
  const { did, doc, meta } = await resolveDIDFromLog(log, { verifier, versionNumber });
  if (meta.error || !doc) throw new Error(meta.error ?? 'no document');
  answer({ resolved: true, did, document: doc, versionId: meta.versionId });
} catch (error) {
  answer({ resolved: false, why: error.message });
}
