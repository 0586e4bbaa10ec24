/** Whether little space is left where the repository lies: the rest is for the keys of the server's own devices. */
import { FREE_BYTES_FOR_TRANSMISSIONS } from '#domain/limits.ts';
import type { Store } from '#store/store.ts';

/** False where the store cannot know: a full database refuses by itself. */
export async function isDiskLow(store: Pick<Store, 'freeBytes'>): Promise<boolean> {
  const free = await store.freeBytes();
  return free !== undefined && free < FREE_BYTES_FOR_TRANSMISSIONS;
}
