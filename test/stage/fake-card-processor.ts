import type { AuthorizePayment } from '../../activities/payment.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type {
  AwaitsCustomer,
  CardDispute,
  CardProcessor,
  CardRequest,
  Receipt,
} from '../../services/payment/processor.ts';
import { type FakeHold, NEW_HOLD, heldOf, refusalOf } from './fake-card-hold.ts';
import { FakeSavedCards } from './fake-saved-cards.ts';

type Step = CardRequest['step'];
type Call = Step | 'addCustomer' | 'detach';
type Effect = Pick<CardRequest, 'orderId' | 'holdId' | 'key'>;
type Answer = { receipt: Receipt | AwaitsCustomer } | { refusal: Refusal };

/** A hold of an order; without `holdId` its first. */
export interface HoldRef {
  orderId: string;
  holdId?: string | undefined;
}

export interface FakeProcessor extends CardProcessor {
  /** The effects in their order. What a capture or an expiry releases is a void, with the key of the request. */
  ledger: { type: Step; orderId: string; holdId: string; key: string; amountMinor: number }[];
  cards: FakeSavedCards;
  /** The key of every request, repeats included. */
  asked: string[];
  /** Every key that was looked up. */
  lookedUp: string[];
  /** The amount that is held for an order now, of all its holds. */
  held(orderId: string): number;
  /** The next request for this step takes effect, and then its connection breaks. */
  dieAfter(step: Call): void;
  /** The connection of the next request for this step breaks before it takes effect. */
  dieBefore(step: Call): void;
  /** Forgets what was asked for with `dieAfter` and `dieBefore`. */
  dieNoMore(): void;
  /** The holder of this hold's card must confirm, and then confirms, also after a void if `late`. */
  awaitHolder(orderId: string, holdId?: string): void;
  holderConfirms(request: AuthorizePayment & HoldRef, options?: { late?: boolean; saveFor?: string }): void;
  holderRefuses(orderId: string): void;
  /** The hold is gone when it is next captured. */
  expire(orderId: string, holdId?: string): void;
  /** The card's bank releases the hold by itself now. */
  releaseExpired(orderId: string, holdId?: string): void;
  /** The dispute stands so from now on. */
  dispute(id: string, dispute: Partial<CardDispute>): void;
  /** The capture with this receipt fails, although it had succeeded, and its hold is gone. */
  failCapture(id: string): void;
  /** The refund with this receipt fails, although it had succeeded. */
  failRefund(id: string): void;
  /** Refuses this step with `code`, until it is called with undefined. */
  refuse(step: Step, code: string | undefined): void;
  /** Holds the next request for this step before or after its effect, until `release` is called. */
  hold(step: Step, where: 'before' | 'after'): { reached: Promise<void>; release: () => void };
}

/** A correct processor in memory: each key has one effect and one response, and a voided hold stays voided. */
export function createFakeProcessor({ capturesSeveralTimes = true } = {}): FakeProcessor {
  const answers = new Map<string, Answer>();
  const accounts = new Map<string, FakeHold>();
  const cards = new FakeSavedCards();
  const faults: { step: Call; when: 'before' | 'after' }[] = [];
  const refused = new Map<Step, string>();
  const failedRefunds = new Set<string>();
  const failedCaptures = new Set<string>();
  const disputes = new Map<string, CardDispute>();
  const gates: { step: Step; where: 'before' | 'after'; reached: () => void; released: Promise<void> }[] = [];
  const accountOf = ({ orderId, holdId = orderId }: HoldRef): FakeHold => {
    const name = `${orderId} ${holdId}`;
    const account = accounts.get(name) ?? { ...NEW_HOLD };
    accounts.set(name, account);
    return account;
  };
  const interrupt = async (step: Call, when: 'before' | 'after') => {
    const gate = gates.findIndex((candidate) => candidate.step === step && candidate.where === when);
    if (gate >= 0) {
      const [stopped] = gates.splice(gate, 1);
      stopped!.reached();
      await stopped!.released;
    }
    const fault = faults.findIndex((candidate) => candidate.step === step && candidate.when === when);
    if (fault >= 0) {
      faults.splice(fault, 1);
      throw new Error('socket hang up');
    }
  };

  async function ask<Result = Receipt>(request: CardRequest): Promise<Result> {
    fake.asked.push(request.key);
    await interrupt(request.step, 'before');
    if (!answers.has(request.key)) answers.set(request.key, decide(request));
    await interrupt(request.step, 'after');
    return given(answers.get(request.key)!) as Result;
  }

  function decide(request: CardRequest): Answer {
    const account = accountOf(request);
    const declined = cards.forbids(request) ? 'CardDeclined' : undefined;
    const no = refused.get(request.step) ?? declined ?? refusalOf(request, account);
    if (no === 'HoldExpired') close(request, account, 'expired');
    if (no) return { refusal: new Refusal(no, `the fake says ${no}`) };
    if (request.step === 'authorize' && account.awaited) return { receipt: MUST_CONFIRM };
    return carryOut(request, account);
  }

  function carryOut(request: CardRequest, account: FakeHold): Answer {
    if (request.step === 'void') return { receipt: { id: close(request, account, 'voided') } };
    const { amountMinor } = request.amount;
    const id = enter(request, request.step, amountMinor);
    if (request.step === 'authorize') {
      account.authorized = amountMinor;
      return { receipt: { id, saved: cards.save(request) } };
    }
    if (request.step === 'refund') account.refunded += amountMinor;
    if (request.step === 'capture') {
      account.captured += amountMinor;
      if (request.final || !capturesSeveralTimes) close(request, account, 'captured');
    }
    return { receipt: { id } };
  }

  /** Releases what is held; returns null if nothing was. */
  function close(effect: Effect, account: FakeHold, why: NonNullable<FakeHold['closed']>): string | null {
    const left = heldOf(account);
    account.closed ??= why;
    account.released += left;
    return left > 0 ? enter(effect, 'void', left) : null;
  }

  function enter({ orderId, holdId, key }: Effect, type: Step, amountMinor: number): string {
    fake.ledger.push({ type, orderId, holdId, key, amountMinor });
    return `${type}-${fake.ledger.length}`;
  }

  /** An entry that was taken back. The ids of the others say where they are. */
  const takeOut = (id: string) => fake.ledger.splice(Number(id.split('-')[1]) - 1, 1, NOTHING)[0]!;

  const fake: FakeProcessor = {
    capturesSeveralTimes,
    needsCustomers: false,
    cards,
    async addCustomer(owner) {
      await interrupt('addCustomer', 'before');
      const customer = cards.addCustomer(Object.values(owner)[0]!);
      await interrupt('addCustomer', 'after');
      return customer;
    },
    async detach(paymentMethod) {
      await interrupt('detach', 'before');
      cards.detach(paymentMethod);
      await interrupt('detach', 'after');
    },
    ledger: [],
    asked: [],
    lookedUp: [],
    open: async () => null,
    authorize: (effect) => ask<Receipt | AwaitsCustomer>({ ...effect, step: 'authorize' }),
    void: (effect) => ask({ ...effect, step: 'void' }),
    capture: (effect) => ask({ ...effect, step: 'capture' }),
    refund: (effect) => ask({ ...effect, step: 'refund' }),
    async find({ key }) {
      fake.lookedUp.push(key);
      const answer = answers.get(key);
      return answer && given(answer);
    },
    isHeld: async (hold) => heldOf(accountOf(hold)) > 0,
    hasHoldExpired: async (hold) => accountOf(hold).closed === 'expired',
    findDispute: async ({ id }) => disputes.get(id),
    hasCaptureFailed: async ({ id }) => failedCaptures.has(id),
    hasRefundFailed: async (id) => failedRefunds.has(id),
    // Its events are lines: the order's id and perhaps the hold's and what it is about, a refund's or a dispute's id, `expired` or `captures`, signed with
    // `right`.
    readEvent({ payload, signature }) {
      if (signature !== 'right') throw new Refusal('InvalidSignature', 'the signature is wrong');
      const [orderId = '', holdId = orderId, about] = payload.split(' ');
      if (payload === '') return null;
      const hold = { orderId, holdId };
      if (about === 'expired') return { ...hold, expiry: true };
      if (about === 'captures') return { ...hold, captures: true };
      if (about?.startsWith('dp_')) return { ...hold, dispute: about };
      return { ...hold, ...(about !== undefined && { refund: about }) };
    },
    awaitHolder: (orderId, holdId) => void (accountOf({ orderId, holdId }).awaited = true),
    holderConfirms(request, { late = false, saveFor } = {}) {
      const account = accountOf(request);
      account.awaited = false;
      if (late) account.closed = undefined;
      const { orderId, holdId = orderId } = request;
      const key = holdId === orderId ? `${orderId}:authorize` : `${orderId}:authorize:${holdId}`;
      const effect = {
        ...request,
        holdId,
        step: 'authorize',
        key,
        reference: null,
        customerMayAct: true,
        customer: saveFor ?? null,
        save: saveFor !== undefined,
        usedBefore: false,
      } as const;
      answers.set(key, carryOut(effect, account));
    },
    holderRefuses: (orderId) =>
      void answers.set(`${orderId}:authorize`, { refusal: new Refusal('PaymentNotCompleted', 'the holder refused') }),
    failRefund(id) {
      failedRefunds.add(id);
      const failed = takeOut(id);
      accountOf(failed).refunded -= failed.amountMinor;
    },
    dispute(id, dispute) {
      const before = disputes.get(id) ?? { ...DISPUTE };
      disputes.set(id, { ...before, ...dispute });
    },
    failCapture(id) {
      failedCaptures.add(id);
      const failed = takeOut(id);
      const account = accountOf(failed);
      account.captured -= failed.amountMinor;
      account.closed = 'expired';
      close({ ...failed, key: `${failed.key}:failed` }, account, 'expired');
    },
    expire: (orderId, holdId) => void (accountOf({ orderId, holdId }).expires = true),
    releaseExpired(orderId, holdId = orderId) {
      const account = accountOf({ orderId, holdId });
      close({ orderId, holdId, key: `${orderId}:expired` }, account, 'expired');
    },
    held: (orderId) =>
      [...accounts].filter(([name]) => name.startsWith(orderId)).reduce((sum, [, account]) => sum + heldOf(account), 0),
    dieAfter: (step) => void faults.push({ step, when: 'after' }),
    dieNoMore: () => void faults.splice(0),
    dieBefore: (step) => void faults.push({ step, when: 'before' }),
    refuse: (step, code) => void (code === undefined ? refused.delete(step) : refused.set(step, code)),
    hold(step, where) {
      const arrival = Promise.withResolvers<void>();
      const departure = Promise.withResolvers<void>();
      gates.push({ step, where, reached: arrival.resolve, released: departure.promise });
      return { reached: arrival.promise, release: departure.resolve };
    },
  };
  return fake;
}

const DISPUTE: CardDispute = {
  status: 'open',
  amount: { amountMinor: 1000, currency: 'GBP' },
  withdrawn: true,
  reason: 'fraudulent',
  respondBy: '2030-01-31T12:00:00.000Z',
};

/** In place of an entry that was taken back. */
const NOTHING = { type: 'refund', orderId: '', holdId: '', key: '', amountMinor: 0 } as const;

/** What the holder of a card must do. */
export const MUST_CONFIRM: AwaitsCustomer = {
  customerAction: { type: 'redirect', url: 'https://bank.example/confirm' },
};

function given(answer: Answer): Receipt | AwaitsCustomer {
  if ('refusal' in answer) throw answer.refusal;
  return answer.receipt;
}
