import { mean, median, standardError } from '../quantiles.ts';

export const times = (ratio: number): string => `${ratio.toFixed(2)}×`;

/** The median and the range of ratios over the rounds. */
export function ranged(ratios: readonly number[]): string {
  return `${times(median(ratios))} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
}

/** The mean of ratios with its standard error; of one ratio, which has none, only the ratio. */
export const meanWithError = (ratios: readonly number[]): string =>
  ratios.length === 1 ? times(ratios[0]!) : `${times(mean(ratios))} ± ${standardError(ratios).toFixed(2)}`;
