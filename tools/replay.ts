import path from 'node:path';
import type { Client } from '../clients/typescript/index.ts';
import { adminCredentials, signInAdmin } from './api/admin.ts';
import { checkReachable, createApi, isReachable } from './api/client.ts';
import { type Tool, readArguments } from './arguments.ts';
import { type ExitCode, numberOption, printLine, runTool, warn } from './command-line.ts';
import { showProgress } from './progress.ts';
import { RecordRun } from './record-run.ts';
import { deliverParcel } from './replay/carrier.ts';
import type { PlacedOrder } from './replay/order.ts';
import { replay } from './replay/replay.ts';
import { scheduleOf } from './replay/schedule.ts';
import { Summary, reportLines } from './replay/summary.ts';
import { ReportFile } from './report-file.ts';
import { apiUrl, carrierUrl } from './running-platform.ts';
import { customersOf } from './shop/customer.ts';
import { describeShop } from './shop/describe.ts';
import { SHOP_OPTIONS } from './shop/shop-options.ts';
import { readShop } from './shop/shop.ts';
import { stopOnSignal } from './stop-on-signal.ts';

const CONCURRENCY = 8;
const TOOL = {
  name: 'replay',
  operands: ['FILE'],
  purpose: `Places each invoice of a shop's CSV file, which was imported before, as an order on a running platform, and
cancels or returns what its cancellation invoices match. A repeat places nothing twice.`,
  options: {
    limit: { type: 'string', value: 'N', help: 'the first N invoices only (default: all)' },
    concurrency: { type: 'string', value: 'N', help: `invoices at a time (default: ${CONCURRENCY})` },
    speed: { type: 'string', value: 'X', help: "X times as fast as the invoices' times (default: without pauses)" },
    deliver: { type: 'boolean', help: "advance the sandbox's parcels until delivery, so that goods can be returned" },
    json: { type: 'string', value: 'REPORT', help: 'a file for the report, which is written however the run ends' },
    api: { type: 'string', value: 'URL', help: 'the API (default: that of the running platform)' },
    ...SHOP_OPTIONS,
  },
  example: 'online-retail.csv --limit 100 --json report.json',
} as const satisfies Tool;

await runTool(() => {
  const { values, file } = readArguments(TOOL);
  const options = {
    limit: numberOption('limit', values.limit, { least: 1, whole: true }),
    concurrency: numberOption('concurrency', values.concurrency, { least: 1, whole: true }) ?? CONCURRENCY,
    speed: numberOption('speed', values.speed, { least: 0.001, whole: false }),
    api: apiUrl(values.api),
    carrier: values.deliver ? carrierUrl() : undefined,
  };
  const reportFile = new ReportFile(values.json);
  return reportFile.during(() => main({ ...values, ...options, file, reportFile }));
});

interface Options {
  file: string;
  encoding?: string | undefined;
  currency?: string | undefined;
  limit: number | undefined;
  concurrency: number;
  speed: number | undefined;
  api: string;
  /** Undefined: parcels are not delivered. */
  carrier: string | undefined;
  reportFile: ReportFile;
}

async function main({ file, limit, concurrency, speed, reportFile, ...options }: Options): Promise<ExitCode> {
  const shop = await readShop(file, options);
  for (const line of describeShop(path.basename(file), shop)) printLine(line);
  const invoices = shop.invoices.slice(0, limit);
  const { api, deliver } = await connect(options);

  const summary = new Summary();
  const startedAt = performance.now();
  const report = () =>
    summary.report({
      run,
      unreadableLines: shop.unreadable.lines,
      seconds: (performance.now() - startedAt) / 1000,
    });
  const stop = stopOnSignal(() => reportFile.write(report()));
  const run = new RecordRun({ concurrency, stop, isReachable: () => isReachable(options.api) });
  const schedule = scheduleOf(invoices, speed, stop);
  const progress = showProgress('replay', invoices.length, 'orders');
  const admin = once(() => signInAdmin(api, adminCredentials()));
  await replay({ invoices, api, admin, deliver, toCustomer: customersOf(), schedule, progress, run, summary }).finally(
    () => progress.stop(),
  );

  for (const line of reportLines(report())) printLine(line);
  if (run.ended) warn(run.ended);
  reportFile.write(report());
  return run.exitCode({ hasProblems: shop.unreadable.lines > 0 });
}

/** Clients of the platform and, where parcels are to be delivered, of its carrier. */
async function connect({ api, carrier }: Pick<Options, 'api' | 'carrier'>) {
  await checkReachable(api, 'Start the platform with `npm start`, or set its address with --api URL.');
  if (carrier === undefined) return { api: createApi(api), deliver: undefined };
  await checkReachable(carrier, 'Set CARRIER_URL to the address of the sandbox carrier, or omit --deliver.');
  const carrierApi = createApi(carrier);
  const deliver = (customer: Client, order: PlacedOrder) => deliverParcel(carrierApi, customer, order);
  return { api: createApi(api), deliver };
}

/** Signs in as an admin on first use: only a replay with returns needs one. */
function once(signIn: () => Promise<Client>): () => Promise<Client> {
  let admin: Promise<Client> | undefined;
  return () => (admin ??= signIn());
}
