/** Gives the focus back to where it was when a window opened: one that is taken away with its opening does not. */
import { useEffect } from 'react';

export function useReturnedFocus(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      // Behind the window's own end, which lets go of the focus.
      setTimeout(() => before instanceof HTMLElement && before.isConnected && before.focus(), 0);
    };
  }, []);
}
