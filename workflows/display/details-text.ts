import { plainText } from './markdown.ts';

/** `at` in RFC 3339; `text` is plain, from wherever it comes. */
export interface Happened {
  at: string;
  text: string;
}

/** Where a workflow stands, and below that what has happened, in Markdown. */
export class DetailsText {
  readonly #title: string;
  readonly #lines: string[] = [];
  #standing = '';
  #day = '';

  /** `title` is Markdown. */
  constructor(title: string) {
    this.#title = title;
  }

  /** The first line: where the workflow stands, what it waits for and until when, or who must act and how. Markdown. */
  now(standing: string): void {
    this.#standing = standing;
  }

  /** Adds a line for everything that has happened. */
  add(...happened: readonly Happened[]): void {
    for (const { at, text } of happened) {
      const day = at.slice(0, 10);
      if (day !== this.#day) this.#lines.push('', `${day}, UTC:`, '');
      this.#day = day;
      this.#lines.push(`- \`${at.slice(11, 19)}\` ${plainText(text)}`);
    }
  }

  // A list: the Web UI puts no space between the columns of a table, and does not wrap the lines of a code block.
  get text(): string {
    return [this.#standing, '', this.#title, ...this.#lines].join('\n');
  }
}
