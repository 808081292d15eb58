// @digitalbazaar/vc with its Data Integrity suites and its Bitstring Status List, as issuer, holder and verifier. One JSON
// request on stdin, one JSON answer on stdout; keys are made for each request.
//
//   {"do":"issue","suite","credential","mandatoryPointers","now"} ->  {"document","didDocument","publicKeyMultibase"}
//   {"do":"derive","suite","document","selectivePointers"}        ->  {"document"}
//   {"do":"verify","suite","document","didDocuments","now"}       ->  {"verified":true} | {"verified":false,"why"}
//   {"do":"time","suite","document","didDocuments","now","rounds"} ->  {"microseconds"}   the median of so many, once warm
//   {"do":"present","suite","credentials","challenge","domain"}   ->  as issue
//   {"do":"verify-presentation","suites","document","didDocuments","challenge","domain","now"}
//                                                                 ->  as verify
//   {"do":"issue-list","suite","id","length","set"}               ->  as issue
//   {"do":"status","suite","document","list","didDocuments"}      ->  as verify, and "set"
import * as vc from '@digitalbazaar/vc';
import {
  checkStatus, createCredential, createList,
} from '@digitalbazaar/vc-bitstring-status-list';
import { serve } from '../peer.mjs';
import { disclosing, loader, party, signing, suites, verifying, why } from './suites.mjs';

const made = (document, { didDocument, publicKeyMultibase }) => ({ document, didDocument, publicKeyMultibase });
const judged = result => result.verified ? { verified: true } : { verified: false, why: why(result) };

const requests = {
  async issue({ suite, credential, mandatoryPointers, now }) {
    const issuer = await party(suites[suite].generate);
    // vc.issue() changes its input.
    const copy = structuredClone({ ...credential, issuer: issuer.did });
    const signer = signing(suite, issuer, { mandatoryPointers });
    return made(await vc.issue({ credential: copy, suite: signer, documentLoader: loader(), now }), issuer);
  },
  async derive({ suite, document, selectivePointers }) {
    return {
      document: await vc.derive({
        verifiableCredential: document, suite: disclosing(suite, { selectivePointers }), documentLoader: loader(),
      }),
    };
  },
  async verify({ suite, document, didDocuments, now }) {
    return judged(await vc.verifyCredential({
      credential: document, suite: verifying(suite), documentLoader: loader(didDocuments), now,
    }));
  },
  async time({ suite, document, didDocuments, now, rounds }) {
    const times = [];
    for (let round = 0; round < 2 * rounds; round++) {
      const start = process.hrtime.bigint();
      const result = await vc.verifyCredential({
        credential: document, suite: verifying(suite), documentLoader: loader(didDocuments), now,
      });
      const took = Number(process.hrtime.bigint() - start) / 1000;
      if (!result.verified) throw new Error(JSON.stringify(why(result)));
      if (round >= rounds) times.push(took);
    }
    return { microseconds: times.sort((a, b) => a - b)[rounds >> 1] };
  },
  async present({ suite, credentials, challenge, domain }) {
    const holder = await party(suites[suite].generate);
    const presentation = vc.createPresentation({
      verifiableCredential: credentials, holder: holder.did, version: 2.0, verify: false,
    });
    const signed = await vc.signPresentation({
      presentation, suite: signing(suite, holder), challenge, domain, documentLoader: loader(),
    });
    return made(signed, holder);
  },
  async 'verify-presentation'({ suites: names, document, didDocuments, challenge, domain, now }) {
    return judged(await vc.verify({
      presentation: document, suite: [...new Set(names)].map(verifying), challenge, domain,
      documentLoader: loader(didDocuments), now,
    }));
  },
  async 'issue-list'({ suite, id, length, set }) {
    const issuer = await party(suites[suite].generate);
    const list = await createList({ length });
    for (const index of set) list.setStatus(index, true);
    const unsigned = await createCredential({ id, list, statusPurpose: 'revocation' });
    const credential = { ...unsigned, issuer: issuer.did };
    return made(await vc.issue({ credential, suite: signing(suite, issuer), documentLoader: loader() }), issuer);
  },
  async status({ suite, document, list, didDocuments }) {
    const documents = { [document.credentialStatus.statusListCredential]: list };
    const documentLoader = loader(didDocuments, documents);
    const result = await checkStatus({
      credential: document, suite: verifying(suite), documentLoader, verifyBitstringStatusListCredential: true,
    });
    return { ...judged(result), set: result.verified ? result.results.some(({ status }) => status) : null };
  },
};

await serve(asked => requests[asked.do](asked));
