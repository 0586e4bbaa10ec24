/** Seals as people see them: what each is, what it needs, and which need attention. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Notice, step, warn } from '#domain/step.ts';
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
          warn(
            { name: 'key-file-missing', details: { file: rootKeyFile } },
            `the key file ${rootKeyFile} is missing: restore it, or add another seal and remove its seal`,
          ),
        ]
      : [];
  }
  if (!seals.some(({ kind }) => kind === 'key-file')) {
    return [
      warn(
        { name: 'key-file-useless', details: { file: rootKeyFile } },
        `the key file ${rootKeyFile} no longer opens anything: destroy it`,
      ),
    ];
  }
  const lost = seals
    .filter((seal) => seal.kind === 'key-file' && !openedByKeyFile(seal))
    .map(({ id }) =>
      warn(
        { name: 'key-file-of-another-seal', details: { file: rootKeyFile, seal: id } },
        `the key file of the seal ${id} is not the one at ${rootKeyFile}`,
        step('put-back-key-file', { seal: id }),
      ),
    );
  if (statSync(dirname(rootKeyFile)).dev !== statSync(dataDirectory).dev) return lost;
  return [
    ...lost,
    warn(
      { name: 'key-file-beside-database', details: { file: rootKeyFile } },
      `the key file ${rootKeyFile} is on the same disk as the database: anyone who takes the disk has every key`,
      'move it to another disk (rootKeyFile in the configuration)',
    ),
  ];
}
