/** The words that all commands use for the same thing, chosen so that a help-desk person can read them aloud. */
import { notYet, place } from './options.ts';
import { serverPlace, USUAL_DATA } from './places.ts';

/** Options of every command that asks a server. */
export const ADDRESSED_SERVER = {
  data: place(`the server's data directory; else KEYSTAIR_DATA, else ${USUAL_DATA}`, serverPlace),
  ...atUrlNotYet(),
};

export function atUrlNotYet() {
  const instead = "run the command on the server's own machine, with --data DIR";
  return {
    url: notYet('URL', 'instead of --data: the address of a server, after keystair login', instead),
    'api-key-file': notYet('FILE', 'with --url, instead of a login: the key of a service account', instead),
  };
}

/** The option's full name, as the console shows it. */
export const OPTION_NAME = 'Use hierarchy of Administration Servers to obtain encryption keys';

/** Shown at every place that shows a link marked DMZ. */
export const DMZ_ADVICE =
  'No key crosses a link marked DMZ, in either direction. Carry keys over it in a file: ' +
  'keystair keys export on the one server, keystair keys import on the other.';

export function onOrOff(value: boolean): string {
  return value ? 'on' : 'off';
}

export function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

/** `2026-03-01 09:30:00 UTC`, or `never`. */
export function when(time: string | null): string {
  if (time === null) return 'never';
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
