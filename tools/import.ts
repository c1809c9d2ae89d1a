import path from 'node:path';
import { adminCredentials, signInAdmin } from './api/admin.ts';
import { checkReachable, createApi, isReachable } from './api/client.ts';
import { type Tool, readArguments } from './arguments.ts';
import { numberOption, printLine, runTool, warn } from './command-line.ts';
import { type Imported, importShop } from './import/import-shop.ts';
import { showProgress } from './progress.ts';
import { RecordRun, failureLines } from './record-run.ts';
import { apiUrl } from './running-platform.ts';
import { customersOf } from './shop/customer.ts';
import { describeShop } from './shop/describe.ts';
import { SHOP_OPTIONS } from './shop/shop-options.ts';
import { readShop } from './shop/shop.ts';
import { stopOnSignal } from './stop-on-signal.ts';

const CONCURRENCY = 8;
const TOOL = {
  name: 'import',
  operands: ['FILE'],
  purpose:
    "Adds the products, stock and customers of a shop's CSV file to a running platform. A repeat changes nothing.",
  options: {
    stock: { type: 'string', value: 'N', help: 'pieces of each product (default: as many as the file sells)' },
    concurrency: { type: 'string', value: 'N', help: `requests at a time (default: ${CONCURRENCY})` },
    api: { type: 'string', value: 'URL', help: 'the API (default: that of the running platform)' },
    ...SHOP_OPTIONS,
  },
  example: 'online-retail.csv --stock 500',
} as const satisfies Tool;

await runTool(async () => {
  const { values, file } = readArguments(TOOL);
  const stock = numberOption('stock', values.stock, { least: 0, whole: true });
  const concurrency = numberOption('concurrency', values.concurrency, { least: 1, whole: true }) ?? CONCURRENCY;
  const url = apiUrl(values.api);

  const shop = await readShop(file, values);
  for (const line of describeShop(path.basename(file), shop)) printLine(line);
  const credentials = adminCredentials();
  await checkReachable(url, 'Start the platform with `npm start`, or set its address with --api URL.');
  const api = createApi(url);
  const admin = await signInAdmin(api, credentials);
  const stop = stopOnSignal(() => undefined);
  const run = new RecordRun({ concurrency, stop, isReachable: () => isReachable(url) });
  const imported = await importShop({
    shop,
    stock,
    run,
    api,
    admin,
    toCustomer: customersOf(),
    progress: (total) => showProgress('import', total, 'steps'),
  });
  summarize(imported, run);
  return run.exitCode({ hasProblems: shop.unreadable.lines > 0 });
});

function summarize({ products, adjustments, customers }: Imported, run: RecordRun): void {
  printLine(`products: ${products.asText()}`);
  printLine(`stock adjustments: ${adjustments.asText()}`);
  printLine(`customers: ${customers.asText()}`);
  for (const line of failureLines(run.failed)) printLine(line);
  if (run.ended) warn(run.ended);
}
