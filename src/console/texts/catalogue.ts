/**
 * The catalogue of texts: one file per area, with all languages side by side. English defines the form: plain words are
 * strings, sentences with variable parts are functions.
 */
export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

type Widened<T> = T extends string
  ? string
  : T extends (...given: infer Given) => string
    ? (...given: Given) => string
    : { readonly [Name in keyof T]: Widened<T[Name]> };

export type Catalogue<Words> = Readonly<Record<Language, Words>>;

export function catalogue<const Texts>(en: Texts, de: Widened<NoInfer<Texts>>): Catalogue<Widened<Texts>> {
  return { en: en as Widened<Texts>, de };
}
