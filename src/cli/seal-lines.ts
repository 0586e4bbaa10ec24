/** Seals for a person, in `server seals`, in `server status`, and while the server is sealed. */
import type { SealState, ShownSeal } from '#protocol/people/seal-messages.ts';
import { type Line, problem, stateColumns } from './state-words.ts';
import { table } from './table.ts';
import { when, yesOrNo } from './words.ts';

const KIND: Readonly<Record<ShownSeal['kind'], string>> = {
  'key-file': 'key file',
  passphrase: 'passphrase',
  pkcs11: 'PKCS#11 token',
  recovery: 'recovery shares',
};

export function sealLines(seals: readonly ShownSeal[]): string[] {
  return table(
    ['Seal', 'Opened by', 'By itself', 'Made', 'About'],
    seals.map(({ id, kind, opensByItself, createdAt, about }) => [
      id,
      KIND[kind],
      yesOrNo(opensByItself),
      createdAt === null ? '' : when(createdAt),
      about,
    ]),
  );
}

export function sealKinds(seals: readonly ShownSeal[]): string {
  return seals.map(({ kind }) => KIND[kind]).join(', ');
}

/** In the words of this surface. */
type WordedState = Pick<SealState, 'server' | 'seals' | 'nextStep'> & {
  readonly warnings: readonly string[];
};

export function sealedLines({ server, seals, warnings, nextStep }: WordedState): Line[] {
  return [
    ...stateColumns([
      ['Server', `${server.name} (${server.id}), as its database says`],
      ['Version', server.version],
      ['State', problem('SEALED: it serves nobody until a person opens it')],
    ]),
    '',
    ...sealLines(seals),
    ...(warnings.length > 0 ? ['', 'To act on', ...warnings.map((warning) => `- ${warning}`)] : []),
    '',
    `Next: ${nextStep ?? ''}`,
  ];
}
