/** Passkeys: the browser and the person's device do the work; this carries what they say. */
import { call, open } from './call.ts';
import { Problem } from './problem.ts';

/** It comes when somebody first uses a passkey. */
const webAuthn = () => import('@simplewebauthn/browser');

/** Signs in. Throws a `Problem`, also where the person turned away. */
export async function askPasskey(): Promise<void> {
  const { options } = await open('passkeyOptions', {});
  const { startAuthentication } = await webAuthn();
  const answered = await startAuthentication({ optionsJSON: options }).catch(turnedAway);
  const { id, rawId, type, response } = answered;
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  const told = {
    clientDataJSON,
    authenticatorData,
    signature,
    ...(userHandle === undefined ? {} : { userHandle }),
  };
  await open('passkeySignIn', { response: { id, rawId, type, response: told } });
}

/** Adds one for the signed-in person. @param name its owner's name for it. */
export async function addPasskey(name: string): Promise<void> {
  const { offer, options } = await call('offerPasskey', {});
  const { startRegistration } = await webAuthn();
  const made = await startRegistration({ optionsJSON: options }).catch(turnedAway);
  const { id, rawId, type, response } = made;
  const { clientDataJSON, attestationObject, transports } = response;
  const told = { clientDataJSON, attestationObject, ...(transports === undefined ? {} : { transports }) };
  await call('addPasskey', { offer, name, response: { id, rawId, type, response: told } });
}

function turnedAway(error: unknown): never {
  throw new Problem(0, 'interrupted', error instanceof Error ? error.message : 'the passkey was not used');
}
