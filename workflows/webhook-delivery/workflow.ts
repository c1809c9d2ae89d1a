import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { AttemptOutcome, WebhookActivities } from '../../activities/webhook.ts';
import { CurrentDetails } from '../display/current-details.ts';
import { momentInWords } from '../display/markdown.ts';
import { readInput } from '../incoming/arrivals.ts';
import { type WebhookDeliveryInput, retryNowSignal, webhookDeliveryInput } from './messages.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
// The schedule that Standard Webhooks recommends: a receiver may be down for three days, a short fault costs 5 s.
const DELAYS_MS = [5_000, 5 * MINUTE_MS, 30 * MINUTE_MS, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_MS)];
const ATTEMPTS = DELAYS_MS.length + 1;
// Never earlier than promised, and up to a fifth later: deliveries that failed together do not come back together.
const JITTER = 0.2;

// An attempt ends by itself after 15 s. The activity is retried until it responds, and sends at most once all the same.
const { attemptDelivery, beginAgain } = proxyActivities<WebhookActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** Carries one event to one endpoint: sends it, and again while it fails, on schedule or at once where a person asks. */
export async function webhookDeliveryWorkflow(given: WebhookDeliveryInput): Promise<AttemptOutcome['outcome']> {
  const input = readInput(webhookDeliveryInput, given);
  let asked = false;
  setHandler(retryNowSignal, () => void (asked = true), { description: 'Do not wait: try again now.' });
  const details = new CurrentDetails('What the endpoint answered:');
  details.now('**Being sent**');

  for (let attempt = 1; ; attempt += 1) {
    const delayMs = DELAYS_MS[attempt - 1];
    const retryInMs = delayMs === undefined ? null : Math.round(delayMs * (1 + Math.random() * JITTER));
    asked = false;
    const { outcome, detail } = await attemptDelivery.executeWithOptions(
      { summary: `attempt ${attempt} of ${ATTEMPTS}` },
      [{ ...input, attempt, retryInMs }],
    );
    details.note(`attempt ${attempt} of ${ATTEMPTS} ${outcome}: ${detail}`);
    details.now(`**Ended**: ${outcome}`);
    if (outcome !== 'failed') return outcome;
    if (retryInMs === null) {
      // A person who asked during the last attempt was told that it is sent again.
      if (asked) await beginAgain.executeWithOptions({ summary: 'somebody asked meanwhile' }, [input]);
      return outcome;
    }
    const next = momentInWords(new Date(Date.now() + retryInMs));
    details.now(`**Waits** for the next attempt at ${next}. The signal \`retryNow\` sends it at once.`);
    await condition(() => asked, retryInMs, { summary: `until attempt ${attempt + 1} of ${ATTEMPTS}` });
  }
}
