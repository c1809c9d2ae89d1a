/** The content of a mail as plain text. The layout as text and as HTML is the same for all mails. */
export interface Content {
  subject: string;
  paragraphs: string[];
  /** Shown after the first paragraph. */
  list?: string[];
}

/** The names of products by SKU. Products that no longer exist are absent. */
export type ProductNames = ReadonlyMap<string, string>;

/** Writes the content of a mail about an event with this data. */
export type Template<Data> = (data: Data, productNames: ProductNames) => Content;

/** Older events have no number. */
export interface OrderReference {
  orderId: string;
  number?: string;
}

/** The order as people call it. */
export const nameOf = ({ number, orderId }: OrderReference): string => number ?? orderId;

export interface Mail {
  subject: string;
  text: string;
  html: string;
}

const SIGNATURE = 'Your shop';

/** Escapes all text, so that customers can add neither headers nor HTML. */
export function layOut({ subject, paragraphs, list = [] }: Content, name: string): Mail {
  const greeting = `Hello ${oneLine(name)},`;
  const [first = '', ...rest] = paragraphs;
  const items = list.length > 0 ? [list.map((item) => `  - ${item}`).join('\n')] : [];
  const html = [
    ...[greeting, first].map(paragraph),
    ...(list.length > 0 ? [`<ul>${list.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`] : []),
    ...[...rest, SIGNATURE].map(paragraph),
  ];
  return {
    subject: oneLine(subject),
    text: `${[greeting, first, ...items, ...rest, SIGNATURE].join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body style="font-family: sans-serif; max-width: 36em">${html.join('')}</body></html>`,
  };
}

const paragraph = (text: string): string => `<p>${escaped(text)}</p>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);

/** Text for a mail header: a line break would allow further headers. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

/** Of a wholesale order with 2,000 lines the first twenty are enough. */
export const LINES_SHOWN = 20;

/** The lines of an order or cart as list items, with the SKU where a product has no name. */
export function lineItems(lines: readonly { sku: string; quantity: number }[], productNames: ProductNames): string[] {
  const shown = lines
    .slice(0, LINES_SHOWN)
    .map(({ sku, quantity }) => `${quantity} × ${oneLine(productNames.get(sku) ?? sku)}`);
  return lines.length > LINES_SHOWN ? [...shown, `and ${lines.length - LINES_SHOWN} more`] : shown;
}
