import { VISIBLE } from '../../activities/text.ts';
import { MULTILINE_FIELDS } from '../middleware/printable.ts';

interface Schema {
  $ref?: string;
  type?: string;
  pattern?: string;
  format?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
}

interface OpenApiDocument {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

// The characters that the gateway refuses everywhere; fields with several lines may have line ends and tabs.
const CONTROL = String.raw`\u0000-\u001f\u007f-\u009f`;
const CONTROL_EXCEPT_LINES = String.raw`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f`;

// The characters that `VISIBLE` excludes, without the Unicode properties that regular expressions of other languages do
// not have. Only those of four hexadecimal digits: clients may count the others as two characters. Half of such a pair
// counts as visible.
const INVISIBLE = rangesOf((character) => !VISIBLE.test(character) && character.isWellFormed());

/** Adds the allowed characters to every request text in one place, as one middleware checks them all. */
export function addTextPatterns(document: OpenApiDocument): void {
  const seen = new Set<Schema>();
  const visit = (schema: Schema, name: string): void => {
    if (schema.$ref) return visit(document.components!.schemas![schema.$ref.split('/').at(-1)!]!, name);
    if (seen.has(schema)) return;
    seen.add(schema);
    for (const [field, inner] of Object.entries(schema.properties ?? {})) visit(inner, field);
    if (schema.items) visit(schema.items, name);
    if (schema.type === 'string') describe(schema, name);
  };
  for (const { parameters = [], requestBody } of Object.values(document.paths ?? {}).flatMap(
    Object.values<Operation>,
  )) {
    for (const { name, schema } of parameters.filter((one) => one.in !== 'header')) visit(schema, name);
    for (const { schema } of Object.values(requestBody?.content ?? {})) visit(schema, '');
  }
}

function describe(schema: Schema, name: string): void {
  if (schema.format ?? schema.enum ?? schema.const) return;
  const control = MULTILINE_FIELDS.has(name) ? CONTROL_EXCEPT_LINES : CONTROL;
  if (schema.pattern === undefined) schema.pattern = `^[^${control}]*$`;
  // At least one visible character, like `text` of the contracts.
  if (schema.pattern === VISIBLE.source) schema.pattern = `^[^${control}]*[^${INVISIBLE}][^${control}]*$`;
}

/** The ranges of the characters up to U+FFFF that fulfil the condition, as in a regular expression's brackets. */
function rangesOf(fulfils: (character: string) => boolean): string {
  const ranges: [first: number, last: number][] = [];
  for (let code = 0; code <= 0xffff; code += 1) {
    if (!fulfils(String.fromCharCode(code))) continue;
    const range = ranges.at(-1);
    if (range?.[1] === code - 1) range[1] = code;
    else ranges.push([code, code]);
  }
  const escaped = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
  return ranges.map(([first, last]) => `${escaped(first)}${first === last ? '' : `-${escaped(last)}`}`).join('');
}
