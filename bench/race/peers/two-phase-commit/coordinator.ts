import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../../../../platform/contract/refusal.ts';
import type { Logger } from '../../../../platform/telemetry/logger.ts';
import type { PlacedOrder } from '../order.ts';
import type { Outcome } from '../saga.ts';
import type { Participants } from './contract.ts';
import type { Decision, Logged, TransactionLog } from './log.ts';

export interface CoordinatorDependencies {
  log: TransactionLog;
  participants: Participants;
  logger: Logger;
  /** How long a vote is asked for while it is unknown. */
  voteWithinMs?: number;
}

/** An order that this process works on. */
interface Work {
  decided: Promise<Logged>;
  /** Settles when the decision is carried out, or will be by recovery. */
  done: Promise<void>;
}

const RECOVERY_MS = 1_000;
// As many as a participant has connections for waiting work.
const RECOVERED_AT_ONCE = 10;

// Longer than a participant takes to restart, shorter than a customer waits for a response.
const VOTE_WITHIN_MS = 8_000;
const BETWEEN_VOTES_MS = 250;

const LEFT_BEHIND: Decision = {
  decision: 'abort',
  reason: 'CoordinatorStopped: the coordinator stopped, or lost its log, before it had decided',
};

/**
 * The coordinator of presumed-abort two-phase commit: asks the participants to prepare, decides in its log, has the
 * decision carried out. Whatever it leaves undone, `recover` finishes: the log says how.
 */
export class Coordinator {
  readonly #log: TransactionLog;
  readonly #participants: Participants;
  readonly #logger: Logger;
  readonly #voteWithinMs: number;
  readonly #underWay = new Map<string, Work>();

  constructor({ log, participants, logger, voteWithinMs = VOTE_WITHIN_MS }: CoordinatorDependencies) {
    this.#voteWithinMs = voteWithinMs;
    this.#log = log;
    this.#participants = participants;
    this.#logger = logger;
  }

  /**
   * Carries an order to its decision. The participants carry it out after the response. The same order again joins the
   * attempt that is under way, or gets the logged decision.
   */
  async place(order: PlacedOrder): Promise<Outcome> {
    const logged = await this.#workOn(order.orderId, () => this.#decide(order)).decided;
    return logged.decision === 'commit' ? { status: 'confirmed' } : { status: 'rejected', reason: logged.reason };
  }

  /**
   * One round over everything that is not finished and that this process does not work on: decisions that are not carried
   * out, orders that a coordinator left pending, and transactions that wait at a participant. What the log does not say is
   * committed is aborted.
   */
  async recover(): Promise<void> {
    const lists = [this.#log.listOpen(), ...this.#each(({ listPrepared }) => this.#preparedAt(listPrepared))];
    const left = new Set((await Promise.all(lists)).flat()).values();
    const recoverInTurn = async () => {
      for (const orderId of left) {
        if (this.#underWay.has(orderId)) continue;
        await this.#workOn(orderId, () => this.#log.decide(orderId, LEFT_BEHIND)).done;
      }
    };
    await Promise.all(Array.from({ length: RECOVERED_AT_ONCE }, recoverInTurn));
  }

  /** Recovers at once and then every second, until the process ends. */
  async keepRecovering(): Promise<never> {
    for (;;) {
      await this.recover().catch((error: unknown) => this.#logger.warn('recovery failed', { error }));
      await sleep(RECOVERY_MS, undefined, { ref: false });
    }
  }

  #workOn(orderId: string, decide: () => Promise<Logged>): Work {
    const known = this.#underWay.get(orderId);
    if (known) return known;
    const decided = decide();
    const done = decided
      .then((logged) => this.#carryOut(orderId, logged))
      // Nothing is lost: recovery finds the order pending, or its decision not carried out.
      .catch((error: unknown) => this.#logger.warn('an order is left to recovery', { orderId, error }))
      .then(() => void this.#underWay.delete(orderId));
    const work = { decided, done };
    this.#underWay.set(orderId, work);
    return work;
  }

  async #decide(order: PlacedOrder): Promise<Logged> {
    const isNew = await this.#log.begin(order);
    // Recorded before, and nobody works on it: decided, or left behind.
    return this.#log.decide(order.orderId, isNew ? await this.#collectVotes(order) : LEFT_BEHIND);
  }

  /**
   * The first phase. Stock comes last: while it is prepared, other orders for the same goods wait, and so they wait for one
   * vote and the decision, but not for the processor and the carrier. The first "no" decides: a participant that is still
   * preparing then aborts after it has.
   */
  async #collectVotes({ orderId, lines, total, paymentMethod, shippingAddress }: PlacedOrder): Promise<Decision> {
    const { inventory, payment, shipping } = this.#participants;
    try {
      const [{ trackingNumber }] = await Promise.all([
        this.#vote(() => shipping.prepare({ orderId, address: shippingAddress })),
        this.#vote(() => payment.prepare({ orderId, amount: total, paymentMethod })),
      ]);
      const stock = lines.map(({ sku, quantity }) => ({ sku, quantity }));
      await this.#vote(() => inventory.prepare({ orderId, lines: stock }));
      return { decision: 'commit', trackingNumber };
    } catch (error) {
      return { decision: 'abort', reason: reasonOf(error) };
    }
  }

  /**
   * Asks again while the vote is unknown, so that a participant that is restarted does not cost every order its commit. No
   * stock is locked meanwhile, unless it is the inventory's own vote.
   */
  async #vote<Vote>(prepare: () => Promise<Vote>): Promise<Vote> {
    const deadline = performance.now() + this.#voteWithinMs;
    for (;;) {
      try {
        return await prepare();
      } catch (error) {
        if (error instanceof Refusal || performance.now() >= deadline) throw error;
        await sleep(BETWEEN_VOTES_MS);
      }
    }
  }

  /** The second phase. The decision is made; a participant that does not carry it out now is asked again by recovery. */
  async #carryOut(orderId: string, { decision }: Logged): Promise<void> {
    const outcomes = await Promise.allSettled(this.#each((participant) => participant[decision]({ orderId })));
    const troubles = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reasonOf(reason));
    if (troubles.length === 0) return this.#log.end(orderId);
    await this.#log.noteTrouble(orderId, troubles.join('; '));
    throw new Error(`${decision} is not carried out everywhere: ${troubles.join('; ')}`);
  }

  /** A participant that is down has its transactions ended when it is back. */
  async #preparedAt(listPrepared: Participants['inventory']['listPrepared']): Promise<string[]> {
    try {
      return (await listPrepared({})).orderIds;
    } catch (error) {
      this.#logger.warn('cannot ask a participant for its prepared transactions', { error });
      return [];
    }
  }

  #each<Result>(ask: (participant: Participants[keyof Participants]) => Promise<Result>): Promise<Result>[] {
    const { inventory, payment, shipping } = this.#participants;
    return [inventory, payment, shipping].map(ask);
  }
}

/** Begins with the refusal's code, or says that a service did not respond. */
const reasonOf = (error: unknown): string =>
  error instanceof Refusal
    ? `${error.code}: ${error.message}`
    : `ServiceUnavailable: ${error instanceof Error ? error.message : String(error)}`;
