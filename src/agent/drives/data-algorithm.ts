/** What a volume's data is encrypted with, as its header says. The header is not authenticated: this is told, and decides nothing. */
import type { Luks2Copy } from './luks2/luks2-header.ts';

/** As a key's `algorithm`, for instance `aes-xts-plain64/512`; undefined where the header does not say it. */
export function dataAlgorithm({ segments, digests, keyslots }: Luks2Copy): string | undefined {
  const cipher = segments.get('0')?.encryption;
  const bound = [...digests.values()].filter((digest) => digest.segments.includes('0'));
  const slot = bound.flatMap((digest) => digest.keyslots).find((id) => keyslots.has(id));
  if (cipher === undefined || slot === undefined) return undefined;
  return `${cipher}/${keyslots.get(slot)!.keySize * 8}`;
}
