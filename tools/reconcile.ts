import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceFault } from '../platform/http/client.ts';
import { Refusal } from '../platform/contract/refusal.ts';
import { Unreachable } from './api/client.ts';
import { type Tool, readArguments } from './arguments.ts';
import { type ExitCode, ToolError, numberOption, printLine, runTool, warn } from './command-line.ts';
import { type Comparison, compare } from '../services/order/reconcile/compare.ts';
import { findSources } from './reconcile/find-sources.ts';
import { ReportFile } from './report-file.ts';
import { type ReadingProgress, UnsortedLedger } from '../services/order/reconcile/sources.ts';

const STUCK_MINUTES = 15;
const TOOL = {
  name: 'reconcile',
  purpose: `Compares every order's entries in our ledgers with each other and with those of the card processor and the
carrier, and with Temporal's running workflows, of the running platform. Prints each discrepancy; exits with 1 if there is one.`,
  options: {
    json: { type: 'string', value: 'REPORT', help: 'a file for the report, which is written however the run ends' },
    'stuck-minutes': {
      type: 'string',
      value: 'M',
      help: `an order in progress for longer is a discrepancy (default: ${STUCK_MINUTES})`,
    },
  },
  example: '--json report.json',
} as const satisfies Tool;
const BETWEEN_READINGS_MS = 1_500;
// A million orders take minutes: a line now and then shows that the tool still runs.
const SHOW_EVERY_MS = 10_000;

await runTool(async () => {
  const { values } = readArguments(TOOL);
  const minutes = numberOption('stuck-minutes', values['stuck-minutes'], { least: 0, whole: false }) ?? STUCK_MINUTES;
  const reportFile = new ReportFile(values.json);
  return reportFile.during(() => main(minutes, reportFile));
});

async function main(stuckMinutes: number, reportFile: ReportFile): Promise<ExitCode> {
  const startedAt = performance.now();
  const comparison = await compare(findSources(), {
    stuckMs: stuckMinutes * 60_000,
    pause: () => sleep(BETWEEN_READINGS_MS),
    progress: showReading(),
  }).catch((error: unknown) => {
    throw explained(error);
  });
  const seconds = Number(((performance.now() - startedAt) / 1000).toFixed(1));
  reportFile.write({ outcome: 'completed', ...comparison, seconds });
  return report(comparison, seconds);
}

function showReading(): ReadingProgress {
  let shownAt = performance.now();
  let last = '';
  let count = 0;
  return (what) => {
    count = what === last ? count + 1 : 1;
    last = what;
    if (performance.now() - shownAt < SHOW_EVERY_MS) return;
    shownAt = performance.now();
    warn(`${count} ${what} read`);
  };
}

function report({ orders, discrepancies, balances, open }: Comparison, seconds: number): 0 | 1 {
  for (const { orderId, rule, expected, found } of discrepancies) {
    printLine(`${orderId} ${rule}: expected ${expected}; found ${found}`);
  }
  for (const discrepancy of balances) printLine(discrepancy);
  const wrong = discrepancies.length + balances.length;
  const inProgress = open.total > 0 ? `, ${open.total} open (${open.asText()})` : '';
  printLine(
    `${orders} orders compared in ${seconds} s: ${wrong === 1 ? '1 discrepancy' : `${wrong} discrepancies`}${inProgress}`,
  );
  return wrong > 0 ? 1 : 0;
}

/** If one ledger cannot be read, no order can be compared: the error says which one. */
function explained(error: unknown): unknown {
  const known = [ServiceFault, Refusal, Unreachable, UnsortedLedger].some((kind) => error instanceof kind);
  return known ? new ToolError(`could not compare: ${(error as Error).message}`, { cause: error }) : error;
}
