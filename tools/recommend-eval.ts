import { onlyFile, readArguments, runTool, ToolError } from './command-line.ts';
import { showProgress } from './progress.ts';
import { evaluate, ordersOf } from './recommend-eval/evaluate.ts';
import { withScratchDatabase } from './recommend-eval/scratch-database.ts';
import { readShop } from './shop/shop.ts';

const USAGE = 'usage: npm run recommend-eval -- FILE';

// How often is the product that is held out of a later order among the ten products recommended for the rest of it?
await runTool(async () => {
  const file = onlyFile(readArguments({}, USAGE).positionals, USAGE);
  const orders = ordersOf((await readShop(file)).invoices);
  const progress = showProgress('orders', orders.length, 'orders');
  const { learned, tested, recommended, bestSold } = await withScratchDatabase(process.env.DATABASE_URL, (db) =>
    evaluate(db, orders, progress),
  ).finally(() => progress.stop());
  if (tested === 0) throw new ToolError(`${file} has too few orders with several products`);
  const share = (hits: number) => `${((100 * hits) / tested).toFixed(1)} % (${hits} of ${tested})`;
  process.stdout.write(
    [
      `learned from ${learned} orders, tested on ${tested} later ones, one product of each held out`,
      `hit rate at 10, recommended: ${share(recommended)}`,
      `hit rate at 10, best sellers: ${share(bestSold)}`,
      '',
    ].join('\n'),
  );
  return 0;
});
