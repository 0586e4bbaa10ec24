/**
 * The console's own files: a closed table of names and bytes, read once. A path that is not in the table does not
 * exist.
 *
 * Invariant: each answer makes the page anew, with an unpredictable style nonce, and no answer lets a page load
 * anything from elsewhere.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { KeystairError } from '#domain/errors.ts';
import { CONSOLE_PAGES } from '#protocol/people/console-pages.ts';
import { PEOPLE, sendText } from '../replies.ts';

/** Where the build writes them. */
const BUILT = join(import.meta.dirname, '../../../../dist/console');
/** Below it nobody expects a page. */
const OF_PROGRAMS = '/api/';
const NONCE = '__STYLE_NONCE__';
const NONCE_BYTES = 16;
/** The paths of pages. All of them get the same document, which reads the rest of the path itself. */
const PAGES = [...CONSOLE_PAGES, 'set-up', 'sign-in'];

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
/** Their names contain a hash of their content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export interface ConsoleFiles {
  readonly page: string;
  /** By their name under `/assets/`. */
  readonly assets: ReadonlyMap<string, { readonly bytes: Buffer; readonly mediaType: string }>;
}

/** Undefined if the console was not built. */
export function readConsoleFiles(folder: string = BUILT): ConsoleFiles | undefined {
  try {
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    const names = readdirSync(join(folder, 'assets')).filter((name) => extname(name) in MEDIA_TYPES);
    const assets = names.map((name) => {
      const file = {
        bytes: readFileSync(join(folder, 'assets', name)),
        mediaType: MEDIA_TYPES[extname(name)]!,
      };
      return [name, file] as const;
    });
    return { page, assets: new Map(assets) };
  } catch {
    return undefined;
  }
}

export function addConsoleFiles(app: FastifyInstance, files: ConsoleFiles | undefined): void {
  const paths = ['/', ...PAGES.flatMap((page) => [`/${page}`, `/${page}/*`])];
  for (const path of paths)
    app.get(path, async (_request, reply) => {
      if (files === undefined) throw notBuilt();
      return sendPage(reply, files, 200);
    });
  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const file = files?.assets.get(request.params.name);
    if (file === undefined) throw new KeystairError('not-found', 'the console has no such file');
    return reply
      .headers({ ...PEOPLE.headers, 'cache-control': FOR_EVER })
      .header('content-type', file.mediaType)
      .send(file.bytes);
  });
}

/** A person typed the address, or followed a link: their browser shows a page, and programs read a problem document. */
export function isForPage({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  return !url.startsWith(OF_PROGRAMS) && headers.accept?.includes('text/html') === true;
}

/** @param status 404 for an address that no page has: the page then says so. */
export function sendPage(reply: FastifyReply, files: ConsoleFiles, status: 200 | 404): FastifyReply {
  const nonce = randomBytes(NONCE_BYTES).toString('base64');
  const headers = { ...PEOPLE.headers, ...PAGE_HEADERS, 'content-security-policy': policyWith(nonce) };
  const page = files.page.replaceAll(NONCE, nonce);
  return sendText(reply, { ...PEOPLE, headers }, status, 'text/html; charset=utf-8', page);
}

/** Our pages share no window and no process with other sites. */
const PAGE_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self)',
} as const;

function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    // The one of `console/shell/trusted-types.ts`, which nobody can make again.
    'trusted-types default',
  ].join('; ');
}

function notBuilt(): KeystairError {
  return new KeystairError('not-available-yet', 'the console was not built on this machine', {
    nextStep: 'build it where Keystair is installed, and start the server again',
  });
}
