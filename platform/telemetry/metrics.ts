import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Logger } from './logger.ts';

export interface Metrics {
  registry: Registry;
  /** Seconds, by method, route template and status code: never by path, which has no end. */
  httpRequestDuration: Histogram<'method' | 'route' | 'status_code'>;
}

// A saga step answers in 2 to 50 ms and a waiting request in up to 30 s: buckets cover both ends.
const HTTP_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** One registry a service, so that services sharing a process keep their figures apart. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const httpRequestDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long answering a request took',
    labelNames: ['method', 'route', 'status_code'] as const,
    buckets: HTTP_BUCKETS_SECONDS,
    registers: [registry],
  });
  return { registry, httpRequestDuration };
}

interface ReadGauges<Label extends string, Figure extends string> {
  /** What the rows differ by. */
  label: Label;
  gauges: Readonly<Record<Figure, { name: string; help: string }>>;
  /** Hears of it where it cannot be read. */
  logger: Pick<Logger, 'warn'>;
  read: () => Promise<NoInfer<Readonly<Record<Label, string>> & Readonly<Record<Figure, number>>>[]>;
}

/**
 * Gauges that are read from elsewhere, all of one scrape at once. Where that does not answer they are left out: the other
 * figures are still to be had, and an old one would pass for a new one.
 */
export function gaugesOf<Label extends string, Figure extends string>(
  { registry }: Pick<Metrics, 'registry'>,
  { label, gauges, logger, read }: ReadGauges<Label, Figure>,
): void {
  const names = (Object.values(gauges) as { name: string }[]).map(({ name }) => name);
  const reading = once(() =>
    read().catch((error: unknown) => {
      logger.warn('figures not read', { figures: names, error });
      return [];
    }),
  );
  for (const figure of Object.keys(gauges) as Figure[]) {
    const gauge: Gauge<Label> = new Gauge({
      ...gauges[figure],
      labelNames: [label],
      registers: [registry],
      async collect() {
        const rows = await reading();
        gauge.reset();
        for (const row of rows) gauge.labels(row[label]).set(row[figure]);
      },
    });
  }
}

/** All that ask while an answer is under way get that one. */
function once<Answer>(read: () => Promise<Answer>): () => Promise<Answer> {
  let reading: Promise<Answer> | undefined;
  return () => (reading ??= read().finally(() => (reading = undefined)));
}
