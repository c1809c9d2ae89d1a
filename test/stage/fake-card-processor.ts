import type { AuthorizePayment } from '../../activities/payment.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { AwaitsCustomer, CardProcessor, CardRequest, Receipt } from '../../services/payment/processor.ts';

type Step = CardRequest['step'];
type Answer = { receipt: Receipt | AwaitsCustomer } | { refusal: Refusal };

export interface FakeProcessor extends CardProcessor {
  /** The effects in their order. */
  ledger: { type: Step; orderId: string; key: string; amountMinor: number }[];
  /** The key of every request, repeats included. */
  asked: string[];
  /** Every key that was looked up. */
  lookedUp: string[];
  /** The amount that is authorized for an order, but not captured. */
  held(orderId: string): number;
  /** The next request for this step takes effect, and then its connection breaks. */
  dieAfter(step: Step): void;
  /** The connection of the next request for this step breaks before it takes effect. */
  dieBefore(step: Step): void;
  /** The holder of this order's card must confirm, and then confirms, also after a void if `late`. */
  awaitHolder(orderId: string): void;
  holderConfirms(request: AuthorizePayment, options?: { late?: boolean }): void;
  holderRefuses(orderId: string): void;
  /** Refuses this step with `code`, until it is called with undefined. */
  refuse(step: Step, code: string | undefined): void;
  /** Holds the next request for this step before or after its effect, until `release` is called. */
  hold(step: Step, where: 'before' | 'after'): { reached: Promise<void>; release: () => void };
}

interface Account {
  authorized: number;
  captured: number;
  refunded: number;
  voided: boolean;
  /** Set while the card's holder must confirm. */
  awaited?: boolean;
}

/** A correct processor in memory: each key has one effect and one response, and a voided payment stays voided. */
export function createFakeProcessor(): FakeProcessor {
  const answers = new Map<string, Answer>();
  const accounts = new Map<string, Account>();
  const faults: { step: Step; when: 'before' | 'after' }[] = [];
  const refused = new Map<Step, string>();
  const gates: { step: Step; where: 'before' | 'after'; reached: () => void; released: Promise<void> }[] = [];
  const accountOf = (orderId: string): Account => {
    const account = accounts.get(orderId) ?? { authorized: 0, captured: 0, refunded: 0, voided: false };
    accounts.set(orderId, account);
    return account;
  };
  const interrupt = async (step: Step, when: 'before' | 'after') => {
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
    const account = accountOf(request.orderId);
    const no = refused.get(request.step) ?? refusalOf(request, account);
    if (no) return { refusal: new Refusal(no, `the fake says ${no}`) };
    if (request.step === 'authorize' && account.awaited) return { receipt: MUST_CONFIRM };
    return carryOut(request, account);
  }

  function carryOut(request: CardRequest, account: Account): Answer {
    const amountMinor = apply(request, account);
    if (request.step === 'void' && amountMinor === 0) return { receipt: { id: null } };
    fake.ledger.push({ type: request.step, orderId: request.orderId, key: request.key, amountMinor });
    return { receipt: { id: `${request.step}-${fake.ledger.length}` } };
  }

  const fake: FakeProcessor = {
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
    isHeld: async ({ orderId }) => fake.held(orderId) > 0,
    // Its events are lines: the order's id, signed with `right`.
    readEvent({ payload, signature }) {
      if (signature !== 'right') throw new Refusal('InvalidSignature', 'the signature is wrong');
      return payload === '' ? null : { orderId: payload };
    },
    awaitHolder: (orderId) => void (accountOf(orderId).awaited = true),
    holderConfirms(request, { late = false } = {}) {
      const account = accountOf(request.orderId);
      account.awaited = false;
      if (late) account.voided = false;
      const key = `${request.orderId}:authorize`;
      const effect = { ...request, step: 'authorize', key, reference: null, customerMayAct: true } as const;
      answers.set(key, carryOut(effect, account));
    },
    holderRefuses: (orderId) =>
      void answers.set(`${orderId}:authorize`, { refusal: new Refusal('PaymentNotCompleted', 'the holder refused') }),
    held: (orderId) => {
      const { authorized, captured, voided } = accountOf(orderId);
      return voided ? 0 : authorized - captured;
    },
    dieAfter: (step) => void faults.push({ step, when: 'after' }),
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

/** What the holder of a card must do. */
export const MUST_CONFIRM: AwaitsCustomer = {
  customerAction: { type: 'redirect', url: 'https://bank.example/confirm' },
};

function given(answer: Answer): Receipt | AwaitsCustomer {
  if ('refusal' in answer) throw answer.refusal;
  return answer.receipt;
}

function refusalOf(request: CardRequest, account: Account): string | undefined {
  switch (request.step) {
    case 'authorize':
      if (account.voided) return 'Undone';
      return DECLINES[request.paymentMethod];
    case 'void':
      return account.captured > 0 ? 'AlreadyCaptured' : undefined;
    case 'capture':
      return account.voided || account.authorized === 0 ? 'CaptureRefused' : undefined;
    case 'refund':
      return account.refunded + request.amount.amountMinor > account.captured ? 'RefundExceedsCapture' : undefined;
  }
  return undefined;
}

const DECLINES: Readonly<Record<string, string>> = {
  pm_card_chargeDeclined: 'CardDeclined',
  pm_card_chargeDeclinedInsufficientFunds: 'InsufficientFunds',
};

/** Carries out the request and returns its amount. */
function apply(request: CardRequest, account: Account): number {
  if (request.step === 'authorize') return (account.authorized = request.amount.amountMinor);
  if (request.step === 'capture') return (account.captured = account.authorized);
  if (request.step === 'refund') {
    account.refunded += request.amount.amountMinor;
    return request.amount.amountMinor;
  }
  const released = account.voided ? 0 : account.authorized;
  account.voided = true;
  return released;
}
