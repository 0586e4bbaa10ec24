/** The language of the page: the person's choice, else what their browser prefers. */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { type Catalogue, type Language, LANGUAGES } from './catalogue.ts';

const CHOICE = 'keystair-language';

interface Spoken {
  readonly language: Language;
  readonly choose: (language: Language) => void;
}

const Speaking = createContext<Spoken | undefined>(undefined);

function preferred(): Language {
  const wanted = [localStorage.getItem(CHOICE) ?? '', ...navigator.languages].map((tag) => tag.split('-')[0]);
  return wanted.map((tag) => LANGUAGES.find((language) => language === tag)).find(Boolean) ?? 'en';
}

export function Speak({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const spoken = useMemo<Spoken>(
    () => ({
      language,
      choose: (chosen) => {
        localStorage.setItem(CHOICE, chosen);
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <Speaking value={spoken}>{children}</Speaking>;
}

export function useLanguage(): Spoken {
  const spoken = useContext(Speaking);
  if (spoken === undefined) throw new Error('broken invariant: the page speaks a language');
  return spoken;
}

export function useTexts<Words>(texts: Catalogue<Words>): Words {
  return texts[useLanguage().language];
}
