/**
 * Bugs to be planted: each is a small edit of the program that breaks one promise. The simulation must find every one
 * of them, or its checkers check nothing.
 */

export interface Edit {
  /** In src. */
  readonly file: string;
  /** Occurs exactly once. */
  readonly from: string;
  readonly to: string;
}

export interface Bug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** A seed that finds it; the test looks there and on the few that follow. */
  readonly seed: number;
}

const PROVIDE = 'server/keys/provide.ts';
const LOOKUP = 'server/keys/lookup.ts';
const RECORD = 'server/keys/record-keys.ts';
const TRANSMIT = 'server/hierarchy/transmit.ts';
const RECEIVE = 'server/hierarchy/receive-transmission.ts';
const LINK = 'server/hierarchy/primary-link.ts';
const HEARTBEAT = 'server/hierarchy/heartbeat.ts';
const CLIMB = 'server/hierarchy/climb.ts';

function edit(file: string, from: string, to: string): Edit {
  return { file, from, to };
}

export const BUGS: readonly Bug[] = [
  {
    name: 'a device is answered before its key is committed',
    edits: [
      edit(
        'server/devices/record-device-key.ts',
        'const outcome = await ports.store.write(async (transaction) => {',
        "const outcome = 'new'; void ports.store.write(async (transaction) => {",
      ),
    ],
    seed: 1,
  },
  {
    name: 'the last key of a batch is acknowledged and not recorded',
    edits: [
      edit(
        RECEIVE,
        'recordKeys(ports, transaction, keys, `secondary:${member.id}`)',
        'recordKeys(ports, transaction, keys.slice(0, Math.max(1, keys.length - 1)), `secondary:${member.id}`)',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a batch is taken that does not continue from the cursor',
    edits: [
      edit(
        RECEIVE,
        'if (cursor === undefined || !samePosition(position, batch.start)) {',
        'if (cursor === undefined) {',
      ),
    ],
    seed: 1,
  },
  {
    name: 'the sender keeps the cursor',
    edits: [
      edit(
        HEARTBEAT,
        'return { primary, epoch, acknowledged };',
        'return { primary, epoch, acknowledged: ((link as never as { kept?: Position }).kept = (link as never as { kept?: Position }).kept !== undefined && (link as never as { kept: Position }).kept.seq > acknowledged.seq ? (link as never as { kept: Position }).kept : acknowledged) };',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a DMZ mark is not looked at by the sender',
    edits: [edit(LINK, 'ownDmz: primary?.dmz ?? false,', 'ownDmz: false,')],
    seed: 1,
  },
  {
    name: 'a DMZ mark is not looked at by the receiver',
    edits: [edit(RECEIVE, 'ownDmz: member.dmz,', 'ownDmz: false,')],
    seed: 1,
  },
  {
    name: 'a DMZ mark is not looked at when a key is given to a secondary',
    edits: [edit(PROVIDE, 'ownDmz: member.dmz,', 'ownDmz: false,')],
    seed: 1,
  },
  {
    name: 'the option is not looked at by the sender',
    edits: [edit(LINK, 'ownOption: options.useHierarchy,', 'ownOption: true,')],
    seed: 1,
  },
  {
    name: 'the option is not looked at by the receiver',
    edits: [edit(RECEIVE, 'ownOption: options.useHierarchy,', 'ownOption: true,')],
    seed: 1,
  },
  {
    name: 'a claim is not compared',
    edits: [edit(LOOKUP, 'if (!claimFits(question.claim, publicFields(row).claimHash))', 'if (false)')],
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
        "  await ports.audit.record({\n    event: 'key-provided',\n    by: `device:${member.id}`,\n    key: key.id,\n    to: member.name,\n    as: 'key',",
        "  void ports.audit.record({\n    event: 'key-provided',\n    by: `device:${member.id}`,\n    key: key.id,\n    to: member.name,\n    as: 'key',",
      ),
    ],
    seed: 1,
  },
  {
    name: 'a secondary gets a key that the audit log never tells of',
    edits: [
      edit(
        PROVIDE,
        "  await ports.audit.record({\n    event: 'key-provided',\n    by: `secondary:${member.id}`,",
        "  if (outcome.source.id === ports.server.id) await ports.audit.record({\n    event: 'key-provided',\n    by: `secondary:${member.id}`,",
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
    name: 'no new epoch begins after a rollback',
    edits: [
      edit(
        'domain/sequence.ts',
        "if (ownChain === undefined) return 'new-epoch';",
        "if (ownChain === undefined) return 'continue';",
      ),
      edit(
        'domain/sequence.ts',
        "return Buffer.compare(ownChain, acknowledged.chain) === 0 ? 'continue' : 'new-epoch';",
        "return 'continue';",
      ),
    ],
    seed: 1,
  },
  {
    name: 'a new epoch has the name of the old one',
    edits: [
      edit(
        HEARTBEAT,
        'const epoch = toHex(ports.random(16));',
        'const epoch = (await readEpoch(ports.rows, ports.store.reader))?.epoch ?? toHex(ports.random(16));',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a conflict overwrites',
    edits: [
      edit(
        'domain/encryption-key.ts',
        'if (idFromDigest(Date.parse(key.createdAt), digest) !== key.id) {',
        'if (false) {',
      ),
      edit(
        RECORD,
        'if (there !== undefined) {',
        'if (there !== undefined && Buffer.compare(there.digest, digest) === 0) {',
      ),
      edit('store/sqlite/keys-table.ts', 'INSERT INTO keys', 'INSERT OR REPLACE INTO keys'),
    ],
    seed: 1,
  },
  {
    name: 'an id is not held against its content',
    edits: [
      edit(
        'domain/encryption-key.ts',
        'if (idFromDigest(Date.parse(key.createdAt), digest) !== key.id) {',
        'if (false) {',
      ),
    ],
    seed: 1,
  },
  {
    name: 'a key that is known is called a conflict',
    edits: [edit(RECORD, "? { outcome: 'known', seq: there.seq }", "? { outcome: 'conflict' }")],
    seed: 1,
  },
  {
    name: 'receipts are never found to differ',
    edits: [
      edit(
        'server/devices/device-heartbeat.ts',
        'const agree = totals.count',
        'const agree = true || totals.count',
      ),
    ],
    seed: 1,
  },
  {
    name: 'receipts are taken back and not recorded',
    edits: [
      edit(
        'server/devices/device-heartbeat.ts',
        'recordKeys(ports, transaction, keys, `receipt:${member.id}`)',
        'recordKeys(ports, transaction, [], `receipt:${member.id}`)',
      ),
    ],
    seed: 1,
  },
  {
    name: 'what came down is answered and not kept',
    edits: [
      edit(
        LOOKUP,
        'return this.#keep(checked, primary, answer.source, asked);',
        "return { outcome: 'found', key: checked.complete, source: answer.source };",
      ),
    ],
    seed: 1,
  },
  {
    name: 'an unknown key stays unknown',
    edits: [
      edit('domain/limits.ts', 'LOOKUP_MISS_MS = 5000', 'LOOKUP_MISS_MS = 86_400_000'),
      edit(LOOKUP, 'ports.keysRecorded.listen(() => this.#misses.clear());', ''),
    ],
    seed: 1,
  },
  {
    name: 'a removed member is still served',
    edits: [edit('server/trust/members.ts', '    !mayCall(member) ||\n', '')],
    seed: 1,
  },
  {
    name: 'a certificate whose dates do not fit cannot be renewed',
    edits: [
      edit(
        'server/http/machine-api.ts',
        "if (peer.dates !== 'valid' && caller !== 'lapsed-member') {",
        "if (peer.dates !== 'valid') {",
      ),
    ],
    seed: 1,
  },
  {
    name: 'after a failure the climb is not tried again',
    edits: [edit(CLIMB, '        this.#backOff();\n', '')],
    seed: 1,
  },
  {
    name: 'a lookup goes up although the option is off',
    edits: [
      edit(
        LOOKUP,
        "      case 'own-option-off':\n        return this.#refuse('option-off', asked);",
        "      case 'own-option-off':\n        return primary;",
      ),
    ],
    seed: 1,
  },
  {
    name: 'a DMZ mark is told of as an option that is off',
    edits: [
      edit(
        LOOKUP,
        "        return this.#refuse('link-in-dmz', asked);",
        "        return this.#refuse('option-off', asked);",
      ),
    ],
    seed: 1,
  },
  {
    name: 'rows that decide are remembered and not read again',
    edits: [
      edit(
        'server/trust/trusted-rows.ts',
        '    const row = await reader.row(kind, id);\n    return row === undefined ? undefined : (this.#judge(row) as T | undefined);',
        "    const known = this.#remembered.get(`${kind} ${id}`);\n    if (known !== undefined && kind === 'setting') return known.value as T;\n    const row = await reader.row(kind, id);\n    return row === undefined ? undefined : (this.#judge(row) as T | undefined);",
      ),
    ],
    seed: 1,
  },
  {
    name: 'one audit event that was not written blocks all later ones',
    edits: [
      edit('server/audit/audit-log.ts', 'if (this.#pending === pending) this.#pending = undefined;', ''),
    ],
    seed: 1,
  },
  {
    name: "a server's key as a member is made anew for each primary it joins",
    edits: [
      edit(
        'server/hierarchy/join.ts',
        '  if (stored !== undefined) return Buffer.from(stored).toString();\n',
        '',
      ),
    ],
    seed: 1,
  },
];
