/**
 * A page that documents the API, made from its OpenAPI document. It has no script and loads nothing.
 *
 * Invariant: every text is escaped.
 */
import { hash } from 'node:crypto';
import type { OpenApi, Operation, Parameter } from '#protocol/people/openapi.ts';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --ink: CanvasText; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: Canvas; margin: 0 auto; max-width: 62rem; padding: 1rem 1.25rem 4rem; }
h1 { margin-bottom: .25rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); text-transform: capitalize; }
nav ul { columns: 16rem; padding: 0; list-style: none; } nav a { overflow-wrap: anywhere; }
article { margin: 1.75rem 0; } article h3 { font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; margin-bottom: .25rem; }
article h3 b { display: inline-block; min-width: 4.5rem; }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem; overflow: auto; border-radius: .375rem; max-height: 28rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
summary { cursor: pointer; } a:focus-visible, summary:focus-visible, pre:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
`;

/** For the header: allows no source except this style. */
export const API_PAGE_POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

export function apiPage(document: OpenApi, serverName: string): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = document.tags.map(({ name }) => ({
    name,
    calls: operations.filter(({ operation }) => operation.tags.includes(name)),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(serverName)}: API</title>
<style>${STYLE}</style>
</head>
<body>
<h1>The API of ${escaped(serverName)}</h1>
<p>${marked(String(document.info['description']))} The document for programs is <a href="/api/v1/openapi.json">openapi.json</a>.</p>
<nav aria-label="Calls"><ul>
${operations.map(({ operation }) => `<li><a href="#${escaped(operation.operationId)}">${escaped(operation.operationId)}</a></li>`).join('\n')}
</ul></nav>
<main>
${sections.map(({ name, calls }) => `<h2>${escaped(name)}</h2>\n${calls.map((call) => callSection(call)).join('\n')}`).join('\n')}
</main>
</body>
</html>
`;
}

function callSection({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: Operation;
}): string {
  const { operationId, description, parameters = [] } = operation;
  const parts = [
    `<h3><b>${method}</b> ${escaped(path)}</h3>`,
    `<p>${marked(description)} <code>${escaped(operationId)}</code></p>`,
    parameters.length === 0 ? '' : parameterTable(parameters),
    ...bodyParts(operation.requestBody, 'Request'),
    ...bodyParts((operation.responses as Record<string, Record<string, unknown>>)['200'], 'Answer'),
  ];
  return `<article id="${escaped(operationId)}">\n${parts.filter((part) => part !== '').join('\n')}\n</article>`;
}

function parameterTable(parameters: readonly Parameter[]): string {
  const rows = parameters.map(
    ({ name, in: place, required, schema, example }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${place}${required === true ? ', required' : ''}</td><td>${escaped(typeOf(schema))}</td><td>${example === undefined ? '' : `<code>${escaped(shown(example))}</code>`}</td></tr>`,
  );
  return `<table><thead><tr><th>Field</th><th>Where</th><th>What</th><th>Example</th></tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;
}

function bodyParts(body: unknown, title: string): string[] {
  const content = (
    body as { readonly content?: Readonly<Record<string, Record<string, unknown>>> } | undefined
  )?.content;
  return Object.entries(content ?? {}).flatMap(([mediaType, { schema, example }]) => [
    ...(example === undefined
      ? []
      : [`<pre tabindex="0">${escaped(JSON.stringify(example, null, 2))}</pre>`]),
    `<details><summary>${title}: <code>${escaped(mediaType)}</code></summary>\n<pre tabindex="0">${escaped(JSON.stringify(schema, null, 2))}</pre></details>`,
  ]);
}

function typeOf({
  type,
  enum: choices,
  minimum,
  maximum,
  maxLength,
}: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(choices)) return choices.join(' | ');
  const bounds = [
    minimum === undefined ? '' : `from ${shown(minimum)}`,
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : `to ${shown(maximum)}`,
    maxLength === undefined ? '' : `at most ${shown(maxLength)} characters`,
  ];
  return [typeof type === 'string' ? type : 'text', ...bounds.filter((bound) => bound !== '')].join(', ');
}

/** Text unchanged, everything else as JSON. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Back-quotes become code. */
function marked(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);
}
