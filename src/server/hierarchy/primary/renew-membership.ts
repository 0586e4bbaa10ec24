/**
 * Renews this server's certificate as a secondary: at two thirds of its life, and whenever the primary says that its
 * dates do not fit. The key stays the same, so a branch that was cut off for a year recovers without help.
 */
import { X509Certificate } from 'node:crypto';
import { codeOf } from '#domain/errors.ts';
import { renewalDueAt } from '#domain/renewal.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import type { PrimaryLink } from './primary-link.ts';
import { type PrimaryRow, readPrimary } from './primary-row.ts';

/** When the certificate of each link is due: it is parsed once, not at every heartbeat. */
const dueTimes = new WeakMap<PrimaryLink, { readonly certificatePem: string; readonly at: number }>();

function dueAt(link: PrimaryLink, certificatePem: string): number {
  let due = dueTimes.get(link);
  if (due?.certificatePem !== certificatePem) {
    const { validFromDate, validToDate } = new X509Certificate(certificatePem);
    due = { certificatePem, at: renewalDueAt(validFromDate.getTime(), validToDate.getTime()) };
    dueTimes.set(link, due);
  }
  return due.at;
}

/** Runs a call. Renews first if renewal is due, and once more if the primary refuses the dates or ours do not fit. */
export async function withFreshCertificate<T>(
  ports: Pick<ServerPorts, 'clock' | 'log' | 'rows' | 'store'>,
  link: PrimaryLink,
  call: () => Promise<T>,
): Promise<T> {
  const primary = await readPrimary(ports.rows, ports.store.reader);
  if (primary !== undefined && ports.clock() >= dueAt(link, primary.certificate)) {
    // This may fail: the old certificate is valid for another third of its life.
    await renewMembership(ports, link, primary).catch(() => undefined);
  }
  try {
    return await call();
  } catch (error) {
    if (codeOf(error) !== 'certificate-expired' || primary === undefined) throw error;
    await renewMembership(ports, link, primary);
    return call();
  }
}

async function renewMembership(
  ports: Pick<ServerPorts, 'log' | 'rows' | 'store'>,
  link: PrimaryLink,
  primary: PrimaryRow,
): Promise<void> {
  const renewed = await link.call(primary, false, (calls) => calls.call('renew', {}));
  await ports.store.write(async (transaction) => {
    const now = await readPrimary(ports.rows, transaction);
    if (now?.id !== primary.id) return;
    await ports.rows.put(transaction, 'primary', 'current', { ...now, certificate: renewed.certificate });
  });
  ports.log.info(
    { event: 'certificate-renewed', primary: primary.id },
    "renewed this server's certificate at its primary",
  );
}
