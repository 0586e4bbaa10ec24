/** Bugs of opening files: too much leaves, or unseen. */
import { type Bug, edit } from './bug.ts';

const PROVIDE = 'server/keys/provide.ts';

export const FILE_BUGS: readonly Bug[] = [
  {
    name: 'a device gets the identity of files',
    edits: [edit(PROVIDE, "if (key.kind !== 'volume') {", 'if (false) {')],
    seed: 2,
  },
  {
    name: 'the key of a file leaves before the audit log knows',
    edits: [
      edit(
        PROVIDE,
        "  await ports.provisions.note({\n    by: `device:${member.id}`,\n    key: key.id,\n    to: member.name,\n    as: 'file-key',",
        "  void ports.provisions.note({\n    by: `device:${member.id}`,\n    key: key.id,\n    to: member.name,\n    as: 'file-key',",
      ),
    ],
    seed: 1,
  },
  {
    name: 'a file that its key does not open is opened with something',
    edits: [edit(PROVIDE, 'if (fileKey === null) {', 'if (false) {')],
    seed: 3,
  },
];
