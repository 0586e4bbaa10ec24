/** The words for a link and for a server's state, the same in the picture and in the list. */
import { linkState, type PlacedServer } from '../../api/hierarchy.ts';
import { useTimes } from '../../parts/times.ts';
import { useTexts } from '../../texts/language.tsx';
import { OVERVIEW } from '../../texts/overview.ts';

interface LinkWords {
  (placed: PlacedServer): string;
  readonly facts: (placed: PlacedServer) => string;
}

export function useLinkWords(): LinkWords {
  const { states, behind, heard, neverHeard, optionOn, optionOff } = useTexts(OVERVIEW);
  const times = useTimes();
  const words = (placed: PlacedServer): string => {
    const state = linkState(placed);
    const { waiting } = placed.server;
    if (state === 'both-on' && waiting !== null && waiting > 0) return behind(times.number(waiting));
    const word = states[state];
    if (typeof word === 'string') return word;
    return word(state === 'off-above' ? (placed.above?.name ?? '') : placed.server.name);
  };
  return Object.assign(words, {
    facts: ({ server, place }: PlacedServer): string =>
      [
        server.useHierarchy ? optionOn : optionOff,
        ...(place === 'below'
          ? [server.lastHeartbeatAt === null ? neverHeard : heard(times.day(server.lastHeartbeatAt))]
          : []),
      ].join(' · '),
  });
}
