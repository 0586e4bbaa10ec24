/** Bugs of what goes by hand: exports, imports, backups, restores, and keys that a secondary has back. */
import { type Bug, edit } from './bug.ts';

const IMPORT = 'server/transfer/import-keys.ts';
const STAGE = 'server/transfer/stage-import.ts';
const EXPORT = 'server/transfer/export-keys.ts';
const RESTORE = 'server/backup/restore-backup.ts';
const GIVE_BACK = 'server/hierarchy/recovery/give-back.ts';

export const BY_HAND_BUGS: readonly Bug[] = [
  {
    name: 'what an import that came to nothing had staged stays',
    edits: [
      edit(
        IMPORT,
        '    await this.#drop(id);\n    this.#staging.delete(id);',
        '    this.#staging.delete(id);',
      ),
      edit(
        IMPORT,
        "      if ((await rows.get(store.reader, 'import', id)) === undefined) await this.#drop(id);\n",
        '',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a confirmed import is not carried on by the next start',
    edits: [
      edit(
        IMPORT,
        "for (const { id } of await rows.all(store.reader, 'import')) this.#carryOnLater(id);",
        '',
      ),
    ],
    seed: 33,
  },
  {
    name: 'an import that is only a try is carried out',
    edits: [edit(IMPORT, 'if (!request.dryRun) {', 'if (true) {')],
    seed: 1,
  },
  {
    name: 'the last page of an import is taken and not recorded',
    edits: [
      edit(
        'server/transfer/apply-import.ts',
        '.filter(({ forIdOnly }) => !forIdOnly)',
        '.filter(({ forIdOnly }) => !forIdOnly && before.left > page.length)',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a file in which a key stands twice is taken',
    edits: [
      edit(
        STAGE,
        'if (twice !== undefined) throw exportInvalid(`key ${twice} stands in the file more than once`);',
        'void twice;',
      ),
    ],
    seed: 3,
  },
  {
    name: 'an export leaves before the audit log knows',
    edits: [
      edit(
        EXPORT,
        "await ports.audit.record({\n    event: 'export-started',",
        "void ports.audit.record({\n    event: 'export-started',",
      ),
    ],
    seed: 1,
  },
  {
    name: 'an export of some devices holds the keys of all',
    edits: [
      edit(
        'server/transfer/select-keys.ts',
        'devices === undefined && keys === undefined ? [undefined]',
        'keys === undefined ? [undefined]',
      ),
    ],
    seed: 1,
  },
  {
    name: 'an export leaves out the key recorded last',
    edits: [
      edit(
        'server/transfer/select-keys.ts',
        'const { seq: last } = await ports.store.reader.head();',
        'const last = Math.max(0, (await ports.store.reader.head()).seq - 1);',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a restored server goes on in its old epoch',
    edits: [edit(RESTORE, 'const epoch = toHex(ports.random(16));', 'const epoch = header.epoch;')],
    seed: 1,
  },
  {
    name: 'invitations come back with a backup',
    edits: [
      edit(RESTORE, "for (const { id } of invitations) await transaction.deleteRow('invitation', id);", ''),
    ],
    seed: 1,
  },
  {
    name: 'a server starts on what a killed restore left',
    edits: [edit('store/sqlite/open-sqlite-store.ts', '    refuseUnfinished(directory);\n', '')],
    seed: 3,
  },
  {
    name: 'what a killed restore left is in the way of the next one',
    edits: [
      edit('store/sqlite/fill-directory.ts', '  rmSync(unfinished, { recursive: true, force: true });\n', ''),
    ],
    seed: 3,
  },
  {
    name: 'keys are given back without anybody allowing it',
    edits: [
      edit(
        GIVE_BACK,
        "return until === undefined ? { outcome: 'refused', reason: 'not-allowed', at: ports.server } : undefined;",
        'void until; return undefined;',
      ),
    ],
    seed: 5,
  },
  {
    name: 'a permission to have keys back never ends',
    edits: [
      edit('server/hierarchy/recovery/allow-recovery.ts', ' && !(await isExpired(ports, reader, row));', ';'),
    ],
    seed: 5,
  },
  {
    name: 'keys are given back that came from another secondary',
    edits: [
      edit(
        GIVE_BACK,
        'if (row.receivedFrom === `secondary:${member.id}`) return true;',
        "if (row.receivedFrom.startsWith('secondary:')) return true;",
      ),
    ],
    seed: 1,
  },
  {
    name: 'keys are given back before the audit log knows',
    edits: [
      edit(
        GIVE_BACK,
        "await ports.audit.record({\n      event: 'keys-returned',",
        "void ports.audit.record({\n      event: 'keys-returned',",
      ),
    ],
    seed: 3,
  },
  {
    name: 'of the keys that come back the last one is dropped',
    edits: [
      edit(
        'server/hierarchy/recovery/recover-from-primary.ts',
        'recordKeys(ports, transaction, keys, `primary:${primary.id}`)',
        'recordKeys(ports, transaction, keys.slice(1), `primary:${primary.id}`)',
      ),
    ],
    seed: 3,
  },
];
