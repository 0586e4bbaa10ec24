/** A change that was refused because somebody else was first. */
import { catalogue } from './catalogue.ts';

export const CHANGED = catalogue(
  {
    by: (who: string, at: string) => `${who} has changed this meanwhile (${at})`,
    somebody: 'Somebody else has changed this meanwhile',
    entered: 'Nothing was saved. What you entered stays: save it as it stands here, or cancel.',
    again: 'Nothing was saved. You see what it is now: change it again, or cancel.',
  },
  {
    by: (who, at) => `${who} hat das inzwischen geändert (${at})`,
    somebody: 'Jemand anderes hat das inzwischen geändert',
    entered:
      'Es wurde nichts gesichert. Ihre Eingaben bleiben: Sichern Sie, was hier steht, oder brechen Sie ab.',
    again:
      'Es wurde nichts gesichert. Sie sehen, wie es jetzt ist: Ändern Sie es noch einmal, oder brechen Sie ab.',
  },
);
