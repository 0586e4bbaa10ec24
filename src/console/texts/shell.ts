/** Texts around every page, and texts that several pages use. */
import { catalogue } from './catalogue.ts';
import { GERMAN_AREAS, GERMAN_RIGHTS } from './rights.ts';

/** A right that this release does not know keeps its own name. */
function germanWord(words: Readonly<Record<string, string>>, name: string): string {
  return words[name] ?? name;
}

export const SHELL = catalogue(
  {
    language: 'English',
    product: 'Keystair',
    menu: {
      name: 'Main menu',
      servers: 'Administration Servers',
      open: 'Open the menu',
      propertiesOf: (server: string) => `Properties of ${server}`,
      signedIn: (person: string) => `Signed in: ${person}`,
      signOut: 'Sign out',
      mySignIn: 'My sign-in',
      properties: 'Properties',
      moreServers: (count: string) => `${count} more in the overview`,
    },
    pages: {
      overview: 'Overview',
      why: 'Why does it not open?',
      keys: 'Keys',
      devices: 'Devices',
      approvals: 'Approvals',
      people: 'People',
      audit: 'Audit log',
      reports: 'Reports',
    },
    problems: {
      unreachable: 'The server does not answer.',
      tryAgain: 'Try again',
      says: (detail: string) => detail,
      lost: 'The connection to the server is lost. This page continues as soon as it is back.',
    },
    rights: {
      named: (area: string, right: string) => `${area}: ${right}`,
      lacking: (area: string, right: string) => `You lack the right ${right} on “${area}”.`,
      limited: (area: string, right: string, groups: string) =>
        `Your right ${right} on “${area}” is limited to ${groups}, and this needs it everywhere.`,
      ask: 'Ask somebody who manages people to give it to you.',
    },
    common: {
      loading: 'Loading',
      close: 'Close',
      cancel: 'Cancel',
      acts: 'Actions',
      never: 'never',
      yes: 'yes',
      no: 'no',
      notFound: 'There is no such page.',
    },
    states: {
      connected: 'connected',
      unreachable: 'unreachable',
      refused: 'refused',
      'never-heard': 'never heard',
    },
  },
  {
    language: 'Deutsch',
    product: 'Keystair',
    menu: {
      name: 'Hauptmenü',
      servers: 'Administrationsserver',
      open: 'Menü öffnen',
      propertiesOf: (server) => `Eigenschaften von ${server}`,
      signedIn: (person) => `Angemeldet: ${person}`,
      signOut: 'Abmelden',
      mySignIn: 'Meine Anmeldung',
      properties: 'Eigenschaften',
      moreServers: (count) => `${count} weitere in der Übersicht`,
    },
    pages: {
      overview: 'Übersicht',
      why: 'Warum öffnet es sich nicht?',
      keys: 'Schlüssel',
      devices: 'Geräte',
      approvals: 'Freigaben',
      people: 'Personen',
      audit: 'Prüfprotokoll',
      reports: 'Berichte',
    },
    problems: {
      unreachable: 'Der Server antwortet nicht.',
      tryAgain: 'Noch einmal versuchen',
      says: (detail) => `Der Server sagt: ${detail}`,
      lost: 'Die Verbindung zum Server ist unterbrochen. Sobald sie wieder besteht, geht es hier weiter.',
    },
    rights: {
      named: (area, right) => `${germanWord(GERMAN_AREAS, area)}: ${germanWord(GERMAN_RIGHTS, right)}`,
      lacking: (area, right) =>
        `Ihnen fehlt das Recht ${germanWord(GERMAN_RIGHTS, right)} für „${germanWord(GERMAN_AREAS, area)}“.`,
      limited: (area, right, groups) =>
        `Ihr Recht ${germanWord(GERMAN_RIGHTS, right)} für „${germanWord(GERMAN_AREAS, area)}“ ist auf ${groups} beschränkt, und hierfür muss es überall gelten.`,
      ask: 'Bitten Sie jemanden darum, der Personen verwaltet.',
    },
    common: {
      loading: 'Lädt',
      close: 'Schließen',
      cancel: 'Abbrechen',
      acts: 'Aktionen',
      never: 'nie',
      yes: 'ja',
      no: 'nein',
      notFound: 'Diese Seite gibt es nicht.',
    },
    states: {
      connected: 'verbunden',
      unreachable: 'nicht erreichbar',
      refused: 'abgewiesen',
      'never-heard': 'nie gehört',
    },
  },
);
