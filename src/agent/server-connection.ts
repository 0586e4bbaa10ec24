/**
 * Connects to the device's server: connections over mutual TLS, and the certificate that renews itself, even after it
 * expired.
 *
 * The code that speaks to a server (TLS, the message schemas) is loaded with the first connection: a command that finds
 * all it needs in the state starts in half the time.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { renewalDueAt } from '#domain/renewal.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { AgentPorts } from './ports.ts';
import type { Device, Membership } from './state.ts';

/** SPKI and PKCS #8 of the device. */
export function keyPairOf(device: Device) {
  const publicKey = createPublicKey(createPrivateKey(device.privateKeyPem)).export({
    type: 'spki',
    format: 'der',
  });
  return { privateKeyPem: device.privateKeyPem, publicKey };
}

/** Runs work over connections to one server, and closes them. */
export async function withMembership<T>(
  ports: AgentPorts,
  membership: Membership,
  work: (calls: MachineCalls) => Promise<T>,
): Promise<T> {
  const device = ports.state.get('device');
  if (device === undefined) return ports.state.requireDevice() as never;
  requireCredentials(device, membership);
  let { certificate } = membership;
  const [{ createMachineCalls }, { createMachineClient }, { machineSend }] = await Promise.all([
    import('#protocol/machine-calls.ts'),
    import('#transport/machine-client.ts'),
    import('#transport/machine-send.ts'),
  ]);
  const client = createMachineClient({
    addresses: membership.addresses,
    authority: { certificatePem: membership.authority },
    serverId: membership.server.id,
    clientCertificate: () => ({ certificatePem: certificate, privateKeyPem: device.privateKeyPem }),
    now: ports.clock,
  });
  const calls = createMachineCalls(machineSend(client));
  const renew = async () => {
    const renewed = await calls.call('renew', {});
    certificate = renewed.certificate;
    keepCertificate(ports, membership, certificate);
  };
  try {
    // Renewal may fail: the old certificate has a third of its life left, or the answer says why.
    if (isDue(certificate, ports.clock())) await renew().catch(() => undefined);
    try {
      return await work(calls);
    } catch (error) {
      if (codeOf(error) !== 'certificate-expired') throw error;
      await renew();
      return await work(calls);
    }
  } catch (error) {
    throw named(error, membership);
  } finally {
    client.close();
  }
}

/** The disk may have damaged what the state holds of the device itself. */
function requireCredentials({ privateKeyPem }: Device, { certificate }: Membership): void {
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKeyPem))) return;
  } catch {
    // It is not even a certificate, or a key.
  }
  throw new KeystairError(
    'data-damaged',
    "the device's certificate and private key in the agent state do not match",
    {
      nextStep:
        'check the disk, and enrol the device again with a new invitation; its keys remain on the server',
    },
  );
}

/** Over connections to the server this device is enrolled with. */
export function withServer<T>(ports: AgentPorts, work: (calls: MachineCalls) => Promise<T>): Promise<T> {
  return withMembership(ports, ports.state.requireMembership(), work);
}

function isDue(certificatePem: string, now: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  const from = validFromDate.getTime();
  return now < from || now >= renewalDueAt(from, validToDate.getTime());
}

/** Only if the state still holds this membership: it may have changed meanwhile. */
function keepCertificate(ports: AgentPorts, membership: Membership, certificate: string): void {
  ports.state.transaction(() => {
    const present = ports.state.get('membership');
    if (present?.server.id === membership.server.id)
      ports.state.set('membership', { ...present, certificate });
  });
}

/** A refusal that calls the server by its name. */
function named(error: unknown, membership: Membership): unknown {
  if (codeOf(error) !== 'not-a-member') return error;
  return new KeystairError('not-a-member', `${membership.server.name} no longer knows this device`, {
    nextStep: 'it was removed or moved: enrol it again with a new invitation; its keys remain on the server',
    cause: error,
  });
}
