/**
 * Saves each start an eighth of its processor time: zod has its messages in 65 languages, a file each, and loads them
 * all. Ours are in English, which it loads by itself. If its files move one day, all are loaded again.
 *
 * Import it before anything that loads zod.
 */
import { registerHooks } from 'node:module';

const LANGUAGES = '/node_modules/zod/v4/locales/index.js';
const ENGLISH = "export { default as en } from './en.js';";

registerHooks({
  load: (url, context, next) =>
    url.endsWith(LANGUAGES) ? { format: 'module', source: ENGLISH, shortCircuit: true } : next(url, context),
});
