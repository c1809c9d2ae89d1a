import { ToolError } from '../command-line.ts';

/** The digits of a currency's minor unit (ISO 4217): 2 for GBP, 0 for JPY. An unknown code is a `ToolError`. */
export function minorDigitsOf(currency: string): number {
  if (!Intl.supportedValuesOf('currency').includes(currency))
    throw new ToolError(`--currency must be an ISO 4217 code such as GBP, not "${currency}"`);
  // ECMA-402 takes the digits from ISO 4217.
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits!;
}
