// The Temporal Web UI shows details as Markdown (CommonMark). Text from outside must not become headings, links, pictures
// or HTML in what an operator reads.

// Control characters, line separators, and those that make text run backwards.
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;
// What has a meaning within a line, and what makes an address a link (GitHub Flavored Markdown 6.9). CommonMark 2.4 allows
// to escape any ASCII punctuation.
const SPECIAL = /[\\`*_[\]<>!&~|#$@]|:(?=\/\/)|(?<=www)\./gi;

/** Text as one line, for places that show it as it is, such as the summary of an activity. */
export const oneLine = (text: string): string => text.replaceAll(UNSEEN, ' ');

/** Text that is shown as it is within a line of Markdown, after some other text. */
export const plainText = (text: string): string => oneLine(text).replaceAll(SPECIAL, '\\$&');

/** A moment such as `14:05 UTC`, with its date if that is not today's. */
export function momentInWords(at: Date): string {
  const [day, time] = [at.toISOString().slice(0, 10), `${at.toISOString().slice(11, 16)} UTC`];
  return day === new Date().toISOString().slice(0, 10) ? time : `${day} ${time}`;
}
