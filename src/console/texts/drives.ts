/** What a device told of its drives. */
import { catalogue } from './catalogue.ts';

export const DRIVES = catalogue(
  {
    drives: 'Drives',
    title: 'Device',
    never: 'It never told of its drives: its agent is older, or was not heard yet.',
    word: 'As the device itself says',
    none: 'none in custody',
    problems: (count: string) => (count === '1' ? '1 problem' : `${count} problems`),
    proved: (proved: string, demanded: string) =>
      proved === demanded ? `${proved} proved` : `${proved} of ${demanded} proved`,
    told: 'Drives told of',
    group: 'Group',
    heard: 'Last heard',
    uuid: 'UUID',
    label: 'Label',
    disk: 'Disk',
    state: 'State',
    key: 'Key',
    lastProved: 'Last proved to open',
    cannotLook: 'The device cannot look at its drives',
    left: (count: string) => `It has ${count} more drives than it can report.`,
    neverProved: 'never',
    states: {
      'no rule': 'no rule',
      'in progress': 'in progress',
      done: 'done',
      error: 'error',
      cancelled: 'cancelled',
      'waiting for restart': 'waiting for restart',
      'encrypted without rule': 'encrypted without rule',
    },
    coverage: (proved: string, demanded: string) =>
      demanded === '0'
        ? 'No drive must be in custody.'
        : `Of ${demanded} drives that must be in custody, ${proved} were proved to open within the last day.`,
  },
  {
    drives: 'Laufwerke',
    title: 'Gerät',
    never: 'Es hat nie von seinen Laufwerken berichtet: Sein Agent ist älter oder wurde noch nicht gehört.',
    word: 'Nach den Worten des Geräts',
    none: 'keines verwahrt',
    problems: (count) => (count === '1' ? '1 Problem' : `${count} Probleme`),
    proved: (proved, demanded) =>
      proved === demanded ? `${proved} geprüft` : `${proved} von ${demanded} geprüft`,
    told: 'Laufwerke berichtet',
    group: 'Gruppe',
    heard: 'Zuletzt gehört',
    uuid: 'UUID',
    label: 'Beschriftung',
    disk: 'Datenträger',
    state: 'Zustand',
    key: 'Schlüssel',
    lastProved: 'Zuletzt als passend geprüft',
    cannotLook: 'Das Gerät kann seine Laufwerke nicht ansehen',
    left: (count) => `Es hat ${count} Laufwerke mehr, als es berichten kann.`,
    neverProved: 'nie',
    states: {
      'no rule': 'ohne Regel',
      'in progress': 'in Arbeit',
      done: 'erledigt',
      error: 'Fehler',
      cancelled: 'abgebrochen',
      'waiting for restart': 'wartet auf Neustart',
      'encrypted without rule': 'verschlüsselt, ohne Regel',
    },
    coverage: (proved, demanded) =>
      demanded === '0'
        ? 'Kein Laufwerk muss verwahrt sein.'
        : `Von ${demanded} Laufwerken, die verwahrt sein müssen, wurden ${proved} im letzten Tag als passend geprüft.`,
  },
);
