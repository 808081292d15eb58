// @simplewebauthn/server as relying party: what an authenticator says, judged by somebody else. One JSON request on stdin, or a list of
// them, one JSON answer to each on stdout. Bytes are base64url.
//
//   {"do":"register","credential","challenge","origin","rpId","root"} -> {"verified":true,"id","key","counter","aaguid"} | {"verified":false,"why"}
//   {"do":"assert","credential","challenge","origin","rpId","key","counter"} -> {"verified":true,"counter"} | the same
import { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { answer, offline, request } from '../peer.mjs';

const bytes = text => new Uint8Array(Buffer.from(text, 'base64url'));
const text = buffer => Buffer.from(buffer).toString('base64url');
const asked = ({ challenge, origin, rpId }) => ({
  expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: rpId, requireUserVerification: true,
});
// Members that browsers always send, and that say nothing about authenticity.
const whole = credential => ({ clientExtensionResults: {}, ...credential });

async function register(one) {
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(one.root, 'base64url').toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----`;
  SettingsService.setRootCertificates({ identifier: 'packed', certificates: [pem] });
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response: whole(one.credential), supportedAlgorithmIDs: [-8, -7, -35, -257], ...asked(one),
  });
  if (!verified) return { verified };
  const { credential, aaguid } = registrationInfo;
  return { verified, id: credential.id, key: text(credential.publicKey), counter: credential.counter, aaguid };
}

async function assertion(one) {
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: whole(one.credential),
    credential: { id: one.credential.id, publicKey: bytes(one.key), counter: one.counter },
    ...asked(one),
  });
  return { verified, counter: authenticationInfo?.newCounter };
}

async function judged(one) {
  try {
    return await (one.do === 'register' ? register(one) : assertion(one));
  } catch (error) {
    return { verified: false, why: `${error.name}: ${error.message}` };
  }
}

offline();
const given = await request();
if (Array.isArray(given)) {
  const answers = [];
  for (const one of given) answers.push(await judged(one));
  answer(answers);
} else {
  answer(await judged(given));
}
