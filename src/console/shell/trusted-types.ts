/**
 * The one way by which text becomes a part of the page by parsing: the style sheets of the kit, which hold no markup.
 *
 * Invariant: nothing else passes. The page's policy (`server/http/people/console-files.ts`) lets no other text reach
 * a parser of HTML, and none at all become a script or the address of one; this refuses whatever could begin a tag.
 */
interface PolicyFactory {
  createPolicy(name: string, rules: { readonly createHTML: (text: string) => string | null }): unknown;
}

/** Missing in a browser that does not know them, which parses as it always did. */
const factory = (globalThis as { readonly trustedTypes?: PolicyFactory }).trustedTypes;

// The name is the standard's: what no policy made is given to the one of this name.
factory?.createPolicy('default', { createHTML: (text) => (text.includes('<') ? null : text) });
