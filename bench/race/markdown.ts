/** A table, line by line. */
export const markdown = (head: readonly string[], cells: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`);
