import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Logger } from './logger.ts';

export interface Metrics {
  /** The service whose metrics these are. */
  service: string;
  registry: Registry;
  /** Seconds, by method, route template and status code. Never by path: the number of paths is unbounded. */
  httpRequestDuration: Histogram<'method' | 'route' | 'status_code'>;
}

// A saga step takes 2 to 50 ms, a long poll up to 30 s: the buckets cover both.
const HTTP_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

// Measuring the event loop's lag wakes an idle process this often: with the library's 10 ms, most of what it uses is for that.
// The lag's metrics contain this time: without any lag they are 0.1 s.
const EVENT_LOOP_SAMPLE_MS = 100;

/** One registry per service, so that services in one process keep their metrics apart. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  const httpRequestDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests, in seconds',
    labelNames: ['method', 'route', 'status_code'] as const,
    buckets: HTTP_BUCKETS_SECONDS,
    registers: [registry],
  });
  return { service, registry, httpRequestDuration };
}

interface ReadGauges<Label extends string, Name extends string> {
  /** Identifies each row. */
  label: Label;
  gauges: Readonly<Record<Name, { name: string; help: string }>>;
  /** Gets a warning when reading fails. */
  logger: Pick<Logger, 'warn'>;
  read: () => Promise<NoInfer<Readonly<Record<Label, string>> & Readonly<Record<Name, number>>>[]>;
}

/**
 * Registers gauges whose values come from one read per scrape. If the read fails they are left out: the other metrics
 * remain available, and a stale value would look like a current one.
 */
export function gaugesOf<Label extends string, Name extends string>(
  { registry }: Pick<Metrics, 'registry'>,
  { label, gauges, logger, read }: ReadGauges<Label, Name>,
): void {
  const names = (Object.values(gauges) as { name: string }[]).map(({ name }) => name);
  const readRows = shared(() =>
    read().catch((error: unknown) => {
      logger.warn('could not read metrics', { metrics: names, error });
      return [];
    }),
  );
  for (const key of Object.keys(gauges) as Name[]) {
    const gauge: Gauge<Label> = new Gauge({
      ...gauges[key],
      labelNames: [label],
      registers: [registry],
      async collect() {
        const rows = await readRows();
        gauge.reset();
        for (const row of rows) gauge.labels(row[label]).set(row[key]);
      },
    });
  }
}

/** Calls made while a read is running share its result. */
function shared<Result>(read: () => Promise<Result>): () => Promise<Result> {
  let reading: Promise<Result> | undefined;
  return () => (reading ??= read().finally(() => (reading = undefined)));
}
