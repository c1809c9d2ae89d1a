import type { Shop } from './shop.ts';

/** What was read from the file and what was left out, line by line. `name` is the file's name. */
export function describeShop(name: string, shop: Shop): string[] {
  const cancellations = shop.invoices.filter(({ cancellation }) => cancellation).length;
  const { flawedLines, flaws, unreadable, unusableStockCodes: codes, inexactCountries } = shop;
  return [
    `${name}: ${shop.lines} lines, ${shop.invoices.length} invoices (${cancellations} cancellations)`,
    ...when(flawedLines > 0, `skipped lines: ${flawedLines} (${flaws.asText()}; a line can have several problems)`),
    ...unreadable.examples.map((example) => `skipped ${example}`),
    ...when(
      unreadable.lines > unreadable.examples.length,
      `and ${unreadable.lines - unreadable.examples.length} more lines with cells that cannot be read`,
    ),
    ...when(codes.length > 0, `skipped stock codes, without a usable line: ${codes.length} (${firstTen(codes)})`),
    ...when(
      inexactCountries.size > 0,
      `lines with an unknown country, and the code used: ${inexactCountries.asText()}`,
    ),
  ];
}

const when = (holds: boolean, line: string): string[] => (holds ? [line] : []);

const firstTen = (items: readonly string[]): string => items.slice(0, 10).join(', ') + (items.length > 10 ? ', …' : '');
