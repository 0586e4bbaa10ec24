/** Walking a tree of servers. Invariant: it needs no stack, however deep the tree is. */

/** Every server of a tree, each before those below it, with its depth in the tree. */
export function* eachServer<Server extends { readonly secondaries: readonly Server[] }>(
  tree: readonly Server[],
): Generator<{ readonly server: Server; readonly depth: number }> {
  const waiting = tree.map((server) => ({ server, depth: 0 })).toReversed();
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    yield place;
    const depth = place.depth + 1;
    for (const server of place.server.secondaries.toReversed()) waiting.push({ server, depth });
  }
}
