import { quantile } from '../../quantiles.ts';
import type { Asked } from './customers.ts';
import type { Settled } from './settling.ts';
import type { FaultyLoad } from './under-fault.ts';
import type { Trial } from './trial.ts';

interface Observed {
  settled: Settled;
  /** The ids of orders whose request or answer a fault hit. */
  touched: ReadonlySet<string>;
  warmUpMs: number;
}

/** How long orders were undecided, and what those took that no fault met. */
export function timesOf(
  { asked, strikes, startedAt, faultsEndedAt }: FaultyLoad,
  { settled: { wrong, standings, endedAt }, touched, warmUpMs }: Observed,
): Pick<Trial, 'met' | 'untouchedP99Ms' | 'decidedAfterMs' | 'longestUndecidedMs'> {
  const isMet = ({ order, from, until }: Asked) =>
    touched.has(order.orderId) || strikes.some((strike) => strike.from < until && from < strike.until);
  const untouched = asked.filter((one) => one.from > warmUpMs && one.told === 'confirmed' && !isMet(one));

  /** When it was decided, in milliseconds since the start of the load; undefined: it was not, or never taken. */
  const decidedAt = ({ order, told, until }: Asked) => {
    if (told !== 'nothing') return until;
    const at = standings.of(order.orderId).decidedAt;
    return at === null ? undefined : at - startedAt;
  };
  const latest = (of: readonly Asked[], since: (one: Asked) => number) =>
    of.reduce((most, one) => Math.max(most, (decidedAt(one) ?? 0) - since(one)), 0);
  const isStuck = [...wrong.values()].some((wrongs) => wrongs.includes('stuck'));
  const before = asked.filter(({ from }) => from < faultsEndedAt);
  return {
    met: asked.filter(isMet).length,
    untouchedP99Ms: quantile(
      untouched.map(({ from, until }) => until - from),
      0.99,
    ),
    ...(endedAt !== undefined && {
      decidedAfterMs: Math.max(
        latest(before, () => faultsEndedAt),
        endedAt - faultsEndedAt,
      ),
    }),
    ...(!isStuck && { longestUndecidedMs: latest(asked, ({ from }) => from) }),
  };
}
