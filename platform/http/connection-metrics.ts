import { Counter, Gauge, type Registry } from 'prom-client';
import type { BreakerState, Connection } from './connection.ts';

const STATES: readonly BreakerState[] = ['closed', 'half_open', 'open'];

/** How the services that this process asks are doing, read off the connections whenever somebody looks. */
export function watchConnections(registry: Registry, connections: readonly Connection[]): void {
  const breakers = new Gauge({
    name: 'service_client_breaker_state',
    help: 'Of each address of a service: 0 asked as usual, 1 being tried by one request, 2 left alone',
    labelNames: ['target', 'address'] as const,
    registers: [],
    collect() {
      for (const { service, ...state } of statesOf(connections)) {
        for (const { address, breaker } of state.doors) this.set({ target: service, address }, STATES.indexOf(breaker));
      }
    },
  });
  const bulkheads = new Gauge({
    name: 'service_client_bulkhead_in_use',
    help: 'Requests that wait for a service now, of 500 at most; patient ones wait on purpose',
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
  for (const [what, help] of [
    ['retries', 'Requests that were repeated'],
    ['faults', 'Tries that ended without an answer of the service'],
  ] as const) {
    const counter = new Counter({
      name: `service_client_${what}_total`,
      help,
      labelNames: ['target'] as const,
      registers: [],
      collect() {
        this.reset();
        for (const state of statesOf(connections)) this.inc({ target: state.service }, state[what]);
      },
    });
    registry.registerMetric(counter);
  }
}

const statesOf = (connections: readonly Connection[]) =>
  connections.map((connection) => ({ service: connection.service, ...connection.state() }));
