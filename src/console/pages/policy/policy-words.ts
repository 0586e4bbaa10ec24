/** The values of a policy's settings in words, and where they come from. */
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { type DriveException, isPolicySetting } from '#protocol/people/policy-choices.ts';
import { useTimes } from '../../parts/times.ts';
import { useTexts } from '../../texts/language.tsx';
import { POLICY } from '../../texts/policy.ts';

export type ShownPolicy = PeopleAnswer<'showPolicy'>;

export function usePolicyWords() {
  const texts = useTexts(POLICY);
  const times = useTimes();
  const words: Readonly<Record<string, string>> = texts.words;
  const one = (value: unknown): string => {
    if (typeof value === 'boolean') return value ? texts.yes : texts.no;
    if (typeof value === 'string') return words[value] ?? value;
    if (typeof value === 'object' && value !== null && 'rule' in value) {
      const { serial, model, rule } = value as DriveException;
      return texts.exception(one(rule), serial ?? model ?? '');
    }
    return JSON.stringify(value) ?? texts.none;
  };
  return {
    name: (setting: string): string => (isPolicySetting(setting) ? texts.settings[setting] : setting),
    value: (setting: string, value: unknown): string => {
      if (Array.isArray(value)) return value.length === 0 ? texts.none : value.map(one).join(', ');
      if (typeof value === 'number')
        return (setting === 'proofHours' ? texts.hours : texts.days)(times.number(value));
      return one(value);
    },
    from: ({ kind, name }: ShownPolicy['settings'][number]['from']): string => {
      if (kind === 'primary') return name === null ? texts.from.primaryAbove : texts.from.primary(name);
      return name === null ? texts.from.groupAbove : texts.from.group(name);
    },
  };
}
