import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceFault } from '../platform/http/client.ts';
import { Refusal } from '../platform/contract/refusal.ts';
import { Unreachable } from './api/client.ts';
import { ToolError, numberOption, outputFile, print, readArguments, runTool } from './command-line.ts';
import { type Comparison, compare } from './reconcile/compare.ts';
import { findSources } from './reconcile/find-sources.ts';
import { UnsortedLedger } from './reconcile/sources.ts';

const USAGE = 'usage: npm run reconcile [-- [--json FILE] [--stuck-minutes M]]';
const BETWEEN_READINGS_MS = 1_500;

await runTool(async () => {
  const { values, positionals } = readArguments(
    { json: { type: 'string' }, 'stuck-minutes': { type: 'string' } },
    USAGE,
  );
  if (positionals.length > 0) throw new ToolError(USAGE);
  const minutes = numberOption('stuck-minutes', values['stuck-minutes'], { least: 0, whole: false }) ?? 15;
  const json = outputFile(values.json);
  const startedAt = performance.now();
  const comparison = await compare(findSources(), {
    stuckMs: minutes * 60_000,
    pause: () => sleep(BETWEEN_READINGS_MS),
  }).catch((error: unknown) => {
    throw explained(error);
  });
  const seconds = Number(((performance.now() - startedAt) / 1000).toFixed(1));
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ ...comparison, seconds }, null, 2)}\n`);
  }
  return report(comparison, seconds);
});

function report({ orders, discrepancies, balances, open }: Comparison, seconds: number): 0 | 1 {
  for (const { orderId, rule, expected, found } of discrepancies) {
    print(`${orderId} ${rule}: expected ${expected}; found ${found}`);
  }
  for (const discrepancy of balances) print(discrepancy);
  const wrong = discrepancies.length + balances.length;
  const inProgress = open.total > 0 ? `, ${open.total} open (${open.asText()})` : '';
  print(
    `${orders} orders compared in ${seconds} s: ${wrong === 1 ? '1 discrepancy' : `${wrong} discrepancies`}${inProgress}`,
  );
  return wrong > 0 ? 1 : 0;
}

/** If one ledger cannot be read, no order can be compared: the error says which one. */
function explained(error: unknown): unknown {
  const known = [ServiceFault, Refusal, Unreachable, UnsortedLedger].some((kind) => error instanceof kind);
  return known ? new ToolError(`could not compare: ${(error as Error).message}`, { cause: error }) : error;
}
