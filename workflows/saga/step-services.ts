import {
  type ActivityOptions,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { CartActivities } from '../../activities/cart.ts';
import type { InventoryActivities } from '../../activities/inventory.ts';
import type { Lane } from '../../activities/lane.ts';
import type { PaymentActivities } from '../../activities/payment.ts';
import type { ShippingActivities } from '../../activities/shipping.ts';
import type { Attempted } from '../../platform/contract/operation.ts';
import type { LaneMemo } from '../order/messages.ts';
import { firstTry, forwardStep, untilAnswered } from './policies.ts';
import { summaryOf } from './summaries.ts';
import { troubleOf } from './trouble.ts';

/** A contract whose results come with the attempts that they took. */
export type Counted<Contract> = {
  [Name in keyof Contract]: Contract[Name] extends (request: infer Request) => Promise<infer Answer>
    ? (request: Request) => Promise<Attempted<Answer>>
    : never;
};

/** The services that steps and compensations call. */
export interface StepServices {
  cart: Counted<CartActivities>;
  inventory: Counted<InventoryActivities>;
  payment: Counted<PaymentActivities>;
  shipping: Counted<ShippingActivities>;
}

/** One call of a step or a compensation: the saga hands in how the services are called. */
export type StepCall<Answer> = (ask: StepServices) => Promise<Attempted<Answer>>;

/** A call as data, so that another workflow can make it. */
export interface ServiceCall {
  service: keyof StepServices;
  activity: string;
  request: unknown;
}

export interface StepOptions {
  /** Whether the step must be durable whatever the lane. */
  durable?: boolean;
  /** Called when the workflow is going to wait for the step; `failedTries` went before, as local activities. */
  onWait?: (failedTries: number) => void;
}

/**
 * The lane of this execution. Its memo has it from the start: that costs no history event, is the same at every replay
 * whatever the setting has become, and is absent from executions that are older than the lanes.
 */
export const lane = (): Lane => (workflowInfo().memo as Partial<LaneMemo> | undefined)?.lane ?? 'durable';

/**
 * The services as a forward step calls them. In the lane `local-first` the worker that runs this workflow tries the
 * step once over the service's API; where that does not succeed it becomes durable. Both call the same function under
 * the same key, so that trying twice changes nothing, and a refusal is a refusal on either.
 */
export const forwardServices = ({ durable = false, onWait }: StepOptions = {}): StepServices =>
  servicesCalledBy(async (service, activity, request) => {
    const callDurably = (failedTries: number) => {
      onWait?.(failedTries);
      return durableForward[service][activity]!.executeWithOptions({ summary: summaryOf(activity, request) }, [
        request,
      ]);
    };
    if (durable || lane() !== 'local-first') return callDurably(0);
    try {
      const options = { summary: summaryOf(activity, request) };
      return { attempt: 1, answer: await tried[activity]!.executeWithOptions(options, [request]) };
    } catch (error) {
      if (troubleOf(error).refusal || isCancellation(error)) throw error;
      return callDurably(1);
    }
  });

/** The services as compensations call them, and everything after the goods have left: until they respond. */
export const servicesUntilAnswered = ({ onWait }: Pick<StepOptions, 'onWait'> = {}): StepServices =>
  servicesCalledBy((service, activity, request) => {
    onWait?.(0);
    return durableUntilAnswered[service][activity]!.executeWithOptions({ summary: summaryOf(activity, request) }, [
      request,
    ]);
  });

/** The call that this makes, without making it. */
export function asData(call: StepCall<unknown>): ServiceCall {
  const calls: ServiceCall[] = [];
  const note = async (service: keyof StepServices, activity: string, request: unknown) => {
    calls.push({ service, activity, request });
    return new Promise(() => undefined);
  };
  void call(servicesCalledBy(note));
  // A bug of this code: the other workflow would do less than was asked for.
  if (calls.length !== 1) throw new Error(`one call was expected, and ${calls.length} were made`);
  return calls[0]!;
}

/** The same the other way round. */
export const fromData =
  ({ service, activity, request }: ServiceCall): StepCall<unknown> =>
  (ask) =>
    (ask[service] as unknown as Readonly<Record<string, (request: unknown) => Promise<Attempted<unknown>>>>)[activity]!(
      request,
    );

const SERVICES = ['cart', 'inventory', 'payment', 'shipping'] as const satisfies (keyof StepServices)[];

interface Activity {
  executeWithOptions(options: { summary: string }, request: [unknown]): Promise<unknown>;
}
type Activities = Readonly<Record<string, Activity>>;

const tried = proxyLocalActivities(firstTry) as unknown as Activities;
const durableForward = onTaskQueues(forwardStep);
const durableUntilAnswered = onTaskQueues(untilAnswered);

/** Every service's activities, on the task queue of its name. */
function onTaskQueues(options: ActivityOptions): Record<keyof StepServices, Activities> {
  const queues = SERVICES.map((taskQueue) => [taskQueue, proxyActivities({ ...options, taskQueue })]);
  return Object.fromEntries(queues) as Record<keyof StepServices, Activities>;
}

function servicesCalledBy(
  call: (service: keyof StepServices, activity: string, request: unknown) => Promise<unknown>,
): StepServices {
  const services = SERVICES.map((service) => [
    service,
    new Proxy({}, { get: (_target, activity: string) => (request: unknown) => call(service, activity, request) }),
  ]);
  return Object.fromEntries(services) as StepServices;
}
