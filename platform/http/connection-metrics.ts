import { Counter, Gauge, type Registry } from 'prom-client';
import type { BreakerState, Connection } from './connection.ts';

const STATES: readonly BreakerState[] = ['closed', 'half_open', 'open'];

/** Registers metrics of this process's connections to services, read at every scrape. */
export function watchConnections(registry: Registry, connections: readonly Connection[]): void {
  const breakers = new Gauge({
    name: 'service_client_breaker_state',
    help: 'Circuit breaker of each address of a service: 0 closed, 1 half-open (one request tries it), 2 open',
    labelNames: ['target', 'address'] as const,
    registers: [],
    collect() {
      // An address that its name no longer has is not reported any more.
      this.reset();
      for (const { service, ...state } of statesOf(connections)) {
        for (const { address, breaker } of state.doors) this.set({ target: service, address }, STATES.indexOf(breaker));
      }
    },
  });
  const bulkheads = new Gauge({
    name: 'service_client_bulkhead_in_use',
    help: 'Requests to a service that are running now, at most 500 per lane; the patient lane is for long polls',
    labelNames: ['target', 'lane'] as const,
    registers: [],
    collect() {
      for (const { service, bulkheads } of statesOf(connections)) {
        this.set({ target: service, lane: 'prompt' }, bulkheads.prompt.inUse);
        this.set({ target: service, lane: 'patient' }, bulkheads.patient.inUse);
      }
    },
  });
  registry.registerMetric(breakers);
  registry.registerMetric(bulkheads);
  for (const [count, help] of [
    ['retries', 'Requests that were retried'],
    ['faults', 'Attempts that ended without a valid response'],
  ] as const) {
    const counter = new Counter({
      name: `service_client_${count}_total`,
      help,
      labelNames: ['target'] as const,
      registers: [],
      collect() {
        this.reset();
        for (const state of statesOf(connections)) this.inc({ target: state.service }, state[count]);
      },
    });
    registry.registerMetric(counter);
  }
}

const statesOf = (connections: readonly Connection[]) =>
  connections.map((connection) => ({ service: connection.service, ...connection.state() }));
