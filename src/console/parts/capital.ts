/** Sentences of the server begin small, since they are often the end of another one. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
