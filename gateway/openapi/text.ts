import { PROSE } from '../middleware/printable.ts';

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

interface Described {
  paths?: Record<string, Record<string, Asking>>;
  components?: { schemas?: Record<string, Schema> };
}

interface Asking {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

// What the gateway refuses anywhere: control characters, but not the ends of lines where people write several.
const CONTROL = String.raw`\u0000-\u001f\u007f-\u009f`;
const CONTROL_BUT_LINES = String.raw`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f`;

/** Says of every text that may be sent which characters it may have: for all fields in one place, as they are checked. */
export function sayWhichCharacters(document: Described): void {
  const seen = new Set<Schema>();
  const visit = (schema: Schema, name: string): void => {
    if (schema.$ref) return visit(document.components!.schemas![schema.$ref.split('/').at(-1)!]!, name);
    if (seen.has(schema)) return;
    seen.add(schema);
    for (const [field, inner] of Object.entries(schema.properties ?? {})) visit(inner, field);
    if (schema.items) visit(schema.items, name);
    if (schema.type === 'string') describe(schema, name);
  };
  for (const { parameters = [], requestBody } of Object.values(document.paths ?? {}).flatMap(Object.values<Asking>)) {
    for (const { name, schema } of parameters.filter((one) => one.in !== 'header')) visit(schema, name);
    for (const { schema } of Object.values(requestBody?.content ?? {})) visit(schema, '');
  }
}

function describe(schema: Schema, name: string): void {
  if (schema.format ?? schema.enum ?? schema.const) return;
  const control = PROSE.has(name) ? CONTROL_BUT_LINES : CONTROL;
  if (schema.pattern === undefined) schema.pattern = `^[^${control}]*$`;
  // Something beside spaces, as `text` of the contracts has it.
  if (schema.pattern === String.raw`\S`) schema.pattern = String.raw`^[^${control}]*[^\s${control}][^${control}]*$`;
}
