import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ReconciliationActivities, ReconciliationReport } from '../../activities/reconciliation.ts';
import { CurrentDetails } from '../display/current-details.ts';
import { readInput } from '../incoming/arrivals.ts';
import { type ReconciliationInput, reconciliationInput } from './messages.ts';

// A million orders take minutes, and a service that is away may come back. What lasts longer is left to the next one.
// The SDK sends a heartbeat, and learns by it of a cancellation, only once in four fifths of this timeout.
const { reconcileBooks } = proxyActivities<ReconciliationActivities>({
  scheduleToCloseTimeout: '6h',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '5m' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * Compares the books of all services, of the card processor and of the carrier, and the orders with the workflows that run.
 * Each discrepancy becomes an intervention, which this workflow does not wait for.
 */
export async function reconciliationWorkflow(given?: ReconciliationInput): Promise<ReconciliationReport> {
  readInput(reconciliationInput, given);
  const details = new CurrentDetails('Comparison of all books:');
  details.now('**Compares** the books. The heartbeat of its activity says how far it is.');
  const report = await reconcileBooks.executeWithOptions({ summary: 'compares all books' }, [{}]);
  details.now(`**Ended**: ${inWords(report)}`);
  for (const example of report.examples) details.note(example);
  for (const gap of report.notCompared) details.note(`not compared: ${gap}`);
  return report;
}

function inWords({ orders, findings, opened, accepted, closed, moving, leftOut }: ReconciliationReport): string {
  const parts = [
    `${opened} new`,
    ...(accepted > 0 ? [`${accepted} accepted by a person`] : []),
    ...(leftOut > 0 ? [`${leftOut} too many for interventions`] : []),
    ...(closed > 0 ? [`${closed} from before are gone`] : []),
    ...(moving > 0 ? [`${moving} orders kept changing`] : []),
  ];
  return `${orders} orders compared, ${findings === 1 ? '1 discrepancy' : `${findings} discrepancies`}: ${parts.join(', ')}.`;
}
