// @digitalbazaar/data-integrity with its JCS suites, as signer and verifier. One JSON request on stdin, one JSON answer
// on stdout.
//
//   {"do":"sign","suite","credential"}               ->  {"document","did","method","publicKeyMultibase"}   a fresh did:key each time
//   {"do":"verify","suite","document","didDocument"} ->  {"verified":true} | {"verified":false,"why"}
import { createSignCryptosuite, createVerifyCryptosuite } from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as ecdsaSuite from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import jsigs from 'jsonld-signatures';
import { answer, offline, request } from '../peer.mjs';

const { purposes: { AssertionProofPurpose } } = jsigs;
const suites = {
  'eddsa-jcs-2022': {
    sign: () => createSignCryptosuite(),
    verify: () => createVerifyCryptosuite(),
    generate: () => Ed25519Multikey.generate(),
  },
  'ecdsa-jcs-2019': {
    sign: () => ecdsaSuite.createSignCryptosuite(),
    verify: () => ecdsaSuite.createVerifyCryptosuite({ requiredAlgorithm: 'P-256' }),
    generate: () => EcdsaMultikey.generate({ curve: 'P-256' }),
  },
};

/** Hands out the one DID document of this request, and its verification methods. */
function loader(didDocument) {
  return async url => {
    const method = didDocument?.verificationMethod?.find(({ id }) => id === url);
    if (method) {
      const context = 'https://w3id.org/security/multikey/v1';
      return { contextUrl: null, documentUrl: url, document: { '@context': context, ...method } };
    }
    if (url === didDocument?.id) {
      return { contextUrl: null, documentUrl: url, document: didDocument };
    }
    throw new Error(`not to be loaded: ${url}`);
  };
}

offline();
const { do: what, suite, credential, document, didDocument } = await request();
const { sign, verify, generate } = suites[suite];
if (what === 'sign') {
  const key = await generate();
  const { publicKeyMultibase } = await key.export({ publicKey: true });
  const did = `did:key:${publicKeyMultibase}`;
  key.controller = did;
  key.id = `${did}#${publicKeyMultibase}`;
  const proof = new DataIntegrityProof({ signer: key.signer(), cryptosuite: sign() });
  const signed = await jsigs.sign({ ...credential, issuer: did }, {
    suite: proof, purpose: new AssertionProofPurpose(), documentLoader: loader(),
  });
  answer({ document: signed, did, method: key.id, publicKeyMultibase });
} else {
  const result = await jsigs.verify(document, {
    suite: new DataIntegrityProof({ cryptosuite: verify() }),
    purpose: new AssertionProofPurpose(),
    documentLoader: loader(didDocument),
  });
  const why = result.error?.errors?.map(({ message }) => message) ?? result.error?.message;
  answer(result.verified ? { verified: true } : { verified: false, why });
}
