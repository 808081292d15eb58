// The Data Integrity suites of @digitalbazaar, by the names of their specifications, and documents from memory alone.
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { contexts as credentialsContexts } from '@digitalbazaar/credentials-context';
import { cryptosuite as eddsaRdfc } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import { cryptosuite as ecdsaRdfc } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import * as eddsaJcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as ecdsaJcs from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as ecdsaSd from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as bbs from '@digitalbazaar/bbs-2023-cryptosuite';
import * as Bls12381Multikey from '@digitalbazaar/bls12-381-multikey';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';

const ed25519 = () => Ed25519Multikey.generate();
const curve = name => () => EcdsaMultikey.generate({ curve: name });

const bls = () => Bls12381Multikey.generateBbsKeyPair({ algorithm: Bls12381Multikey.ALGORITHMS.BBS_BLS12381_SHA256 });
const selective = (library, generate) => ({
  sign: ({ mandatoryPointers }) => library.createSignCryptosuite({ mandatoryPointers }),
  disclose: ({ selectivePointers, presentationHeader }) =>
    library.createDiscloseCryptosuite({ selectivePointers, presentationHeader }),
  verify: () => library.createVerifyCryptosuite(),
  generate,
});

/** One entry per suite and curve. */
export const suites = {
  'eddsa-rdfc-2022': { sign: () => eddsaRdfc, verify: () => eddsaRdfc, generate: ed25519 },
  'ecdsa-rdfc-2019 P-256': { sign: () => ecdsaRdfc, verify: () => ecdsaRdfc, generate: curve('P-256') },
  'ecdsa-rdfc-2019 P-384': { sign: () => ecdsaRdfc, verify: () => ecdsaRdfc, generate: curve('P-384') },
  'eddsa-jcs-2022': {
    sign: () => eddsaJcs.createSignCryptosuite(),
    verify: () => eddsaJcs.createVerifyCryptosuite(),
    generate: ed25519,
  },
  'ecdsa-jcs-2019 P-256': {
    sign: () => ecdsaJcs.createSignCryptosuite(),
    verify: () => ecdsaJcs.createVerifyCryptosuite({ requiredAlgorithm: 'P-256' }),
    generate: curve('P-256'),
  },
  'ecdsa-jcs-2019 P-384': {
    sign: () => ecdsaJcs.createSignCryptosuite(),
    verify: () => ecdsaJcs.createVerifyCryptosuite({ requiredAlgorithm: 'P-384' }),
    generate: curve('P-384'),
  },
  'ecdsa-sd-2023': selective(ecdsaSd, curve('P-256')),
  'bbs-2023': selective(bbs, bls),
};

/** Somebody with a key of this run and its did:key. */
export async function party(generate) {
  const key = await generate();
  const { publicKeyMultibase } = await key.export({ publicKey: true });
  const did = `did:key:${publicKeyMultibase}`;
  key.controller = did;
  key.id = `${did}#${publicKeyMultibase}`;
  const didDocument = {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    verificationMethod: [{ id: key.id, type: 'Multikey', controller: did, publicKeyMultibase }],
    assertionMethod: [key.id],
    authentication: [key.id],
  };
  return { key, did, publicKeyMultibase, didDocument };
}

export function signing(suite, { key }, options = {}) {
  return new DataIntegrityProof({ signer: key.signer(), cryptosuite: suites[suite].sign(options) });
}

export function disclosing(suite, options) {
  return new DataIntegrityProof({ cryptosuite: suites[suite].disclose(options) });
}

export function verifying(suite) {
  return new DataIntegrityProof({ cryptosuite: suites[suite].verify() });
}

/** Hands out the contexts of the specifications, the DID documents given, and other documents by their URL. */
export function loader(didDocuments = [], documents = {}) {
  const found = (documentUrl, document) => ({ contextUrl: null, documentUrl, document });
  return async url => {
    if (credentialsContexts.has(url)) return found(url, credentialsContexts.get(url));
    if (documents[url]) return found(url, documents[url]);
    for (const didDocument of didDocuments) {
      if (didDocument.id === url) return found(url, didDocument);
      const method = didDocument.verificationMethod.find(({ id }) => id === url);
      if (method) {
        return found(url, { '@context': 'https://w3id.org/security/multikey/v1', ...method });
      }
    }
    throw new Error(`not to be loaded: ${url}`);
  };
}

/** Why something was not verified, as far as the library says. */
export function why(result) {
  const errors = [];
  const collect = error => {
    if (!error) return;
    errors.push(error.message);
    for (const inner of error.errors ?? []) collect(inner);
  };
  collect(result.error);
  for (const inner of [...result.results ?? [], ...result.credentialResults ?? []]) {
    errors.push(...why(inner));
  }
  return errors;
}
