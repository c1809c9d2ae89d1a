import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceFault } from '../platform/http/client.ts';
import { Refusal } from '../platform/contract/refusal.ts';
import { Unreachable } from './api/client.ts';
import { ToolError, numberOption, outputFile, readArguments, runTool } from './command-line.ts';
import { type Comparison, compare } from './reconcile/compare.ts';
import { findSources } from './reconcile/find-sources.ts';
import { BadListing } from './reconcile/sources.ts';

const USAGE = 'usage: npm run reconcile [-- [--json FILE] [--stuck-minutes M]]';
const BETWEEN_LOOKS_MS = 1_500;

await runTool(async () => {
  const { values, words } = readArguments({ json: { type: 'string' }, 'stuck-minutes': { type: 'string' } }, USAGE);
  if (words.length > 0) throw new ToolError(USAGE);
  const minutes = numberOption('stuck-minutes', values['stuck-minutes'], { least: 0, whole: false }) ?? 15;
  const json = outputFile(values.json);
  const startedAt = performance.now();
  const comparison = await compare(findSources(), {
    stuckMs: minutes * 60_000,
    pause: () => sleep(BETWEEN_LOOKS_MS),
  }).catch((error: unknown) => {
    throw incomparable(error);
  });
  const seconds = Number(((performance.now() - startedAt) / 1000).toFixed(1));
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ ...comparison, seconds }, null, 2)}\n`);
  }
  return tell(comparison, seconds);
});

function tell({ orders, discrepancies, balances, open }: Comparison, seconds: number): 0 | 1 {
  for (const { orderId, rule, expected, found } of discrepancies) {
    print(`${orderId} ${rule}: expected ${expected}; found ${found}`);
  }
  for (const words of balances) print(words);
  const wrong = discrepancies.length + balances.length;
  const underWay = open.total > 0 ? `, ${open.total} open (${open.inWords()})` : '';
  print(
    `${orders} orders compared in ${seconds} s: ${wrong === 1 ? '1 discrepancy' : `${wrong} discrepancies`}${underWay}`,
  );
  return wrong > 0 ? 1 : 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A ledger that cannot be read leaves nothing to say about any order. */
function incomparable(error: unknown): unknown {
  const known = [ServiceFault, Refusal, Unreachable, BadListing].some((kind) => error instanceof kind);
  return known ? new ToolError(`could not compare: ${(error as Error).message}`, { cause: error }) : error;
}
