/**
 * How much a form of a message takes at most, found by walking it; and what in it has no bound. Also the words that say
 * where in the code JSON is parsed and forms are made: in one place each.
 */
import { TREE_SHOWN_SERVERS_MAX, REQUEST_BYTES_MAX } from '#domain/limits.ts';
import { ShownServersSchema, ToldServersSchema } from '#protocol/server-tree.ts';
import { StepSchema, WarningSchema } from '#protocol/told-step.ts';
import { WireKeySchema } from '#protocol/wire-key.ts';
import type { z } from 'zod';
import { codeOf, type SourceFile } from './source-text.ts';

export interface Need {
  readonly depth: number;
  readonly values: number;
}

const ONE: Need = { depth: 0, values: 1 };

/** Checked by hand: `keyFromWire`, `isStep` and `isWarning` take each field by its name, and each has a greatest length. */
const BY_HAND: ReadonlyMap<unknown, Need> = new Map<unknown, Need>([
  [WireKeySchema, { depth: 3, values: 20 }],
  // As deep and full as the JSON around it, whatever it holds: only a step or a warning of ours is taken.
  [StepSchema, { depth: 2, values: 8 }],
  [WarningSchema, { depth: 2, values: 8 }],
]);

/** The least that a server takes in a tree, and its values. */
const TOLD_SERVER_BYTES = 140;
const TOLD_SERVER_VALUES = 10;

/** Trees, whose number of servers has a bound for all levels together: the bytes of a request, what is shown. */
const TOGETHER: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [ToldServersSchema, (TOLD_SERVER_VALUES * REQUEST_BYTES_MAX) / TOLD_SERVER_BYTES],
  [ShownServersSchema, TOLD_SERVER_VALUES * TREE_SHOWN_SERVERS_MAX],
]);

interface Def {
  readonly type: string;
  readonly checks?: readonly { readonly _zod: { readonly def: Def } }[];
  readonly check?: string;
  readonly format?: string;
  readonly abort?: boolean;
  readonly maximum?: number;
  readonly pattern?: RegExp;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
}

/** @param elsewhere forms that are bounded by whatever carries them. */
export function needOf(
  form: z.core.$ZodType,
  faults: string[],
  elsewhere: ReadonlySet<unknown> = new Set(),
  where = 'it',
  around: readonly unknown[] = [],
): Need {
  const known = BY_HAND.get(form);
  if (known !== undefined) return known;
  const fault = (sentence: string): Need => {
    faults.push(`${where} ${sentence}`);
    return ONE;
  };
  if (elsewhere.has(form)) return ONE;
  if (around.includes(form)) return fault('holds itself, however deep');
  const def = form._zod.def as unknown as Def;
  for (const check of [def, ...(def.checks ?? []).map(({ _zod }) => _zod.def)]) {
    const judges = check.check !== undefined && check.check !== 'overwrite';
    if (judges && check.abort !== true) fault(`goes on behind the check ${check.format ?? check.check}`);
  }
  const maximum = def.checks?.find(({ _zod }) => _zod.def.check === 'max_length')?._zod.def.maximum;
  const into = (inner: z.core.$ZodType, name: string): Need =>
    needOf(inner, faults, elsewhere, `${where}${name}`, [...around, form]);
  switch (def.type) {
    case 'string':
      return maximum !== undefined || hasBoundedPattern(def) ? ONE : fault('is text of any length');
    case 'number':
    case 'boolean':
    case 'null':
    case 'enum':
    case 'literal':
    case 'never':
      return ONE;
    case 'array': {
      const { depth, values } = into(def.element!, '[]');
      if (maximum === undefined) fault('is a list of any length');
      return { depth: depth + 1, values: 1 + (TOGETHER.get(form) ?? values * (maximum ?? 1)) };
    }
    case 'object': {
      const fields = Object.entries(def.shape!).map(([name, field]) => into(field, `.${name}`));
      return {
        depth: 1 + Math.max(0, ...fields.map(({ depth }) => depth)),
        values: fields.reduce((sum, { values }) => sum + values, 1),
      };
    }
    case 'union': {
      const needs = def.options!.map((option) => into(option, ''));
      return {
        depth: Math.max(...needs.map(({ depth }) => depth)),
        values: Math.max(...needs.map(({ values }) => values)),
      };
    }
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'catch':
      return into(def.innerType!, '');
    default:
      return fault(`is ${def.type}, of which no bound is known`);
  }
}

/** From the beginning to the end of the text, and nothing in it without a greatest number. */
function hasBoundedPattern({ checks = [] }: Def): boolean {
  return checks.some(({ _zod: { def } }) => def.pattern !== undefined && isBounded(def.pattern));
}

function isBounded({ source, flags }: RegExp): boolean {
  const withoutClasses = source.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/g, 'x');
  return /^\^.*\$$/.test(source) && !flags.includes('m') && !/[*+]|\{\d+,\}/.test(withoutClasses);
}

/** Where a form or a parser would be without the bounds of the house. */
const ELSEWHERE: readonly { readonly words: RegExp; readonly only: string; readonly instead: string }[] = [
  {
    words: /\bJSON\s*\.\s*parse\b/,
    only: 'src/domain/bounded-json.ts',
    instead: '`parseJson` with its bounds',
  },
  {
    words: /\bz\s*\.\s*(?:string|array|map|set|tuple|any|base64|iso|int|bigint|file|json|lazy)\b/,
    only: 'src/protocol/forms.ts',
    instead: 'the forms, which have bounds',
  },
  {
    words: /\bsafeParse\b/,
    only: 'src/protocol/forms.ts',
    instead: '`formed`, which ends at the first fault',
  },
];

export function unboundedFaults({ path, text }: SourceFile): string[] {
  const code = codeOf(text);
  return ELSEWHERE.filter(({ words, only }) => path !== only && words.test(code)).map(
    ({ words, instead }) => `has ${words.exec(code)![0]}: use ${instead}`,
  );
}
