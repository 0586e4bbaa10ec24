/**
 * The three functions of the Reflect metadata proposal that the certificate library's container asks for. The library
 * itself names no package that brings them; these suffice, and its container refuses to load without them.
 *
 * Metadata is looked up on the class itself only: the container registers no subclasses of decorated classes.
 */

type Metadata = Map<unknown, unknown>;

const metadataOf = new WeakMap<object, Metadata>();

function readMetadata(key: unknown, target: object): unknown {
  return metadataOf.get(target)?.get(key);
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const metadata: Metadata = metadataOf.get(target) ?? new Map<unknown, unknown>();
  metadataOf.set(target, metadata.set(key, value));
}

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, { getMetadata: readMetadata, getOwnMetadata: readMetadata, defineMetadata });
}
