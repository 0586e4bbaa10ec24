/**
 * The certificate with which the server answers TLS. It is made at each start and renewed at two thirds of its life.
 * Members pin the authority, so it may change at any time.
 */
import { CERTIFICATE_BACKDATE_MS, CERTIFICATE_MS } from '#domain/limits.ts';
import { renewalDueAt } from '#domain/renewal.ts';
import { type Authority, issueServerCertificate } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import type { Clock, Log, Timers } from '../environment/environment.ts';

/** How often the server checks whether its own certificate is due. */
const LEAF_CHECK_INTERVAL_MS = 60 * 60 * 1000;

/** What TLS needs: leaf and authority in one chain, and the leaf's key. */
export interface ServerLeaf {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Unix ms: when it was made, and when its renewal is due. */
  readonly madeAt: number;
  readonly renewAt: number;
  readonly notAfter: number;
}

/** At two thirds of its life, and if the clock was set back to before it is valid. */
export function isLeafDue({ madeAt, renewAt }: ServerLeaf, now: number): boolean {
  return now >= renewAt || now < madeAt - CERTIFICATE_BACKDATE_MS;
}

/**
 * Makes a fresh key and certificate for the listener.
 *
 * @param before the leaf that it replaces. If the clock was set back since, the new leaf is valid as long as that one.
 * Whether the clock is right now or was right then, members whose clocks are right find it valid.
 */
export async function makeServerLeaf(
  authority: Authority,
  serverId: string,
  addresses: readonly string[],
  now: number,
  before?: ServerLeaf,
): Promise<ServerLeaf> {
  const pair = makeKeyPair();
  const setBack = before !== undefined && now < before.madeAt;
  const notAfter = setBack ? Math.max(now + CERTIFICATE_MS, before.notAfter) : now + CERTIFICATE_MS;
  const leaf = await issueServerCertificate(authority, {
    serverId,
    publicKey: pair.publicKey,
    addresses,
    now,
    notAfter,
  });
  return {
    certificatePem: `${leaf.trim()}\n${authority.certificatePem}`,
    privateKeyPem: pair.privateKeyPem,
    madeAt: now,
    renewAt: renewalDueAt(now, now + CERTIFICATE_MS),
    notAfter,
  };
}

export interface LeafPorts {
  readonly authority: Authority;
  readonly serverId: string;
  readonly addresses: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

/** Renews the leaf whenever it is due. @param renewed gets each new leaf. Returns a function that ends the renewal. */
export function keepLeafRenewed(
  ports: LeafPorts,
  first: ServerLeaf,
  renewed: (leaf: ServerLeaf) => void,
): () => void {
  const { authority, serverId, addresses, clock, timers, log } = ports;
  let leaf = first;
  let cancel = timers.after(LEAF_CHECK_INTERVAL_MS, check);
  function check(): void {
    cancel = timers.after(LEAF_CHECK_INTERVAL_MS, check);
    if (!isLeafDue(leaf, clock())) return;
    makeServerLeaf(authority, serverId, addresses, clock(), leaf).then(
      (made) => {
        leaf = made;
        renewed(leaf);
        log.info({ event: 'leaf-renewed' }, "renewed the server's own certificate");
      },
      () => log.error({ event: 'leaf-not-renewed' }, "could not renew the server's own certificate"),
    );
  }
  return () => cancel();
}
