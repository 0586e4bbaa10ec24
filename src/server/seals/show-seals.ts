/** Seals as people see them: what each is, what it needs, and which need attention. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Notice, notice, step } from '#domain/step.ts';
import type { ShownSeal } from '#protocol/people/seal-messages.ts';
import type { OpenedByKeyFile, SealPlaces } from './auto-unseal.ts';
import type { Seal } from './seal-rows.ts';

export function showSeal(seal: Seal, places: SealPlaces, openedByKeyFile: OpenedByKeyFile): ShownSeal {
  const { id, kind, createdAt } = seal;
  return {
    id,
    kind,
    createdAt: createdAt ?? null,
    about: aboutSeal(seal, places),
    opensByItself: opensByItself(seal, places, openedByKeyFile),
  };
}

function aboutSeal(seal: Seal, { rootKeyFile }: SealPlaces): string {
  switch (seal.kind) {
    case 'key-file':
      return rootKeyFile;
    case 'passphrase':
      return `argon2id, ${Math.round(seal.of.memoryKib / 1024)} MiB, ${seal.of.passes} passes`;
    case 'pkcs11':
      return `token "${seal.of.token}", key "${seal.of.key}"`;
    case 'recovery':
      return `set ${seal.of.set}: any ${seal.of.threshold} of ${seal.of.shares} shares`;
  }
}

function opensByItself(seal: Seal, { pkcs11 }: SealPlaces, openedByKeyFile: OpenedByKeyFile): boolean {
  return seal.kind === 'key-file'
    ? openedByKeyFile(seal)
    : seal.kind === 'pkcs11' && pkcs11?.pinFile !== undefined;
}

/** If the key file is on the database's own disk, a thief of the disk has everything. */
export function sealWarnings(
  seals: readonly Seal[],
  places: SealPlaces,
  openedByKeyFile: OpenedByKeyFile,
  dataDirectory: string,
): Notice[] {
  const { rootKeyFile } = places;
  if (!existsSync(rootKeyFile)) {
    return seals.some(({ kind }) => kind === 'key-file')
      ? [
          notice(
            `the key file ${rootKeyFile} is not there: put it back, or add another seal and remove its own`,
          ),
        ]
      : [];
  }
  if (!seals.some(({ kind }) => kind === 'key-file')) {
    return [notice(`the key file ${rootKeyFile} opens nothing any more: destroy it`)];
  }
  const lost = seals
    .filter((seal) => seal.kind === 'key-file' && !openedByKeyFile(seal))
    .map(({ id }) =>
      notice(
        `the key file of the seal ${id} is not the one at ${rootKeyFile}`,
        step('put-back-key-file', { seal: id }),
      ),
    );
  if (statSync(dirname(rootKeyFile)).dev !== statSync(dataDirectory).dev) return lost;
  return [
    ...lost,
    notice(
      `the key file ${rootKeyFile} lies on the disk of the database: whoever takes the disk has every key`,
      'put it on another (rootKeyFile in the configuration)',
    ),
  ];
}
