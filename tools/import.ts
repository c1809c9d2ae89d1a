import path from 'node:path';
import { adminCredentials, signInAdmin } from './api/admin.ts';
import { checkReachable, createApi } from './api/client.ts';
import { numberOption, onlyFile, readArguments, runTool, urlOption } from './command-line.ts';
import { type Imported, importShop } from './import/import-shop.ts';
import { showProgress } from './progress.ts';
import { customersOf } from './shop/customer.ts';
import { type Shop, readShop } from './shop/shop.ts';

const USAGE = 'usage: npm run import -- FILE [--stock N] [--concurrency C] [--api URL]';

await runTool(async () => {
  const { values, words } = readArguments(
    { stock: { type: 'string' }, concurrency: { type: 'string' }, api: { type: 'string' } },
    USAGE,
  );
  const file = onlyFile(words, USAGE);
  const stock = numberOption('stock', values.stock, { least: 0, whole: true });
  const concurrency = numberOption('concurrency', values.concurrency, { least: 1, whole: true }) ?? 8;
  const url = urlOption('--api', values.api ?? (process.env.API_URL || 'http://127.0.0.1:3000'));

  const shop = await readShop(file);
  say(path.basename(file), shop);
  const credentials = adminCredentials();
  await checkReachable(url, 'Start the platform with `npm start`, or name another with --api URL.');
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
  conclude(imported);
  return imported.refused.total > 0 ? 1 : 0;
});

function say(name: string, shop: Shop): void {
  const cancellations = shop.invoices.filter(({ cancellation }) => cancellation).length;
  print(`${name}: ${shop.lines} lines, ${shop.invoices.length} invoices (${cancellations} cancellations)`);
  if (shop.flawedLines > 0)
    print(`lines left out: ${shop.flawedLines} (${shop.flaws.inWords()}; a line may lack several)`);
  const codes = shop.unusableStockCodes;
  if (codes.length > 0) print(`stock codes left out, without a usable line: ${codes.length} (${some(codes)})`);
  if (shop.inexactCountries.size > 0)
    print(`lines by countries that are none, and their codes: ${shop.inexactCountries.inWords()}`);
}

function conclude({ products, adjustments, customers, refused }: Imported): void {
  print(`products: ${products.inWords()}`);
  print(`stock adjustments: ${adjustments.inWords()}`);
  print(`customers: ${customers.inWords()}`);
  if (refused.total > 0) print(`refused: ${refused.inWords()}`);
}

function some(words: readonly string[]): string {
  return words.slice(0, 10).join(', ') + (words.length > 10 ? ', …' : '');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
