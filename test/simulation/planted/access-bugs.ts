/** Bugs by which a key gets where it should not, or unseen, or a refusal tells the wrong reason. */
import { type Bug, edit } from './bug.ts';

const PROVIDE = 'server/keys/provide.ts';
const JUDGE_SECONDARY = 'server/hierarchy/secondaries/judge-secondary.ts';
const LOOKUP = 'server/keys/lookup.ts';
const WAY_UP = 'server/keys/way-up.ts';
const TRANSMIT = 'server/hierarchy/primary/transmit.ts';
const RECEIVE = 'server/hierarchy/secondaries/receive-transmission.ts';
const LINK = 'server/hierarchy/primary/primary-link.ts';
/** Where both ends of the link to a secondary are looked at. */
const JUDGED = 'judgeSecondaryLink(ports, options, member)';

export const ACCESS_BUGS: readonly Bug[] = [
  {
    name: 'a DMZ mark is not looked at by the sender',
    edits: [edit(LINK, 'ownDmz: primary?.dmz ?? false,', 'ownDmz: false,')],
    seed: 1,
  },
  {
    name: 'a DMZ mark is not looked at by the receiver',
    edits: [edit(RECEIVE, JUDGED, 'judgeSecondaryLink(ports, options, { ...member, dmz: false })')],
    seed: 6,
  },
  {
    name: 'a DMZ mark is not looked at when a key is given to a secondary',
    edits: [edit(JUDGE_SECONDARY, JUDGED, 'judgeSecondaryLink(ports, options, { ...member, dmz: false })')],
    seed: 5,
  },
  {
    name: 'the option is not looked at by the sender',
    edits: [edit(LINK, 'ownOption: options.useHierarchy,', 'ownOption: true,')],
    seed: 1,
  },
  {
    name: 'the option is not looked at by the receiver',
    edits: [edit(RECEIVE, JUDGED, 'judgeSecondaryLink(ports, { useHierarchy: true }, member)')],
    seed: 2,
  },
  {
    name: 'a claim is not compared',
    edits: [
      edit(LOOKUP, 'question.claim !== undefined && !claimFits(question.claim, key.key.claimHash)', 'false'),
    ],
    seed: 1,
  },
  {
    name: 'questions about one key share an answer whatever their claims',
    edits: [
      edit(
        LOOKUP,
        'const name = `${question.id} ${claimToText(question.claim)}`;',
        'const name = question.id;',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a device gets a key before the audit log knows',
    edits: [
      edit(
        PROVIDE,
        "  await ports.provisions.note({\n    by: `device:${member.id}`,\n    key: key.id,\n    to: member.name,\n    as: 'key',",
        "  void ports.provisions.note({\n    by: `device:${member.id}`,\n    key: key.id,\n    to: member.name,\n    as: 'key',",
      ),
    ],
    seed: 1,
  },
  {
    name: 'a secondary gets a key that the audit log never tells of',
    edits: [
      edit(
        PROVIDE,
        '  await ports.provisions.note({\n    by: `secondary:${member.id}`,',
        '  if (outcome.source.id === ports.server.id) await ports.provisions.note({\n    by: `secondary:${member.id}`,',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a batch leaves before the audit log knows',
    edits: [edit(TRANSMIT, 'await ports.audit.record({', 'void ports.audit.record({')],
    seed: 1,
  },
  {
    name: 'a reveal is told of afterwards',
    edits: [edit('server/keys/reveal-key.ts', 'await ports.audit.record(', 'void ports.audit.record(')],
    seed: 1,
  },
  {
    name: 'an unknown key stays unknown',
    edits: [
      edit('domain/limits.ts', 'LOOKUP_MISS_MS = 5000', 'LOOKUP_MISS_MS = 86_400_000'),
      edit(LOOKUP, 'ports.keysRecorded.listen(() => this.#misses.clear());', ''),
    ],
    seed: 3,
  },
  {
    name: 'a removed member is still served',
    edits: [edit('server/members/members.ts', '    !mayCall(member) ||\n', '')],
    seed: 5,
  },
  {
    name: 'a lookup goes up although the option is off',
    edits: [
      edit(
        WAY_UP,
        "      case 'own-option-off':\n        return this.refuse('option-off', asked);",
        "      case 'own-option-off':\n        return primary;",
      ),
    ],
    seed: 1,
  },
  {
    name: 'a DMZ mark is told of as an option that is off',
    edits: [
      edit(
        WAY_UP,
        "        return this.refuse('link-in-dmz', asked);",
        "        return this.refuse('option-off', asked);",
      ),
    ],
    seed: 1,
  },
  {
    name: 'rows that decide are remembered and not read again',
    edits: [
      edit(
        'server/repository/trusted-rows.ts',
        '    const row = await reader.row(kind, id);\n    return row === undefined ? undefined : (this.#judge(row) as T | undefined);',
        "    const known = this.#remembered.get(`${kind} ${id}`);\n    if (known !== undefined && kind === 'setting') return known.value as T;\n    const row = await reader.row(kind, id);\n    return row === undefined ? undefined : (this.#judge(row) as T | undefined);",
      ),
    ],
    seed: 1,
  },
  {
    name: 'what is under way goes on when the option is switched off',
    edits: [
      edit(
        'server/hierarchy/change-settings.ts',
        '    ports.link.closeStreams();\n    ports.streams.closeAll();\n',
        '',
      ),
    ],
    seed: 38,
  },
  {
    name: 'what is under way goes on when a link is marked DMZ',
    edits: [edit('server/hierarchy/neighbours.ts', 'if (request.dmz) await closeTo(ports, server.id);', '')],
    seed: 3,
  },
];
