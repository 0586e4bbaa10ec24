/** The algorithms of `file` keys: hybrid post-quantum by default, X25519 where older tools must read the files. */

export const AGE_ALGORITHMS = ['age-mlkem768x25519', 'age-x25519'] as const;
export type AgeAlgorithm = (typeof AGE_ALGORITHMS)[number];
