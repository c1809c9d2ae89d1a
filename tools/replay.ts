import { writeFileSync } from 'node:fs';
import type { Client } from '../clients/typescript/index.ts';
import { adminCredentials, signInAdmin } from './api/admin.ts';
import { checkReachable, createApi } from './api/client.ts';
import {
  type ExitCode,
  numberOption,
  onlyFile,
  outputFile,
  print,
  readArguments,
  runTool,
  urlOption,
} from './command-line.ts';
import { showProgress } from './progress.ts';
import { deliverParcel } from './replay/carrier.ts';
import { type ReplayOptions, replay } from './replay/replay.ts';
import { scheduleOf } from './replay/schedule.ts';
import { type Report, reportLines, sum } from './replay/summary.ts';
import { customersOf } from './shop/customer.ts';
import { readShop } from './shop/shop.ts';

const USAGE =
  'usage: npm run replay -- FILE [--limit N] [--concurrency C] [--speed X] [--deliver] [--json FILE] [--api URL]';
const OPTIONS = {
  limit: { type: 'string' },
  concurrency: { type: 'string' },
  speed: { type: 'string' },
  deliver: { type: 'boolean' },
  json: { type: 'string' },
  api: { type: 'string' },
} as const;

await runTool(async () => {
  const { values, positionals } = readArguments(OPTIONS, USAGE);
  const file = onlyFile(positionals, USAGE);
  const limit = numberOption('limit', values.limit, { least: 1, whole: true });
  const concurrency = numberOption('concurrency', values.concurrency, { least: 1, whole: true }) ?? 8;
  const speed = numberOption('speed', values.speed, { least: 0.001, whole: false });
  const url = urlOption('--api', values.api ?? (process.env.API_URL || 'http://127.0.0.1:3000'));
  const carrierUrl = urlOption('CARRIER_URL', process.env.CARRIER_URL || 'http://127.0.0.1:4020');
  const json = outputFile(values.json);

  const { invoices: all } = await readShop(file);
  const invoices = all.slice(0, limit);
  const stop = stopOnSignal();
  const schedule = scheduleOf(invoices, speed, stop);
  const toCustomer = customersOf();
  await checkReachable(url, 'Start the platform with `npm start`, or set its address with --api URL.');
  const api = createApi(url);
  const carrier = createApi(carrierUrl);
  if (values.deliver)
    await checkReachable(carrierUrl, 'Set CARRIER_URL to the address of the sandbox carrier, or omit --deliver.');

  const report = await timedReplay({
    invoices,
    concurrency,
    api,
    admin: once(() => signInAdmin(api, adminCredentials())),
    deliver: values.deliver ? (customer, order) => deliverParcel(carrier, customer, order) : undefined,
    toCustomer,
    schedule,
    stop,
  });
  for (const line of reportLines(report)) print(line);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  return exitCodeOf(report, stop);
});

async function timedReplay(options: Omit<ReplayOptions, 'progress'>): Promise<Report> {
  const progress = showProgress('replay', options.invoices.length, 'orders');
  const startedAt = performance.now();
  try {
    const summary = await replay({ ...options, progress });
    return summary.report((performance.now() - startedAt) / 1000);
  } finally {
    progress.stop();
  }
}

// On Ctrl-C the terminal signals this process and npm, which forwards the signal: two this close together count as one.
const SAME_SIGNAL_MS = 1_000;

/** The first Ctrl-C starts no new invoice and finishes the current ones; the second ends the process at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const stop = () => {
    firstAt ??= Date.now();
    if (controller.signal.aborted && Date.now() - firstAt < SAME_SIGNAL_MS) return;
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    process.stderr.write('\nfinishing the current invoices; run the command again to continue\n');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  return controller.signal;
}

/** Signs in as an admin on first use: only a replay with returns needs one. */
function once(signIn: () => Promise<Client>): () => Promise<Client> {
  let admin: Promise<Client> | undefined;
  return () => (admin ??= signIn());
}

function exitCodeOf(report: Report, stop: AbortSignal): ExitCode {
  if (stop.aborted) return 130;
  return sum(report.failed) > 0 ? 1 : 0;
}
