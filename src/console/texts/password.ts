/** A new password: for a file that leaves the server, or for a seal. */
import { catalogue } from './catalogue.ts';

export const PASSWORD = catalogue(
  {
    password: 'Password',
    repeat: 'Repeat password',
    differ: 'The two passwords differ.',
    generate: 'Generate password',
    generated: 'Write it down or store it now: it is shown only here.',
    worth: {
      short: 'Too short: at least 12 characters.',
      weak: 'Easy to guess: the server will refuse it. Take four or more unrelated words.',
      good: 'Good enough to protect a file.',
      strong: 'Strong.',
    },
  },
  {
    password: 'Passwort',
    repeat: 'Passwort wiederholen',
    differ: 'Die beiden Passwörter sind verschieden.',
    generate: 'Passwort erzeugen',
    generated: 'Schreiben Sie es jetzt auf: Es wird nur hier gezeigt.',
    worth: {
      short: 'Zu kurz: mindestens 12 Zeichen.',
      weak: 'Leicht zu erraten: Der Server wird es ablehnen. Nehmen Sie vier oder mehr Wörter, die nichts miteinander zu tun haben.',
      good: 'Gut genug, um eine Datei zu schützen.',
      strong: 'Stark.',
    },
  },
);
