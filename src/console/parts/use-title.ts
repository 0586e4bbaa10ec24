/** The page's title, which begins with the server's name: a person with three consoles open sees which is which. */
import { useEffect } from 'react';

export function useTitle(server: string | undefined, page: string): void {
  useEffect(() => {
    document.title = [server, page, 'Keystair'].filter(Boolean).join(' · ');
  }, [server, page]);
}
