import path from 'node:path';
import { adminCredentials, signInAdmin } from './api/admin.ts';
import { checkReachable, createApi } from './api/client.ts';
import { numberOption, onlyFile, print, readArguments, runTool, urlOption } from './command-line.ts';
import { type Imported, importShop } from './import/import-shop.ts';
import { showProgress } from './progress.ts';
import { customersOf } from './shop/customer.ts';
import { type Shop, readShop } from './shop/shop.ts';

const USAGE = 'usage: npm run import -- FILE [--stock N] [--concurrency C] [--api URL]';

await runTool(async () => {
  const { values, positionals } = readArguments(
    { stock: { type: 'string' }, concurrency: { type: 'string' }, api: { type: 'string' } },
    USAGE,
  );
  const file = onlyFile(positionals, USAGE);
  const stock = numberOption('stock', values.stock, { least: 0, whole: true });
  const concurrency = numberOption('concurrency', values.concurrency, { least: 1, whole: true }) ?? 8;
  const url = urlOption('--api', values.api ?? (process.env.API_URL || 'http://127.0.0.1:3000'));

  const shop = await readShop(file);
  describe(path.basename(file), shop);
  const credentials = adminCredentials();
  await checkReachable(url, 'Start the platform with `npm start`, or set its address with --api URL.');
  const api = createApi(url);
  const admin = await signInAdmin(api, credentials);
  const imported = await importShop({
    shop,
    stock,
    concurrency,
    api,
    admin,
    toCustomer: customersOf(),
    progress: (total) => showProgress('import', total, 'steps'),
  });
  summarize(imported);
  return imported.refused.total > 0 ? 1 : 0;
});

function describe(name: string, shop: Shop): void {
  const cancellations = shop.invoices.filter(({ cancellation }) => cancellation).length;
  print(`${name}: ${shop.lines} lines, ${shop.invoices.length} invoices (${cancellations} cancellations)`);
  if (shop.flawedLines > 0)
    print(`skipped lines: ${shop.flawedLines} (${shop.flaws.asText()}; a line can have several problems)`);
  const codes = shop.unusableStockCodes;
  if (codes.length > 0) print(`skipped stock codes, without a usable line: ${codes.length} (${firstTen(codes)})`);
  if (shop.inexactCountries.size > 0)
    print(`lines with an unknown country, and the code used: ${shop.inexactCountries.asText()}`);
}

function summarize({ products, adjustments, customers, refused }: Imported): void {
  print(`products: ${products.asText()}`);
  print(`stock adjustments: ${adjustments.asText()}`);
  print(`customers: ${customers.asText()}`);
  if (refused.total > 0) print(`refused: ${refused.asText()}`);
}

function firstTen(items: readonly string[]): string {
  return items.slice(0, 10).join(', ') + (items.length > 10 ? ', …' : '');
}
