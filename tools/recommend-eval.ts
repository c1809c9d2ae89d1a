import path from 'node:path';
import { type Tool, readArguments } from './arguments.ts';
import { ToolError, printLine, runTool } from './command-line.ts';
import { showProgress } from './progress.ts';
import { evaluate, ordersOf } from './recommend-eval/evaluate.ts';
import { withScratchDatabase } from './recommend-eval/scratch-database.ts';
import { describeShop } from './shop/describe.ts';
import { SHOP_OPTIONS } from './shop/shop-options.ts';
import { readShop } from './shop/shop.ts';

const TOOL = {
  name: 'recommend-eval',
  operands: ['FILE'],
  purpose: `How often is the product that is held out of a later order among the ten products recommended for the rest of
it? Learns from a shop's CSV file, on a scratch database: at DATABASE_URL, or one that is started for it.`,
  options: SHOP_OPTIONS,
  example: 'online-retail.csv',
} as const satisfies Tool;

await runTool(async () => {
  const { values, file } = readArguments(TOOL);
  const shop = await readShop(file, values);
  for (const line of describeShop(path.basename(file), shop)) printLine(line);
  const orders = ordersOf(shop.invoices);
  const progress = showProgress('orders', orders.length, 'orders');
  const { learned, tested, recommended, bestSold } = await withScratchDatabase(process.env.DATABASE_URL, (db) =>
    evaluate(db, orders, progress),
  ).finally(() => progress.stop());
  if (tested === 0) throw new ToolError(`${file} has too few orders with several products`);
  const share = (hits: number) => `${((100 * hits) / tested).toFixed(1)} % (${hits} of ${tested})`;
  printLine(`learned from ${learned} orders, tested on ${tested} later ones, one product of each held out`);
  printLine(`hit rate at 10, recommended: ${share(recommended)}`);
  printLine(`hit rate at 10, best sellers: ${share(bestSold)}`);
  return shop.unreadable.lines > 0 ? 1 : 0;
});
