/** Functional areas and rights. Every area has its words here, or the console does not compile. */
import type { Area } from '#protocol/people/areas.ts';
import { catalogue } from './catalogue.ts';

type AreaWords = Readonly<Record<Area, string>>;

export const GERMAN_AREAS: AreaWords = {
  'Administration Server': 'Administrationsserver',
  'Hierarchy of Administration Servers': 'Hierarchie der Administrationsserver',
  'Managed devices': 'Verwaltete Geräte',
  'Key register': 'Schlüsselverzeichnis',
  'Encryption key management': 'Schlüsselverwaltung',
  'Key reveal': 'Schlüssel zeigen',
  People: 'Personen',
  Approvals: 'Freigaben',
  'Audit log': 'Prüfprotokoll',
};
export const GERMAN_RIGHTS = { Read: 'Lesen', Write: 'Schreiben' } as const;

/** The same under their own names, which the command line and the API take. */
const ENGLISH_AREAS: AreaWords = {
  'Administration Server': 'Administration Server',
  'Hierarchy of Administration Servers': 'Hierarchy of Administration Servers',
  'Managed devices': 'Managed devices',
  'Key register': 'Key register',
  'Encryption key management': 'Encryption key management',
  'Key reveal': 'Key reveal',
  People: 'People',
  Approvals: 'Approvals',
  'Audit log': 'Audit log',
};

export const RIGHT_WORDS = catalogue(
  {
    areas: ENGLISH_AREAS,
    rights: { Read: 'Read', Write: 'Write' },
    /** What somebody can do by each, in a few words. */
    means: {
      'Administration Server': 'Its status, seals, settings and backups',
      'Hierarchy of Administration Servers': 'The tree, invitations and links',
      'Managed devices': 'Devices, their invitations and removal',
      'Key register': 'That keys exist, and why one does not open',
      'Encryption key management': 'Read exports keys, Write imports and repairs them',
      'Key reveal': 'Write shows the material of one key',
      People: 'People, programs and roles',
      Approvals: 'Read sees requests of others, Write answers them',
      'Audit log': 'Events and proofs',
    } satisfies AreaWords,
  },
  {
    areas: GERMAN_AREAS,
    rights: GERMAN_RIGHTS,
    means: {
      'Administration Server': 'Status, Siegel, Einstellungen und Sicherungen',
      'Hierarchy of Administration Servers': 'Der Baum, Einladungen und Verbindungen',
      'Managed devices': 'Geräte, ihre Einladung und Entfernung',
      'Key register': 'Dass es Schlüssel gibt, und warum sich etwas nicht öffnet',
      'Encryption key management': 'Lesen exportiert Schlüssel, Schreiben importiert und repariert sie',
      'Key reveal': 'Schreiben zeigt das Material eines Schlüssels',
      People: 'Personen, Programme und Rollen',
      Approvals: 'Lesen zeigt Anfragen anderer, Schreiben beantwortet sie',
      'Audit log': 'Ereignisse und Beweise',
    },
  },
);
