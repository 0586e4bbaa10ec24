/** Times as people read them, in their own zone; the exact one is in the title. */
import { useMemo } from 'react';
import { useLanguage } from '../texts/language.tsx';

export interface Times {
  readonly day: (iso: string) => string;
  readonly exact: (iso: string) => string;
  readonly number: (value: number) => string;
}

export function useTimes(): Times {
  const { language } = useLanguage();
  return useMemo(() => {
    const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
    const exact = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' });
    const number = new Intl.NumberFormat(language);
    return {
      day: (iso) => written(day, iso),
      exact: (iso) => `${written(exact, iso)} (${iso})`,
      number: (value) => number.format(value),
    };
  }, [language]);
}

function written(form: Intl.DateTimeFormat, iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : form.format(at);
}
