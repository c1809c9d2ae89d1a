import { median } from '../quantiles.ts';

export const times = (ratio: number): string => `${ratio.toFixed(2)}×`;

/** The median and the range of ratios over the rounds. */
export function ranged(ratios: readonly number[]): string {
  return `${times(median(ratios))} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
}
