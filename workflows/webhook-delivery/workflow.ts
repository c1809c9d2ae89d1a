import { condition, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { AttemptOutcome, WebhookActivities } from '../../activities/webhook.ts';
import { type WebhookDeliveryInput, retryNowSignal } from '../messages.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
// The schedule that Standard Webhooks recommends: a receiver may be away for three days, a blink costs five seconds.
const DELAYS_MS = [5_000, 5 * MINUTE_MS, 30 * MINUTE_MS, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_MS)];
const ATTEMPTS = DELAYS_MS.length + 1;
// Never earlier than promised, and up to a fifth later: what failed together does not come back together.
const JITTER = 0.2;

// An attempt ends by itself after 15 s. It is asked again until it is answered, and sends at most once all the same.
const { attemptDelivery, beginAgain } = proxyActivities<WebhookActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** Carries one event to one endpoint: sends it, and again while it fails, by the schedule or at once where a person asks. */
export async function webhookDeliveryWorkflow(input: WebhookDeliveryInput): Promise<AttemptOutcome['outcome']> {
  let asked = false;
  setHandler(retryNowSignal, () => void (asked = true), { description: 'Do not wait: try again now.' });
  const log: string[] = [];

  for (let attempt = 1; ; attempt += 1) {
    const delayMs = DELAYS_MS[attempt - 1];
    const retryInMs = delayMs === undefined ? null : Math.round(delayMs * (1 + Math.random() * JITTER));
    const words = `attempt ${attempt} of ${ATTEMPTS}`;
    asked = false;
    const { outcome, detail } = await attemptDelivery.executeWithOptions({ summary: words }, [
      { ...input, attempt, retryInMs },
    ]);
    log.push(`${attempt}. ${outcome}: ${detail}`);
    setCurrentDetails(log.join('\n'));
    if (outcome !== 'failed') return outcome;
    if (retryInMs === null) {
      // Whoever asked while the last attempt was under way was told that it is sent again.
      if (asked) await beginAgain.executeWithOptions({ summary: 'somebody asked meanwhile' }, [input]);
      return outcome;
    }
    await condition(() => asked, retryInMs, { summary: `until attempt ${attempt + 1} of ${ATTEMPTS}` });
  }
}
