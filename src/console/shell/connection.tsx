/**
 * Whether the server answers. While it does not, a banner says so, and the page goes on by itself when it is back: what
 * was typed stays, and what is shown is asked for again.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { askMe, isMe, useMe } from '../api/me.ts';
import { codeOf } from '../api/problem.ts';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

function useLost(): boolean {
  const client = useQueryClient();
  const lost = codeOf(useMe().failureReason) === 'unreachable';
  const before = useRef(false);
  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        if (event.type !== 'updated' || isMe(event.query.queryKey)) return;
        const { action } = event;
        if ((action.type === 'failed' || action.type === 'error') && codeOf(action.error) === 'unreachable')
          askMe(client);
      }),
    [client],
  );
  useEffect(() => {
    if (before.current && !lost) void client.invalidateQueries();
    before.current = lost;
  }, [client, lost]);
  return lost;
}

/** It lies over the page and moves nothing of it. */
export function LostBanner() {
  const { problems } = useTexts(SHELL);
  const lost = useLost();
  return (
    <div role="status" className="banner no-print">
      {lost && <div className="banner-text">{problems.lost}</div>}
    </div>
  );
}
