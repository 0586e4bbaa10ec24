/** Put before a program by `--import`: at its end it tells on standard error which packages it has loaded. */
import { registerHooks } from 'node:module';

const packages = new Set<string>();
registerHooks({
  load(url, context, next) {
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    // A package by its size.
    if (name === 'zod' && /\/locales\/(?!en\.js$)/.test(url)) packages.add('zod-languages');
    return next(url, context);
  },
});

process.on('exit', () => {
  // Node's own list of its parts. `fetch` is as good as a package, and loaded with the first thing that belongs to it.
  const { moduleLoadList } = process as unknown as { readonly moduleLoadList: readonly string[] };
  if (moduleLoadList.some((part) => part.includes('undici'))) packages.add('fetch');
  process.stderr.write(`loaded: ${[...packages].join(' ')}\n`);
});
