import type { Money } from '../../../activities/money.ts';

/** What a template says, in plain words; how it looks as text and as HTML is the same for all. */
export interface Letter {
  subject: string;
  paragraphs: string[];
  /** Shown after the first paragraph. */
  list?: string[];
}

/** A template: what happened to whom, in words. */
export type Template<Data> = (data: Data, name: string) => Letter;

export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

const GOODBYE = 'Your shop';

/** Nothing of what a customer wrote can be more than words in either form. */
export function rendered({ subject, paragraphs, list = [] }: Letter, name: string): Rendered {
  const greeting = `Hello ${oneLine(name)},`;
  const [first = '', ...rest] = paragraphs;
  const items = list.length > 0 ? [list.map((item) => `  - ${item}`).join('\n')] : [];
  const html = [
    ...[greeting, first].map(paragraph),
    ...(list.length > 0 ? [`<ul>${list.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`] : []),
    ...[...rest, GOODBYE].map(paragraph),
  ];
  return {
    subject: oneLine(subject),
    text: `${[greeting, first, ...items, ...rest, GOODBYE].join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body style="font-family: sans-serif; max-width: 36em">${html.join('')}</body></html>`,
  };
}

const paragraph = (words: string): string => `<p>${escaped(words)}</p>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (words: string): string => words.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);

/** A header ends with its line: whoever could begin a new one could write headers of their own. */
export const oneLine = (words: string): string => words.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

/** `£12.50`, as people write it, for every currency of ISO 4217. */
export function amount({ amountMinor, currency }: Money): string {
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency });
  return format.format(amountMinor / 10 ** format.resolvedOptions().maximumFractionDigits!);
}

/** Lines as a list; of a wholesale order of 2,000 the first twenty say enough. */
export function pieces(lines: readonly { sku: string; quantity: number }[]): string[] {
  const shown = lines.slice(0, 20).map(({ sku, quantity }) => `${quantity} × ${sku}`);
  return lines.length > 20 ? [...shown, `and ${lines.length - 20} more`] : shown;
}
