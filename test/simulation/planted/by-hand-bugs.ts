/** Bugs of what goes by hand: exports, imports, backups, restores, and keys that a secondary has back. */
import type { Bug } from './bug.ts';
import { AUDIT_NOT_WAITED_FOR } from './not-waited-for.ts';

export const BY_HAND_BUGS: readonly Bug[] = [
  {
    name: 'what an import that came to nothing had staged stays',
    faults: [{ definition: 'Imports.#drop', wrap: () => async () => undefined }],
    seed: 1,
  },
  {
    name: 'a confirmed import is not carried on by the next start',
    faults: [
      {
        definition: 'Imports.#resumeLater',
        // One that waits for another try says how long.
        wrap: (sound) => (id, afterMs) => (afterMs === undefined ? undefined : sound(id, afterMs)),
      },
    ],
    seed: 33,
  },
  {
    name: 'an import that is only a try is carried out',
    faults: [
      {
        definition: 'StartedImports.cancel',
        wrap: (_sound, self) => async (caller, id) => {
          await self.confirm(caller, id, () => undefined);
        },
      },
    ],
    seed: 1,
  },
  {
    name: 'the last page of an import is taken and not recorded',
    faults: [
      {
        definition: 'recordPage',
        wrap: (sound) => (ports, transaction, importId, before, page) =>
          page.length < before.left
            ? sound(ports, transaction, importId, before, page)
            : { ...before, left: before.left - page.length },
      },
    ],
    seed: 1,
  },
  {
    name: 'a file in which a key stands twice is taken',
    faults: [{ definition: 'requireNoneTwice', wrap: () => () => undefined }],
    seed: 3,
  },
  {
    name: 'an export leaves before the audit log knows',
    faults: [{ definition: 'sendExport', wrap: AUDIT_NOT_WAITED_FOR }],
    seed: 1,
  },
  {
    name: 'an export of some devices holds the keys of all',
    faults: [
      {
        definition: 'pagesOf',
        wrap: (sound) => (ports, scope, selection, last) => {
          const ofAll = selection.keys === undefined ? { ...selection, devices: undefined } : selection;
          return sound(ports, scope, ofAll, last);
        },
      },
    ],
    seed: 1,
  },
  {
    name: 'an export leaves out the key recorded last',
    faults: [
      {
        definition: 'pagesOf',
        wrap: (sound) => (ports, scope, selection, last) => sound(ports, scope, selection, last - 1),
      },
      // So that the pages are counted: what is counted and what leaves must be the same.
      { definition: 'isEverything', wrap: () => () => false },
    ],
    seed: 1,
  },
  {
    name: 'a restored server goes on in its old epoch',
    faults: [
      {
        definition: 'beginAnew',
        wrap: (sound) => (ports, parts, transaction, header) =>
          sound({ ...ports, random: () => Buffer.from(header.epoch, 'hex') }, parts, transaction, header),
      },
    ],
    seed: 1,
  },
  {
    name: 'invitations come back with a backup',
    faults: [
      {
        definition: 'voidAll',
        wrap: (sound) => (transaction, kind) => (kind === 'invitation' ? 0 : sound(transaction, kind)),
      },
    ],
    seed: 1,
  },
  {
    name: 'a server starts on what a killed restore left',
    faults: [{ definition: 'refuseUnfinished', wrap: () => () => undefined }],
    seed: 3,
  },
  {
    name: 'what a killed restore left is in the way of the next one',
    faults: [{ definition: 'clearUnfinished', wrap: () => () => undefined }],
    seed: 3,
  },
  {
    name: 'keys are given back without anybody allowing it',
    faults: [{ definition: 'recoveryAllowedUntil', wrap: () => async () => '9999-12-31T23:59:59.999Z' }],
    seed: 5,
  },
  {
    name: 'a permission to have keys back never ends',
    faults: [
      {
        definition: 'stillAllows',
        wrap: () => async (ports, _reader, row) => ports.clock() >= Date.parse(row.allowedAt),
      },
    ],
    seed: 5,
  },
  {
    name: 'keys are given back that came from another secondary',
    faults: [
      {
        definition: 'cameFrom',
        wrap: (sound) => (row, member) => row.receivedFrom.startsWith('secondary:') || sound(row, member),
      },
    ],
    seed: 1,
  },
  {
    name: 'keys are given back before the audit log knows',
    faults: [{ definition: 'serveRecovery', wrap: AUDIT_NOT_WAITED_FOR }],
    seed: 3,
  },
  {
    name: 'of the keys that come back the last one is dropped',
    faults: [
      {
        definition: 'fetchKeys',
        wrap: (sound) =>
          async function* lessOne(...given) {
            for await (const page of sound(...given)) yield { ...page, keys: page.keys.slice(1) };
          },
      },
    ],
    seed: 3,
  },
];
