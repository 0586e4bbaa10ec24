/** Who did something, as people say it: the audit log names them by id and name, so that a line stands for ever. */
import { useTexts } from '../texts/language.tsx';
import { CALLERS } from '../texts/callers.ts';

const NAMED = /^(?:person|service):[0-9a-f-]{36} (.+)$/s;

export function useCallers(): (by: string) => string {
  const { owner, server } = useTexts(CALLERS);
  return (by) => {
    if (by === 'local administrator') return owner;
    return by === 'server' ? server : (NAMED.exec(by)?.[1] ?? by);
  };
}
