/** The browser's own download: it asks where, shows how far it is, and holds nothing of the file in this page. */
export function saveFile(path: string): void {
  const link = document.createElement('a');
  link.href = path;
  link.download = '';
  link.click();
}
