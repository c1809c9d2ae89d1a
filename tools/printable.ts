// Controls, invisible and direction-changing characters, and Unicode's own line breaks.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * The text on one line, safe to print. Text from a file or a server may contain control characters, which a terminal
 * obeys: they clear the screen, or forge the lines that the operator reads. They are written as `\u001b`.
 */
export const printable = (text: string): string => text.replace(UNSAFE, escaped);

/** The same for a text of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

function escaped(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}
