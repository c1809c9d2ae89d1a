import { isGrpcServiceError } from '@temporalio/client';
import { checkTemporal } from '../../platform/temporal/check.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import type { TemporalPlace } from '../../platform/temporal/place.ts';
import { isRunning, listRunning } from '../../services/order/reconcile/running-workflows.ts';
import { Unreachable } from '../api/client.ts';

/**
 * The orders whose workflow runs: see `listRunning`.
 * @throws {SettingError} the server refuses the certificate or API key, or is refused
 * @throws {Unreachable} the list cannot be read
 */
export async function* runningWorkflows(place: TemporalPlace, pageSize?: number): AsyncGenerator<string> {
  await checkTemporal(place);
  const client = createTemporalClient(place);
  try {
    // Fails within 5 s where no server responds.
    await client.connection.ensureConnected();
    yield* listRunning(client, pageSize);
  } catch (error) {
    throw unlisted(place, error);
  } finally {
    await client.connection.close();
  }
}

/**
 * Whether the workflow of one order runs.
 * @throws {Unreachable} the server does not say
 */
export async function workflowRuns(place: TemporalPlace, orderId: string): Promise<boolean> {
  const client = createTemporalClient(place);
  try {
    return await isRunning(client, orderId);
  } catch (error) {
    throw unlisted(place, error);
  } finally {
    await client.connection.close();
  }
}

const unlisted = ({ address }: TemporalPlace, error: unknown): Unreachable =>
  new Unreachable(`could not list the workflows of Temporal at ${address} (${reasonOf(error)})`, { cause: error });

const reasonOf = (error: unknown): string =>
  isGrpcServiceError(error) ? error.details : error instanceof Error ? error.message : String(error);
