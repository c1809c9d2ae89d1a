import { setCurrentDetails } from '@temporalio/workflow';
import { DetailsText, type Happened } from './details-text.ts';

/** What the Temporal Web UI shows as a workflow's Current Details. */
export class CurrentDetails {
  readonly #details: DetailsText;

  /** `title` is Markdown. */
  constructor(title: string) {
    this.#details = new DetailsText(title);
  }

  /** The first line: where the workflow stands, what it waits for and until when, or who must act and how. Markdown. */
  now(standing: string): void {
    this.#details.now(standing);
    this.#show();
  }

  /** Adds a line for everything that has happened. */
  add(...happened: readonly Happened[]): void {
    this.#details.add(...happened);
    this.#show();
  }

  /** Adds a line for something that happens now. */
  note(text: string): void {
    this.add({ at: new Date().toISOString(), text });
  }

  #show(): void {
    setCurrentDetails(this.#details.text);
  }
}
