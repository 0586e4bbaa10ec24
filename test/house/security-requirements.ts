/** What docs/SECURITY_REQUIREMENTS.md has to hold: each requirement of OWASP ASVS 5.0.0, levels 1 and 2, once. */

/** How many there are in each section of these levels: they are numbered from 1 without a gap. */
const REQUIREMENTS: Readonly<Record<string, number>> = {
  '1.1': 2,
  '1.2': 9,
  '1.3': 11,
  '1.4': 3,
  '1.5': 2,
  '2.1': 3,
  '2.2': 3,
  '2.3': 4,
  '2.4': 1,
  '3.2': 2,
  '3.3': 4,
  '3.4': 6,
  '3.5': 5,
  '3.7': 2,
  '4.1': 3,
  '4.2': 1,
  '4.3': 2,
  '4.4': 4,
  '5.1': 1,
  '5.2': 3,
  '5.3': 2,
  '5.4': 3,
  '6.1': 3,
  '6.2': 12,
  '6.3': 4,
  '6.4': 4,
  '6.5': 5,
  '6.6': 3,
  '6.8': 4,
  '7.1': 3,
  '7.2': 4,
  '7.3': 2,
  '7.4': 5,
  '7.5': 2,
  '7.6': 2,
  '8.1': 2,
  '8.2': 3,
  '8.3': 1,
  '8.4': 1,
  '9.1': 3,
  '9.2': 4,
  '10.1': 2,
  '10.2': 2,
  '10.3': 4,
  '10.4': 11,
  '10.5': 5,
  '10.6': 2,
  '10.7': 3,
  '11.1': 2,
  '11.2': 3,
  '11.3': 3,
  '11.4': 4,
  '11.5': 1,
  '11.6': 1,
  '12.1': 3,
  '12.2': 2,
  '12.3': 4,
  '13.1': 1,
  '13.2': 5,
  '13.3': 2,
  '13.4': 5,
  '14.1': 2,
  '14.2': 4,
  '14.3': 3,
  '15.1': 3,
  '15.2': 3,
  '15.3': 7,
  '16.1': 1,
  '16.2': 5,
  '16.3': 4,
  '16.4': 3,
  '16.5': 3,
  '17.1': 1,
  '17.2': 4,
  '17.3': 2,
};
const STATES = ['met', 'not shown', 'not met', 'does not apply'];

const ROW = /^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$/gm;
const TEST_FILE = /`(test\/[\w./-]+)`/g;
const LINK = /\]\(([\w.#/-]+)\)/;

export function requirementFaults(document: string, paths: readonly string[]): string[] {
  const rows = [...document.matchAll(ROW)].map(([, number = '', , , state = '', why = '']) => ({
    number,
    state,
    why,
  }));
  const faults: string[] = [];
  const numbers = rows.map(({ number }) => number);
  const wanted = Object.entries(REQUIREMENTS).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, at) => `${section}.${at + 1}`),
  );
  for (const number of wanted) {
    const times = numbers.filter((one) => one === number).length;
    if (times !== 1) faults.push(`${number} stands there ${times} times`);
  }
  for (const number of numbers) if (!wanted.includes(number)) faults.push(`${number} is no requirement`);
  for (const { number, state, why } of rows) {
    const files = [...why.matchAll(TEST_FILE)].map(([, file]) => file!);
    for (const file of files)
      if (!paths.includes(file)) faults.push(`${number} names ${file}, which is not there`);
    if (!STATES.includes(state)) faults.push(`${number} is ${state}, which is no state`);
    if (state === 'met' && files.length === 0 && !LINK.test(why))
      faults.push(`${number} is shown by nothing`);
    if (state === 'met' && files.some((file) => !file.endsWith('.test.ts')))
      faults.push(`${number} is shown by what is no test`);
    if (why.trim() === '') faults.push(`${number} says nothing`);
  }
  for (const state of STATES) {
    const count = rows.filter((row) => row.state === state).length;
    if (!new RegExp(`^\\| ${state} \\|.*\\| ${count} \\|$`, 'm').test(document))
      faults.push(`${count} are ${state}, and the summary says another number`);
  }
  const notMet = rows.filter(({ state }) => state === 'not met').map(({ number }) => number);
  const told = /^Not met: ([^]*?)\.\n/m.exec(document)?.[1]?.split(/,\s+/) ?? [];
  if (told.join() !== notMet.join())
    faults.push(`${notMet.join(', ')} are not met, and the list says another`);
  return faults;
}
