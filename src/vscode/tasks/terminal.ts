/**
 * A task's terminal: a progress line that is written over, the lines that tell what came of it, and
 * the exit code 0, 1 for a failure or 130 when it was stopped, by Ctrl-C or by ending the task.
 */
import * as vscode from 'vscode';
import { formatShare } from '../../../webview/ui/format.ts';
import type { Progress } from '../../engine/protocol.ts';
import { plainText } from '../../model/plain-text.ts';
import { isCancelled, lineOf } from '../errors.ts';

export interface TaskRun {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

const clearLine = '\r\u001b[K';
const interrupt = '\u0003';
/** Characters of a progress line: a wrapped one could not be written over. */
const widest = 76;
/** Of any other line. */
const longest = 1000;

export class JobTerminal implements vscode.Pseudoterminal {
  readonly #write = new vscode.EventEmitter<string>();
  readonly #close = new vscode.EventEmitter<number>();
  readonly #stopped = new AbortController();
  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;

  /**
   * @param title written first
   * @param work gives the lines to be written at the end
   * @param failed hears of a failure beside the terminal
   */
  constructor(
    private readonly title: string,
    private readonly work: (run: TaskRun) => Promise<readonly string[]>,
    private readonly failed: (error: unknown) => void,
  ) {}

  open(): void {
    void this.#run().then((code) => this.#close.fire(code));
  }

  close(): void {
    this.#stopped.abort();
  }

  handleInput(data: string): void {
    if (data.includes(interrupt)) this.#stopped.abort();
  }

  async #run(): Promise<number> {
    this.#line(this.title);
    try {
      const lines = await this.work({
        signal: this.#stopped.signal,
        onProgress: ({ stage, layer, fraction }) => {
          const text = [formatShare(Math.floor(fraction * 100) / 100), stage, layer];
          this.#write.fire(clearLine + plainText(text.filter((t) => t !== '').join(' · '), widest));
        },
      });
      for (const line of lines) this.#line(line);
      return 0;
    } catch (error) {
      if (this.#stopped.signal.aborted || isCancelled(error)) {
        this.#line(vscode.l10n.t('Canceled.'));
        return 130;
      }
      this.failed(error);
      this.#line(vscode.l10n.t('Error: {0}', lineOf(error)));
      return 1;
    }
  }

  #line(text: string): void {
    this.#write.fire(`${clearLine}${plainText(text, longest)}\r\n`);
  }
}
