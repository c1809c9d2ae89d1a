import { ToolError } from '../command-line.ts';

// ISO 8601, also with a blank in place of the T: `2010-12-01 08:26`.
const ISO = /^(?<date>\d{4}-\d{2}-\d{2})[ T](?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?<zone>Z|[+-]\d{2}:\d{2})?$/;
// As spreadsheets write it: `12/1/2010 8:26` or `01.12.2010 08:26`.
const LOCAL =
  /^(?<first>\d{1,2})(?<sign>[/.])(?<second>\d{1,2})\k<sign>(?<year>\d{4}) (?<hour>\d{1,2})(?<rest>:\d{2}(?::\d{2})?)$/;

/** What this needs of an invoice. */
interface Timed {
  number: string;
  /** As in the file. */
  at: string;
}

/**
 * Each invoice's time, in milliseconds since the epoch. A time without a zone counts as UTC, because only differences
 * are used. Whether `1/2/2010` is in January or in February follows from the file's other dates; a `ToolError` if it
 * does not, or if an invoice has no time.
 */
export function timesOf<Invoice extends Timed>(invoices: readonly Invoice[]): Map<Invoice, number> {
  const slashed = invoices.filter(({ at }) => LOCAL.exec(at)?.groups?.sign === '/').map(({ at }) => at.split('/'));
  const dayFirst = slashed.some(([first]) => Number(first) > 12);
  const monthFirst = slashed.some(([, second]) => Number(second) > 12);
  if (slashed.length > 0 && dayFirst === monthFirst) {
    const example = slashed[0]!.join('/');
    throw new ToolError(`dates such as "${example}" can be read in two ways: write them as 2010-12-31 23:59`);
  }
  return new Map(invoices.map((invoice) => [invoice, timeOf(invoice, monthFirst)]));
}

function timeOf({ number, at }: Timed, monthFirst: boolean): number {
  const time = Date.parse(isoOf(at, monthFirst) ?? '');
  if (Number.isNaN(time)) throw new ToolError(`invoice ${number} has no time that can be read: "${at}"`);
  return time;
}

function isoOf(at: string, monthFirst: boolean): string | undefined {
  const iso = ISO.exec(at)?.groups;
  if (iso) return `${iso.date}T${iso.time}${iso.zone ?? 'Z'}`;
  const local = LOCAL.exec(at)?.groups;
  if (!local) return undefined;
  const [day, month] = local.sign === '/' && monthFirst ? [local.second!, local.first!] : [local.first!, local.second!];
  return `${local.year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T${local.hour!.padStart(2, '0')}${local.rest}Z`;
}
