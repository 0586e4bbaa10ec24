/**
 * Why a key can or cannot be had, and what helps, in the languages that the server does not speak itself. Every verdict
 * has its sentences here, or the console does not compile.
 */
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Language } from './catalogue.ts';

export type Explained = PeopleAnswer<'explainKey'>;
type About = NonNullable<Explained['about']>;

interface Words {
  readonly verdict: string;
  readonly next: string;
}
/** @param since as the page writes times; undefined where the primary was never heard. */
type Say = (at: string, since: string | undefined) => Words;

const LOOP =
  'Trennen Sie einen der Server von seinem übergeordneten: den, der keinen übergeordneten haben soll.';

const GERMAN: Readonly<Record<About['reason'], Say>> = {
  here: (at) => ({
    verdict: `${at}, dieser Server, hat den Schlüssel`,
    next: 'Öffnen Sie das Laufwerk oder die Datei: Ein Gerät dieses Servers bekommt den Schlüssel mit dem Nachweis, der bei den Daten liegt.',
  }),
  elsewhere: (at) => ({
    verdict: `${at} hat den Schlüssel, und jede Verbindung dorthin ist offen`,
    next: 'Öffnen Sie das Laufwerk oder die Datei: Ein Gerät dieses Servers bekommt den Schlüssel mit dem Nachweis, der bei den Daten liegt.',
  }),
  'unknown-key': () => ({
    verdict: 'Kein Server bis hinauf zur Wurzel hat diesen Schlüssel',
    next: 'Finden Sie den Server, bei dem die Daten verschlüsselt wurden, und schalten Sie dort die Hierarchie ein; oder exportieren Sie den Schlüssel dort, und importieren Sie ihn hier.',
  }),
  'wrong-claim': (at) => ({
    verdict: `${at} hat diesen Schlüssel, aber der Nachweis passt nicht dazu`,
    next: 'Der Kopf der Datei oder des Laufwerks wurde verändert oder gehört zu einem anderen Schlüssel. Nehmen Sie eine unveränderte Kopie.',
  }),
  'option-off': (at) => ({
    verdict: `Auf ${at} ist die Option aus, die Hierarchie der Administrationsserver für Schlüssel zu verwenden`,
    next: `Schalten Sie sie auf ${at} ein, oder bringen Sie den Schlüssel per Datei.`,
  }),
  'link-in-dmz': (at) => ({
    verdict: `Die Verbindung zwischen ${at} und seinem übergeordneten Server ist als DMZ gekennzeichnet, und kein Schlüssel überquert sie`,
    next: 'Exportieren Sie den Schlüssel dort, wo er ist, und importieren Sie ihn hier.',
  }),
  'primary-unreachable': (at, since) => ({
    verdict:
      since === undefined
        ? `${at} hat seinen übergeordneten Server nie erreicht`
        : `${at} erreicht seinen übergeordneten Server nicht, zuletzt am ${since}`,
    next: `Prüfen Sie, ob der übergeordnete Server von ${at} läuft, und das Netz dazwischen.`,
  }),
  'refused-by-primary': (at) => ({
    verdict: `Der übergeordnete Server weist ${at} ab`,
    next: `Laden Sie ${at} dort neu ein, und lassen Sie ihn mit der Einladung beitreten.`,
  }),
  loop: (at) => ({
    verdict: `Die Server bilden einen Ring: Die Frage kam zu ${at} zurück`,
    next: LOOP,
  }),
  'too-deep': (at) => ({
    verdict: `Der Weg zur Wurzel ist länger als erlaubt, erreicht bei ${at}`,
    next: `Sehen Sie nach, ob die Server einen Ring bilden. ${LOOP}`,
  }),
  deadline: (at) => ({
    verdict: `Die Zeit für die Frage lief bei ${at} ab`,
    next: 'Sehen Sie in der Übersicht nach den Verbindungen, und versuchen Sie es noch einmal.',
  }),
  'bad-answer': (at) => ({
    verdict: `Der übergeordnete Server von ${at} hat mit etwas geantwortet, das nicht dieser Schlüssel ist`,
    next: `Vergleichen Sie die Versionen von ${at} und seinem übergeordneten Server, und sehen Sie in das Protokoll von ${at}.`,
  }),
  later: (at) => ({
    verdict: `${at} beantwortet gerade keine weiteren Fragen`,
    next: `Versuchen Sie es in einer Minute noch einmal. Geschieht es wieder, finden Sie heraus, was so oft fragt, und prüfen Sie das Budget von ${at}.`,
  }),
};

const VERDICTS: Readonly<Record<Language, Readonly<Record<About['reason'], Say>> | null>> = {
  en: null,
  de: GERMAN,
};
const ASKED: Readonly<Record<Language, (servers: string) => string>> = {
  en: (servers) => ` (asked: ${servers})`,
  de: (servers) => ` (gefragt: ${servers})`,
};

/** Undefined: the page shows the server's own sentences. @param day writes a time. */
export function verdictWords(
  language: Language,
  { about }: Pick<Explained, 'about'>,
  day: (iso: string) => string,
): Words | undefined {
  const say = about === undefined ? undefined : VERDICTS[language]?.[about.reason];
  if (about === undefined || say === undefined) return undefined;
  const { at, asked, since } = about;
  const { verdict, next } = say(at, since === null ? undefined : day(since));
  return { verdict: asked.length === 0 ? verdict : verdict + ASKED[language](asked.join(', ')), next };
}
