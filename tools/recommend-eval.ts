import { onlyFile, readArguments, runTool, ToolError } from './command-line.ts';
import { showProgress } from './progress.ts';
import { evaluate, ordersOf } from './recommend-eval/evaluate.ts';
import { withScratchDatabase } from './recommend-eval/scratch-database.ts';
import { readShop } from './shop/shop.ts';

const USAGE = 'usage: npm run recommend-eval -- FILE';

// How often the product held out of each order of the file's last third is among the ten recommended by the first two.
await runTool(async () => {
  const file = onlyFile(readArguments({}, USAGE).words, USAGE);
  const orders = ordersOf((await readShop(file)).invoices);
  const progress = showProgress('orders', orders.length, 'orders');
  const { learned, asked, recommended, bestSold } = await withScratchDatabase(process.env.DATABASE_URL, (db) =>
    evaluate(db, orders, progress),
  ).finally(() => progress.stop());
  if (asked === 0) throw new ToolError(`${file} has too few orders of several products`);
  const share = (hits: number) => `${((100 * hits) / asked).toFixed(1)} % (${hits} of ${asked})`;
  process.stdout.write(
    [
      `learned from ${learned} orders, asked about ${asked} later ones, one product of each held out`,
      `hit rate at 10, recommended: ${share(recommended)}`,
      `hit rate at 10, best sellers: ${share(bestSold)}`,
      '',
    ].join('\n'),
  );
  return 0;
});
