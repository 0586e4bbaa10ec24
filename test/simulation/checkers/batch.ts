/** A transmission as anyone on the way could read it. */

export interface SentBatch {
  /** The number it continues from. */
  readonly start: number;
  readonly ids: readonly string[];
}

export function readBatch(bytes: Uint8Array): SentBatch {
  const lines = Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  const [first, ...others] = lines.map((line) => JSON.parse(line) as { seq?: number; key?: { id: string } });
  return { start: first?.seq ?? 0, ids: others.flatMap(({ key }) => (key === undefined ? [] : [key.id])) };
}
