/**
 * A file that is open for viewing, as the extension host sees it. It keeps the worker alive while it
 * is open, and opens the file again by itself when the worker was lost. What it cannot hide is that
 * the file is another one now: then every question fails with `changed`, and the owner opens a new
 * handle.
 */
import { DeepCompressionError } from '../model/errors.ts';
import type { EngineClient, RunOptions } from './client.ts';
import type { FileInput } from './protocol-model.ts';
import type { OpenViewResult, ViewInput, ViewName, ViewOverview, Views } from './protocol-view.ts';

export interface AskOptions extends RunOptions {
  /** The second model, for `minus`, `original`, `pairs` and `difference`. */
  readonly other?: ViewHandle | undefined;
}

export class ViewHandle {
  #opened: OpenViewResult;
  #reopening: Promise<void> | undefined;
  #closed = false;

  private constructor(
    private readonly engine: EngineClient,
    readonly file: FileInput,
    opened: OpenViewResult,
    private readonly release: () => void,
  ) {
    this.#opened = opened;
  }

  /** @throws DeepCompressionError of any code a file can cause */
  static async open(
    engine: EngineClient,
    file: FileInput,
    options: RunOptions = {},
  ): Promise<ViewHandle> {
    const release = engine.hold();
    try {
      return new ViewHandle(engine, file, await engine.run('openView', { file }, options), release);
    } catch (error) {
      release();
      throw error;
    }
  }

  get overview(): ViewOverview {
    return this.#opened.overview;
  }

  /** Changes with the file's content. */
  get stamp(): string {
    return this.#opened.stamp;
  }

  /**
   * @throws DeepCompressionError `changed` when the file is another one now; `cancelled`, `crashed`,
   * and whatever the question can cause
   */
  async ask<K extends ViewName>(
    name: K,
    query: Views[K]['query'],
    { other, ...options }: AskOptions = {},
  ): Promise<Views[K]['result']> {
    for (let retry = false; ; retry = true) {
      if (this.#closed) throw new DeepCompressionError('changed', 'this view is closed');
      const input = {
        ...{ view: this.#opened.view, name, query },
        ...(other && { other: other.#opened.view }),
      } satisfies ViewInput;
      try {
        return (await this.engine.run('view', input, options)) as Views[K]['result'];
      } catch (error) {
        const lost = error instanceof DeepCompressionError && error.code === 'changed';
        if (!lost || retry || this.#closed) throw error;
        await this.#reopen(error);
        if (other) await other.#reopen(error);
      }
    }
  }

  /** Gives it up; what it asked and nobody else did should be aborted first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { view } = this.#opened;
    try {
      await this.engine.run('closeView', { view });
    } catch {
      // the worker is gone, and with it the view
    } finally {
      this.release();
    }
  }

  /** After the worker was lost: the same file again, or `why` when it is not the same any more. */
  #reopen(why: Error): Promise<void> {
    this.#reopening ??= this.#openAgain(why).finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #openAgain(why: Error): Promise<void> {
    const { view: before, stamp } = this.#opened;
    const opened = await this.engine.run('openView', { file: this.file });
    const same = opened.stamp === stamp;
    if (same) this.#opened = opened;
    // numbers are never used twice, so the old one is either still ours or nobody's
    await this.engine.run('closeView', { view: same ? before : opened.view });
    if (!same) throw why;
  }
}
