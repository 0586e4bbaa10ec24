/** Bugs by which a key is lost, altered, or does not get where it should. */
import { type Bug, edit } from './bug.ts';

const LOOKUP = 'server/keys/lookup.ts';
const RECORD = 'server/records/record-keys.ts';
const RECEIVE = 'server/hierarchy/secondaries/receive-transmission.ts';
const HEARTBEAT = 'server/hierarchy/primary/heartbeat.ts';
const CLIMB = 'server/hierarchy/primary/climb.ts';

export const CUSTODY_BUGS: readonly Bug[] = [
  {
    name: 'a device is answered before its key is committed',
    edits: [
      edit(
        'server/devices/record-device-key.ts',
        'await ports.custody.record({ key, demandCaller });',
        'void ports.custody.record({ key, demandCaller });',
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
    seed: 8,
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
    seed: 4,
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
    seed: 4,
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
    seed: 4,
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
    seed: 2,
  },
  {
    name: 'a certificate whose dates do not fit cannot be renewed',
    edits: [
      edit(
        'server/http/machines/machine-api.ts',
        "if (peer.dates !== 'valid' && caller !== 'lapsed-member') {",
        "if (peer.dates !== 'valid') {",
      ),
    ],
    seed: 1,
  },
  {
    name: 'after a failure the climb is not tried again',
    edits: [edit(CLIMB, '        await this.#backOff();\n', '')],
    seed: 1,
  },
  {
    name: 'one audit event that was not written blocks all later ones',
    edits: [
      edit('server/audit/audit-log.ts', 'if (this.#pending === pending) this.#pending = undefined;', ''),
    ],
    seed: 14,
  },
  {
    name: "a server's key as a member is made anew for each primary it joins",
    edits: [
      edit(
        'server/hierarchy/primary/join.ts',
        '    (await rows.getSecret(store.reader, MEMBER_KEY)) ??\n    (await store.write(',
        '    (await store.write(',
      ),
      edit('server/hierarchy/primary/join.ts', '      if (there !== undefined) return there;\n', ''),
    ],
    seed: 1,
  },
  {
    name: 'a transmission that is put off moves the cursor',
    edits: [
      edit(
        RECEIVE,
        'if (waitMs !== undefined) return',
        'if (waitMs !== undefined) await transaction.putCursor({ ...cursor, ...batch.end });\n  if (waitMs !== undefined) return',
      ),
    ],
    seed: 8,
  },
  {
    name: 'no receipt is ever missed',
    edits: [
      edit(
        'server/devices/device-heartbeat.ts',
        'return key === undefined || !held.has(key.seq) || ports.wanted.has(key.seq);',
        'return false;',
      ),
    ],
    seed: 1,
  },
  {
    name: 'an arriving device is told that a key is there before it is',
    edits: [
      edit(
        'server/devices/arrive.ts',
        "      id,\n      outcome: 'not-found',\n",
        "      id,\n      outcome: 'recorded',\n      receipt: 'AAAA',\n",
      ),
    ],
    seed: 1,
  },
];
