// What arrives at a workflow is read by these, and not by the contracts' zod: a workflow evaluates its modules and makes
// its schemas for itself, and zod's cost 6 ms of CPU for each, 40% more than replaying a whole order costs without.
// test/workflows/incoming/messages.test.ts holds every parser of a message equal to the contracts.

/** Returns the value as its type. Throws `Mismatch` if it is not. `at` is the value's place in the message. */
export type Parser<Value> = (value: unknown, at: string) => Value;

/** A value that does not fit its contract. The message says where and what is wanted, for people. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';

  constructor(at: string, wanted: string) {
    super(`${at} must be ${wanted}`);
  }
}

/** A text of at most `max` UTF-16 units that the pattern allows. `wanted` describes the pattern. */
export const string =
  ({ max = Infinity, pattern, wanted }: { max?: number; pattern?: RegExp; wanted?: string } = {}): Parser<string> =>
  (value, at) => {
    const limit = max === Infinity ? 'a text' : `a text of at most ${max} characters`;
    if (typeof value !== 'string' || value.length > max) throw new Mismatch(at, wanted ?? limit);
    if (pattern && !pattern.test(value)) throw new Mismatch(at, wanted ?? 'another text');
    return value;
  };

/** A text that is not blank, without surrounding white space. */
export const trimmed =
  ({ max, blank = false }: { max: number; blank?: boolean }): Parser<string> =>
  (value, at) => {
    const text = typeof value === 'string' ? value.trim() : value;
    if (text === '' && !blank) throw new Mismatch(at, 'a text that is not blank');
    return string({ max })(text, at);
  };

/** A whole number, from `min` to `max`. */
export const integer =
  ({
    min = Number.MIN_SAFE_INTEGER,
    max = Number.MAX_SAFE_INTEGER,
  }: { min?: number; max?: number } = {}): Parser<number> =>
  (value, at) => {
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    throw new Mismatch(at, `a whole number from ${min} to ${max}`);
  };

export const boolean: Parser<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw new Mismatch(at, 'true or false');
  return value;
};

export const oneOf =
  <Value extends string>(...values: readonly Value[]): Parser<Value> =>
  (value, at) => {
    const found = values.find((one) => one === value);
    if (found === undefined) throw new Mismatch(at, values.join(' or '));
    return found;
  };

export const list =
  <Item>(item: Parser<Item>, { min = 0, max }: { min?: number; max: number }): Parser<Item[]> =>
  (value, at) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      throw new Mismatch(at, `a list of ${min} to ${max} items`);
    }
    return Array.from(value as unknown[], (one, index) => item(one, `${at}[${index}]`));
  };

type Fields = Readonly<Record<string, Parser<unknown>>>;
const NONE = Object.freeze({});
type Read<Shape extends Fields> = { [Name in keyof Shape]: ReturnType<Shape[Name]> };

/**
 * An object with these fields, of which those in `optional` may be absent. Any other field is an error, or is left out
 * where `others` says so.
 */
export const record =
  <Required extends Fields, Optional extends Fields = typeof NONE>(
    required: Required,
    { optional, others = 'refused' }: { optional?: Optional; others?: 'refused' | 'left out' } = {},
  ): Parser<Read<Required> & Partial<Read<Optional>>> =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Mismatch(at, 'an object');
    const given = value as Record<string, unknown>;
    const fields: Fields = { ...required, ...optional };
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined && others === 'refused') throw new Mismatch(at, `an object without the field ${unknown}`);
    const present = Object.entries(fields).filter(
      ([name]) => Object.hasOwn(required, name) || given[name] !== undefined,
    );
    return Object.fromEntries(present.map(([name, parse]) => [name, parse(given[name], `${at}.${name}`)])) as never;
  };

/** A message may lack: it is sent by hand without input, and says what `absent` says. */
export const orAbsent =
  <Value>(parse: Parser<Value>, absent: Value): Parser<Value> =>
  (value, at) =>
    value === undefined ? absent : parse(value, at);
