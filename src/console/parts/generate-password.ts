/** A password that nobody has thought of: 128 random bits as letters and digits that are read out without mistakes. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CHARACTERS = 26;
const GROUP = 5;

export function generatePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CHARACTERS));
  const text = [...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return text.match(new RegExp(`.{1,${GROUP}}`, 'g'))!.join('-');
}
