/** An audit log that a test plays: it signs whatever it is told, also what no server of ours would sign. */
import { noteSigner } from '#crypto/note-keys.ts';
import { checkpointText, originOf } from '#domain/checkpoint.ts';
import { toHex } from '#domain/hex.ts';
import {
  appendLeaf,
  consistencyRanges,
  type Frontier,
  leafHash,
  type LeafRange,
  rootOf,
} from '#domain/merkle-tree.ts';
import { sha256 } from '#domain/sha-256.ts';
import { noteText, verifierKeyText } from '#domain/signed-note.ts';
import type { HeartbeatRequest } from '#protocol/messages.ts';

type Told = NonNullable<HeartbeatRequest['checkpoint']>;

export class PlayedLog {
  readonly serverId: string;
  readonly lines: string[];
  epoch: string;
  /** Another text, other keys. */
  keyName = 'first';

  constructor(serverId: string, epoch: string, lines: readonly string[]) {
    this.serverId = serverId;
    this.epoch = epoch;
    this.lines = [...lines];
  }

  get origin(): string {
    return originOf(this.serverId, this.epoch);
  }

  root(size = this.lines.length): Uint8Array {
    return this.#rootOf({ begin: 0, end: size });
  }

  /** What a heartbeat says of it, with a checkpoint and the proof that it continues its first lines. */
  told(from: number): {
    readonly epoch: string;
    readonly log: HeartbeatRequest['log'];
    readonly checkpoint: Told;
  } {
    const { origin } = this;
    const size = this.lines.length;
    const signers = (['ed25519', 'cosignature-ml-dsa-44'] as const).map((type) =>
      noteSigner(origin, type, sha256(`${this.keyName} ${type}`)),
    );
    const checkpoint = { origin, size, root: this.root() };
    const signatures = signers.map((signer) => signer.sign(checkpoint, Date.now()));
    const proof = from > size ? [] : consistencyRanges(from, size).map((range) => this.#rootOf(range));
    return {
      epoch: this.epoch,
      log: { size, root: toHex(checkpoint.root) },
      checkpoint: {
        note: noteText(checkpointText(checkpoint), signatures),
        keys: signers.map(({ verifierKey }) => verifierKeyText(verifierKey)),
        from,
        proof: proof.map((hash) => Buffer.from(hash).toString('base64')),
        ofPrimary: null,
      },
    };
  }

  #rootOf({ begin, end }: LeafRange): Uint8Array {
    let frontier: Frontier = [];
    for (const [at, line] of this.lines.slice(begin, end).entries())
      frontier = appendLeaf(frontier, at, leafHash(line));
    return rootOf(frontier);
  }
}
