import type { Client } from '@temporalio/client';
import { z } from 'zod';
import type { Connection } from '../../platform/http/connection.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { SERVICES, type ServiceName } from '../../services/registry.ts';
import { taskQueuesOf } from './task-queues.ts';

const Bulkhead = z.object({ inUse: z.int(), limit: z.int() });
const Queue = z.object({
  kind: z.enum(['workflow', 'activity']),
  polled: z.boolean().meta({ description: 'false if no worker polls it' }),
  backlog: z.int().meta({ description: 'approximate number of waiting tasks' }),
  backlogSeconds: z.int().meta({ description: 'age of the oldest waiting task, in seconds' }),
  pollers: z.array(
    z.object({
      identity: z.string(),
      lastSeenAt: z.iso.datetime(),
      build: z.string().meta({ description: 'build id of the worker’s deployment, or of its SDK' }),
    }),
  ),
});
const ServiceView = z
  .object({
    service: z.string(),
    connection: z
      .object({
        doors: z.array(
          z.object({
            address: z.string(),
            breaker: z.enum(['closed', 'half_open', 'open']),
            ready: z.boolean().meta({ description: 'whether /readyz at this address reports ready' }),
          }),
        ),
        bulkheads: z.object({ prompt: Bulkhead, patient: Bulkhead }),
        retries: z.int(),
        faults: z.int(),
      })
      .nullable()
      .meta({ description: 'this gateway’s view since it started; null if it sends this service no requests' }),
    taskQueues: z
      .union([z.array(Queue), z.object({ unavailable: z.literal(true) })])
      .meta({ description: 'reported by Temporal; `unavailable` if Temporal does not respond' }),
  })
  .meta({
    id: 'Service',
    examples: [
      {
        service: 'payment',
        connection: null,
        taskQueues: [
          {
            kind: 'activity',
            polled: true,
            backlog: 0,
            backlogSeconds: 0,
            pollers: [{ identity: '811@payment-1', lastSeenAt: '2026-01-05T09:00:00.000Z', build: '1.4.0' }],
          },
        ],
      },
    ],
  });

// A process that takes longer to respond is not ready.
const READY_TIMEOUT_MS = 1_000;

/** The state of the services: their addresses as this gateway sees them, their workers as Temporal sees them. */
export const serviceRoutes = (connections: readonly Connection[], temporal: Client): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/admin/services',
    operationId: 'listServices',
    summary: 'Read the state of each service: its addresses, its task queues and their workers',
    tag: 'services',
    access: 'staff',
    staff: ['viewer'],
    responses: { 200: { description: 'The services', body: z.object({ items: z.array(ServiceView) }) } },
    async handle() {
      const items = await Promise.all(SERVICES.map((service) => viewOf(service, connections, temporal)));
      return { status: 200, body: { items } };
    },
  }),
];

async function viewOf(service: ServiceName, connections: readonly Connection[], temporal: Client) {
  const connection = connections.find((one) => one.service === service);
  const [taskQueues, readiness] = await Promise.all([
    taskQueuesOf(temporal, service),
    connection?.readiness(READY_TIMEOUT_MS) ?? [],
  ]);
  return {
    service,
    connection: connection ? withReadiness(connection, readiness) : null,
    taskQueues: taskQueues ?? { unavailable: true },
  };
}

function withReadiness(connection: Connection, readiness: { address: string; ready: boolean }[]) {
  const { doors, ...state } = connection.state();
  const ready = new Map(readiness.map((one) => [one.address, one.ready]));
  return { ...state, doors: doors.map((one) => ({ ...one, ready: ready.get(one.address) ?? false })) };
}
