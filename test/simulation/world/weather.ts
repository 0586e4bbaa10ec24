/** The weather in the network, and what it does to one message. */
import type { Dice } from './dice.ts';

/** Probabilities for each message. */
export interface Weather {
  readonly lost: number;
  readonly answerLost: number;
  readonly repeated: number;
  readonly slow: number;
  readonly cut: number;
}

export const CLEAR_WEATHER: Weather = { lost: 0, answerLost: 0, repeated: 0, slow: 0, cut: 0 };

const DELAY_MS_MAX = 40;
/** Beyond every deadline of a call. */
const SLOW_MS_MAX = 45_000;

export interface StreamFate {
  readonly cutAt: number | undefined;
  readonly cutCleanly: boolean;
  readonly pieces: number;
  readonly pieceDelay: number;
}

export interface Fate extends StreamFate {
  readonly slowly: boolean;
  readonly delay: number;
  readonly answerDelay: number;
  readonly lost: boolean;
  readonly answerLost: boolean;
  readonly fast: boolean;
  readonly repeatDelay: number | undefined;
}

export const NO_CUT: StreamFate = { cutAt: undefined, cutCleanly: false, pieces: 2, pieceDelay: 10 };

export function drawFate(dice: Dice, weather: Weather): Fate {
  const { lost, answerLost, repeated, slow, cut } = weather;
  const slowly = dice.chance(slow);
  const delay = () => (slowly ? dice.below(SLOW_MS_MAX) : 1 + dice.below(DELAY_MS_MAX));
  return {
    slowly,
    delay: delay(),
    answerDelay: delay(),
    lost: dice.chance(lost),
    answerLost: dice.chance(answerLost),
    /** Whether the caller is told of a break or waits for its timeout. */
    fast: dice.chance(0.5),
    repeatDelay: dice.chance(repeated) ? dice.below(3 * SLOW_MS_MAX) : undefined,
    cutAt: dice.chance(cut) ? dice.below(1_000_000) / 1_000_000 : undefined,
    cutCleanly: dice.chance(0.3),
    pieces: 1 + dice.below(4),
    pieceDelay: slowly ? dice.below(5000) : dice.below(30),
  };
}
