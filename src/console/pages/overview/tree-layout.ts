/** Where each server of a tree is drawn: leaves side by side, each other one above the middle of those below it. */
import type { Hierarchy, PlacedServer, TreeServer } from '../../api/hierarchy.ts';

export const CARD = { width: 208, height: 76, gapX: 24, gapY: 72 } as const;

export interface DrawnServer {
  readonly placed: PlacedServer;
  readonly x: number;
  readonly y: number;
  /** The drawn server above it; undefined for the uppermost. */
  readonly above: DrawnServer | undefined;
}

export interface Drawn {
  readonly servers: readonly DrawnServer[];
  readonly width: number;
  readonly height: number;
}

interface Branch {
  readonly placed: PlacedServer;
  readonly below: readonly Branch[];
}

/** With the primary on top, where there is one. */
export function drawTree({ server, primary, secondaries }: Hierarchy): Drawn {
  const branchOf = (one: TreeServer, above: PlacedServer['above'], depth: number): Branch => {
    const { secondaries: below, ...shown } = one;
    return {
      placed: { server: shown, depth, above, place: 'below' },
      below: below.map((next) => branchOf(next, shown, depth + 1)),
    };
  };
  const own: Branch = {
    placed: { server, depth: 0, above: primary ?? undefined, place: 'own' },
    below: secondaries.map((one) => branchOf(one, server, 1)),
  };
  const top: Branch =
    primary === null
      ? own
      : { placed: { server: primary, depth: -1, above: undefined, place: 'primary' }, below: [own] };
  const drawn: DrawnServer[] = [];
  let leaves = 0;
  let depth = 0;
  const place = (branch: Branch, level: number): { x: number; finish: (above?: DrawnServer) => void } => {
    depth = Math.max(depth, level);
    const parts = branch.below.map((one) => place(one, level + 1));
    const x = parts.length === 0 ? leaves++ * (CARD.width + CARD.gapX) : (parts[0]!.x + parts.at(-1)!.x) / 2;
    return {
      x,
      finish: (above) => {
        const self = { placed: branch.placed, x, y: level * (CARD.height + CARD.gapY), above };
        drawn.push(self);
        for (const part of parts) part.finish(self);
      },
    };
  };
  place(top, 0).finish();
  return {
    servers: drawn,
    width: Math.max(1, leaves) * (CARD.width + CARD.gapX) - CARD.gapX,
    height: (depth + 1) * (CARD.height + CARD.gapY) - CARD.gapY,
  };
}
