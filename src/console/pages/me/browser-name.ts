/** The browser and the system that a request names, in the words that people have for them. */

/** In this order: each names itself after those it wants to be taken for. */
const BROWSERS: readonly (readonly [name: string, found: RegExp])[] = [
  ['Edge', /Edg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /OPR\/(\d+)/],
  ['Firefox', /(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /(?:Headless)?Chrom(?:e|ium)\/(\d+)|CriOS\/(\d+)/],
  ['Safari', /Version\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari/],
];
const SYSTEMS: readonly (readonly [name: string, found: RegExp])[] = [
  ['Android', /Android/],
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux/],
];

/** The whole text of a program that is no browser that we know. */
export function browserName(agent: string): string {
  for (const [name, found] of BROWSERS) {
    const version = found.exec(agent)?.slice(1).find(Boolean);
    if (version === undefined) continue;
    const [system] = SYSTEMS.find(([, isIt]) => isIt.test(agent)) ?? [];
    return system === undefined ? `${name} ${version}` : `${name} ${version}, ${system}`;
  }
  return agent;
}
