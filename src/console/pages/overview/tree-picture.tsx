/** The tree as a picture: each link with a colour, a stroke and a word. The list beside it has the same for everybody. */
import { Text } from '@mantine/core';
import { type Hierarchy, type LinkState, linkState, markOf } from '../../api/hierarchy.ts';
import { STATE_COLOURS, StateMark } from '../../parts/state-mark.tsx';
import { CARD, type DrawnServer, drawTree } from './tree-layout.ts';
import { useLinkWords } from './link-words.ts';

const DASHES: Partial<Readonly<Record<LinkState, string>>> = { dmz: '2 6', silent: '8 5' };
const WORD_HEIGHT = 26;

export function TreePicture({ hierarchy, name }: { readonly hierarchy: Hierarchy; readonly name: string }) {
  const drawn = drawTree(hierarchy);
  const pad = 12;
  return (
    <div style={{ overflowX: 'auto' }}>
      <svg
        role="img"
        aria-label={name}
        width={drawn.width + 2 * pad}
        height={drawn.height + 2 * pad}
        viewBox={`${-pad} ${-pad} ${drawn.width + 2 * pad} ${drawn.height + 2 * pad}`}
        style={{ display: 'block', margin: '0 auto' }}
      >
        {drawn.servers.map((one) => (
          <Link key={`link ${one.placed.server.id}`} drawn={one} />
        ))}
        {drawn.servers.map((one) => (
          <foreignObject
            key={one.placed.server.id}
            x={one.x}
            y={one.y}
            width={CARD.width}
            height={CARD.height}
          >
            <Card drawn={one} />
          </foreignObject>
        ))}
      </svg>
    </div>
  );
}

function Link({ drawn }: { readonly drawn: DrawnServer }) {
  const words = useLinkWords();
  const { above, placed } = drawn;
  if (above === undefined) return null;
  const from = { x: above.x + CARD.width / 2, y: above.y + CARD.height };
  const to = { x: drawn.x + CARD.width / 2, y: drawn.y };
  const middle = (from.y + to.y) / 2;
  const state = linkState(placed);
  const colour = STATE_COLOURS[markOf(placed)];
  return (
    <>
      <path
        d={`M${from.x} ${from.y} C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.y}`}
        fill="none"
        stroke={colour}
        strokeWidth="2.5"
        strokeDasharray={DASHES[state]}
      />
      <foreignObject
        x={to.x - CARD.width / 2}
        y={to.y - WORD_HEIGHT - 8}
        width={CARD.width}
        height={WORD_HEIGHT}
      >
        <div style={{ textAlign: 'center' }}>
          <span
            style={{
              background: 'var(--page-card)',
              border: '1px solid var(--page-line)',
              borderRadius: 12,
              padding: '1px 8px',
              fontSize: 12,
              fontWeight: 600,
            }}
          >
            {words(placed)}
          </span>
        </div>
      </foreignObject>
    </>
  );
}

function Card({ drawn: { placed } }: { readonly drawn: DrawnServer }) {
  const words = useLinkWords();
  const { server, place } = placed;
  return (
    <div
      style={{
        width: '100%',
        height: '100%',
        boxSizing: 'border-box',
        background: 'var(--page-card)',
        border: `${place === 'own' ? 2 : 1}px solid ${place === 'own' ? 'var(--mantine-primary-color-filled)' : 'var(--page-line)'}`,
        borderRadius: 12,
        padding: '8px 12px',
        overflow: 'hidden',
      }}
    >
      <div style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
        <StateMark state={markOf(placed)} />
        <Text fw={600} size="sm" truncate dir="auto">
          {server.name}
        </Text>
      </div>
      <Text size="xs" c="dimmed" lineClamp={2}>
        {words.facts(placed)}
      </Text>
    </div>
  );
}
