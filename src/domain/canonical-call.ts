/**
 * The one spelling of the parameters of a call: fields in order of their names, lists as sets, nothing between them.
 * Two calls ask for the same exactly when their spellings are the same.
 */

/** @param value as a parser or a schema made it; a field that is undefined is none. */
export function canonicalCall(value: unknown): string {
  return JSON.stringify(inOrder(value));
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return asSet(value.map(inOrder));
  // Without a prototype, so that a field called `__proto__` is one like any other.
  const ordered: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, one] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (one !== undefined) ordered[name] = inOrder(one);
  }
  return ordered;
}

/** Its order says nothing, nor how often it holds a thing. */
function asSet(list: readonly unknown[]): readonly unknown[] {
  const spelled = new Map(list.map((one) => [JSON.stringify(one), one]));
  return [...spelled].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
