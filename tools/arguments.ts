import { type ParseArgsConfig, parseArgs } from 'node:util';
import { HelpWanted, ToolError, inCallersFolder } from './command-line.ts';

/** An option and what `--help` says about it. */
export interface Option {
  type: 'string' | 'boolean';
  /** How the help names the option's value, such as `N`. Absent for a boolean. */
  value?: string;
  help: string;
}

/** A tool's command line, as `--help` describes it. */
export interface Tool<Options extends Record<string, Option> = Record<string, Option>> {
  /** The name of its npm script. */
  name: string;
  /** What it needs besides options, such as a FILE. */
  operands?: readonly string[];
  purpose: string;
  options: Options;
  /** The arguments of a typical call. */
  example: string;
}

const HELP = { help: { type: 'boolean', help: 'print this text' } } as const;

type Values<Options extends Record<string, Option>> = ReturnType<typeof parseArgs<{ options: Options }>>['values'];

/**
 * The options and operands of the command line, and the operand FILE as a path. An invalid or missing one is a
 * `ToolError`.
 */
export function readArguments<Options extends Record<string, Option>>(
  tool: Tool<Options>,
  args = process.argv.slice(2),
): { values: Values<Options>; operands: string[]; file: string } {
  // Before anything is checked, so that `--help` also helps beside a mistake.
  if (args.includes('--help')) throw new HelpWanted(helpText(tool));
  const { values, positionals } = parsed(tool, args);
  const { operands: wanted = [] } = tool;
  const more = positionals[wanted.length];
  if (more !== undefined) throw wrong(tool, `unexpected argument "${more}"`);
  const missing = wanted.find((_name, at) => !positionals[at]);
  if (missing !== undefined) throw wrong(tool, `${missing} is missing`);
  const file = positionals[wanted.indexOf('FILE')];
  return { values, operands: positionals, file: file === undefined ? '' : inCallersFolder(file) };
}

function parsed<Options extends Record<string, Option>>(tool: Tool<Options>, args: string[]) {
  try {
    const options: NonNullable<ParseArgsConfig['options']> = tool.options;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { values: values as Values<Options>, positionals };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Node adds two sentences about arguments that begin with a dash.
    const unknown =
      code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(?<name>[^']*)'/.exec(message)?.groups?.name : undefined;
    throw wrong(tool, unknown === undefined ? message.split('\n')[0]! : `unknown option ${unknown}`);
  }
}

const wrong = ({ name }: Tool, complaint: string): ToolError =>
  new ToolError(`${complaint}; try: npm run ${name} -- --help`);

/** The text of `--help`. */
function helpText({ name, operands = [], purpose, options, example }: Tool): string {
  const rows = Object.entries({ ...options, ...HELP } as Record<string, Option>).map(
    ([option, { value, help }]) => [`--${option}${value ? ` ${value}` : ''}`, help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `usage: npm run ${name} -- ${[...operands, '[options]'].join(' ')}`,
    '',
    purpose,
    '',
    ...rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`),
    '',
    `example: npm run ${name} -- ${example}`,
    'Settings from the environment: docs/settings.md#tools',
  ].join('\n');
}
