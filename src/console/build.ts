/**
 * Builds the console's pages into `dist/console`. `npm ci` runs it, so that what is served was made on the machine that
 * serves it, from the sources and the lockfile. An installation without development dependencies has nothing to build
 * with, and says so.
 */
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { ROUTES } from './api/table.ts';

const HERE = import.meta.dirname;
const OUT = join(HERE, '../../dist/console');
const TABLE = join(HERE, 'api/table.ts');

/** Puts the result of `api/table.ts` in its place. */
function routeTable(): Plugin {
  return {
    name: 'route-table',
    load: (id) => (id === TABLE ? `export const ROUTES = ${JSON.stringify(ROUTES)};` : undefined),
  };
}

async function main(): Promise<void> {
  let tools;
  try {
    tools = { vite: await import('vite'), react: (await import('@vitejs/plugin-react')).default };
  } catch {
    process.stderr.write('The console was not built: the development dependencies are not installed.\n');
    return;
  }
  await tools.vite.build({
    configFile: false,
    root: HERE,
    base: '/',
    logLevel: 'warn',
    plugins: [routeTable(), tools.react()],
    build: {
      outDir: OUT,
      emptyOutDir: true,
      assetsDir: 'assets',
      // The console is for browsers that are kept up to date.
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      sourcemap: false,
      // The dictionaries by which passwords are judged: they come when somebody begins to type one.
      chunkSizeWarningLimit: 1800,
    },
  });
}

await main();
