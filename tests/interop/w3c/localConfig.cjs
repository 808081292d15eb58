// What the test suites of the W3C are told of the server under test: where each suite is issued and judged, and by whom.
// INKAN_URL is its address, INKAN_IDS what its /ids said; run.mjs sets both.
const url = process.env.INKAN_URL;
const ids = new Map(JSON.parse(process.env.INKAN_IDS).ids.map((one) => [one.suite, one.id]));
const versions = {vc: ['1.1', '2.0']};

const issuer = (suite, tags, more = {}) => ({
  id: ids.get(suite),
  endpoint: `${url}/${suite}/credentials/issue`,
  supports: versions,
  tags,
  ...more,
});
const ecdsa = (suite, tag, curve) =>
  issuer(suite, [tag], {supportedEcdsaKeyTypes: [curve]});

const all = [
  'vc2.0', 'EnvelopingProof', 'BitstringStatusList', 'Ed25519Signature2020',
  'eddsa-rdfc-2022', 'eddsa-jcs-2022', 'ecdsa-rdfc-2019', 'ecdsa-jcs-2019', 'ecdsa-sd-2023', 'bbs-2023',
];

const holder = {
  id: `${url}/holder`,
  endpoint: `${url}/credentials/derive`,
  supports: versions,
  tags: ['vcHolder', 'bbs-2023', 'ecdsa-sd-2023'],
};

module.exports = {
  settings: {enableInteropTests: true, testAllImplementations: false},
  implementations: [{
    name: 'inkan',
    implementation: 'inkan',
    issuers: [
      issuer(process.env.INKAN_SUITE ?? 'eddsa-rdfc-2022', ['vc2.0']),
      issuer('eddsa-rdfc-2022', ['eddsa-rdfc-2022']),
      issuer('eddsa-rdfc-2022', ['BitstringStatusList'], {options: {
        statusPurposes: ['revocation', 'message'],
        statusMessages: ['pending', 'accepted', 'rejected', 'undefined'],
        statusReferences: ['https://example.org/status-dictionary/'],
      }}),
      issuer('eddsa-jcs-2022', ['eddsa-jcs-2022']),
      issuer('vc-jwt', ['EnvelopingProof']),
      issuer('ed25519-signature-2020', ['Ed25519Signature2020']),
      ecdsa('ecdsa-rdfc-2019', 'ecdsa-rdfc-2019', 'P-256'),
      ecdsa('ecdsa-rdfc-2019-p384', 'ecdsa-rdfc-2019', 'P-384'),
      ecdsa('ecdsa-jcs-2019', 'ecdsa-jcs-2019', 'P-256'),
      ecdsa('ecdsa-jcs-2019-p384', 'ecdsa-jcs-2019', 'P-384'),
      ecdsa('ecdsa-sd-2023', 'ecdsa-sd-2023', 'P-256'),
      issuer('bbs-2023', ['bbs-2023']),
    ],
    verifiers: [{
      id: `${url}/verifier`,
      endpoint: `${url}/credentials/verify`,
      supports: versions,
      supportedEcdsaKeyTypes: ['P-256', 'P-384'],
      tags: all,
    }],
    vpVerifiers: [{
      id: `${url}/verifier`,
      endpoint: `${url}/presentations/verify`,
      supports: versions,
      tags: all,
    }],
    vcHolders: [holder],
    'jose-cose': {
      features: {
        credential_jose: true, credential_cose: true, credential_sdjwt: true,
        presentation_jose: true, presentation_cose: true, presentation_sdjwt: true,
      },
    },
  }, {
    // The suites have what they derive derived by a holder of this name; here too it is the server under test.
    name: 'Digital Bazaar',
    implementation: 'inkan',
    vcHolders: [holder],
  }],
};
