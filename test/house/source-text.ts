/**
 * Reads TypeScript just far enough for the house rules: what is code, what it imports, and which names it uses.
 * TypeScript's compiler has no interface for this, and a small scanner is easier to trust than a large parser.
 */

/** A file of the project: path from its root, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Behind these a slash begins a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[([{},;=:?!&|+\-*%<>~^]|\b(?:return|typeof|case|of|in|await|throw|yield))$/;

/** Length of the regular expression literal that begins at `at`. */
function regexLength(text: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < text.length && text[i] !== '\n'; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) {
      const flags = /^[a-z]*/.exec(text.slice(i + 1))![0];
      return i + 1 + flags.length - at;
    }
  }
  return 1;
}

function stringLength(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === text[at]) return i + 1 - at;
  }
  return text.length - at;
}

/**
 * The text with comments, strings and regular expressions blanked out, every position kept. The quotes of strings
 * stay, and the code inside `${…}` of a template.
 */
export function codeOf(text: string): string {
  const code: string[] = [];
  /** For each template literal we are inside of: how many braces are open in its `${…}`. */
  const templates: number[] = [];
  const blank = (length: number, at: number): void => {
    for (const char of text.slice(at, at + length).split('')) code.push(char === '\n' ? '\n' : ' ');
  };
  let at = 0;
  /** Blanks the text of a template from `at` to its end or its next `${`. */
  const template = (): void => {
    for (; at < text.length; at += 1) {
      if (text[at] === '`') {
        code.push('`');
        at += 1;
        return;
      }
      if (text.startsWith('${', at)) {
        code.push('${');
        at += 2;
        templates.push(0);
        return;
      }
      const step = text[at] === '\\' ? 2 : 1;
      blank(step, at);
      at += step - 1;
    }
  };
  while (at < text.length) {
    const char = text[at]!;
    if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at);
      const length = (end === -1 ? text.length : end) - at;
      blank(length, at);
      at += length;
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      const length = (end === -1 ? text.length : end + 2) - at;
      blank(length, at);
      at += length;
    } else if (char === "'" || char === '"') {
      const length = stringLength(text, at);
      code.push(char);
      blank(length - 2, at + 1);
      code.push(char);
      at += length;
    } else if (char === '`') {
      code.push('`');
      at += 1;
      template();
    } else if (char === '/' && BEFORE_REGEX.test(code.slice(-40).join('').trimEnd())) {
      const length = regexLength(text, at);
      blank(length, at);
      at += length;
    } else {
      if (char === '{' && templates.length > 0) templates[templates.length - 1]! += 1;
      if (char === '}' && templates.length > 0) {
        if (templates.at(-1) === 0) {
          templates.pop();
          code.push('}');
          at += 1;
          template();
          continue;
        }
        templates[templates.length - 1]! -= 1;
      }
      code.push(char);
      at += 1;
    }
  }
  return code.join('');
}

export interface Import {
  readonly specifier: string;
  /** Names it takes, as they are called where they come from; empty for a whole module. */
  readonly names: readonly string[];
}

/** Static and dynamic imports and re-exports. */
export function importsOf(text: string): Import[] {
  const code = codeOf(text);
  const imports: Import[] = [];
  // A worker's file is named by a URL, in a string or a template whose extension is filled in.
  for (const match of text.matchAll(
    /new URL\(\s*['"`](\.\/[\w-]+)(?:\.ts|\$\{[^}]*\})['"`]\s*,\s*import\.meta\.url/g,
  )) {
    imports.push({ specifier: `${match[1]}.ts`, names: [] });
  }
  const pattern =
    /\b(?:(?:import|export)\s+(?:type\s+)?(?<clause>[\w$*\s{},]*?)\s*from\s*|import\s*\(\s*|import\s+)(?<quote>['"]) *\k<quote>/g;
  for (const match of code.matchAll(pattern)) {
    const end = match.index + match[0].length - 1;
    const quote = match.groups!['quote']!;
    const begin = code.lastIndexOf(quote, end - 1);
    const braces = /\{([^}]*)\}/.exec(match.groups!['clause'] ?? '')?.[1] ?? '';
    const names = braces
      .split(',')
      .map(
        (name) =>
          name
            .trim()
            .replace(/^type\s+/, '')
            .split(/\s+as\s+/)[0]!,
      )
      .filter((name) => name !== '');
    imports.push({ specifier: text.slice(begin + 1, end), names });
  }
  return imports;
}

/** Every identifier in the code, once. */
export function identifiersOf(text: string): Set<string> {
  return new Set(codeOf(text).match(/(?<![\w$])[A-Za-z_][\w$]*/g) ?? []);
}

/** `readFileSync`, `TRANSMISSION_KEYS_MAX`, `data-directory` to lower-case words. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
