/** Who did something, where the audit log says it in a form of its own. */
import { catalogue } from './catalogue.ts';

export const CALLERS = catalogue(
  { owner: 'owner of the data directory', server: 'the server itself' },
  { owner: 'Besitzer des Datenverzeichnisses', server: 'der Server selbst' },
);
