import { parseArgs } from 'node:util';

type Defaults = Record<string, number | boolean | undefined>;
type Options<Given extends Defaults> = {
  [Name in keyof Given]: Given[Name] extends boolean
    ? boolean
    : Given[Name] extends number
      ? number
      : number | undefined;
};

/**
 * The options of a study: whole numbers of at least 1, and flags (those whose default is `false`). If the command line is
 * invalid, prints the reason and the valid options, and exits with 2.
 */
export function studyOptions<const Given extends Defaults>(defaults: Given): Options<Given> {
  try {
    return { ...defaults, ...parsedOptions(defaults) } as Options<Given>;
  } catch (error) {
    const names = Object.entries(defaults).map(([name, value]) => `[--${name}${value === false ? '' : ' N'}]`);
    process.stderr.write(`${(error as Error).message.split('. ')[0]}\noptions: ${names.join(' ')}\n`);
    return process.exit(2);
  }
}

function parsedOptions(defaults: Defaults): Record<string, number | boolean> {
  const typeOf = (value: unknown) => (typeof value === 'boolean' ? 'boolean' : 'string');
  const options = Object.entries(defaults).map(([name, value]) => [name, { type: typeOf(value) }] as const);
  const { values } = parseArgs({ options: Object.fromEntries(options) });
  const parsed = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? wholeNumber(name, value) : value === true,
  ]);
  return Object.fromEntries(parsed) as Record<string, number | boolean>;
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name} must be a whole number of at least 1, not "${text}"`);
  return number;
}
