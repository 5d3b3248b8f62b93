/**
 * A model file that is open for viewing and opened anew when it changes on disk. Sharing with other
 * editors of the file is the worker's business.
 */
import type * as vscode from 'vscode';
import { ViewHandle } from '../../engine/view-handle.ts';
import { isCancelled, lineOf } from '../errors.ts';
import { inputOf } from '../files.ts';
import { watchFile, type FileWatch } from '../pages.ts';
import type { Services } from '../services.ts';

export class WatchedView implements vscode.Disposable {
  private opened: ViewHandle | undefined;
  private loading: AbortController | undefined;
  private closed = false;
  private readonly watch: FileWatch;

  constructor(
    private readonly services: Services,
    readonly uri: vscode.Uri,
    private readonly on: {
      readonly loading: () => void;
      /** There is (other) content; what was asked of the content before is answered by nobody. */
      readonly opened: (handle: ViewHandle) => void;
      readonly failed: (line: string) => void;
    },
  ) {
    this.watch = watchFile(uri, () => this.load());
  }

  /** Undefined before it is open, and where opening failed. */
  get handle(): ViewHandle | undefined {
    return this.opened;
  }

  /** Opens the file (again). */
  async load(): Promise<void> {
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    this.on.loading();
    const { signal } = mine;
    try {
      const input = await inputOf(this.uri);
      const handle = await ViewHandle.open(this.services.engine, input, { signal });
      if (this.closed || this.loading !== mine) return void handle.close();
      const before = this.opened;
      if (before?.stamp === handle.stamp) return void handle.close(); // touched, not changed
      this.opened = handle;
      this.on.opened(handle);
      void before?.close();
    } catch (error) {
      if (this.closed || this.loading !== mine || isCancelled(error)) return;
      // what was shown is not the file's content any more
      void this.opened?.close();
      this.opened = undefined;
      this.services.log.error(`inspector of ${this.uri.toString(true)}: ${String(error)}`);
      this.on.failed(lineOf(error, this.uri));
    }
  }

  /** The file is another one: it is read once it rests. */
  changed(): void {
    this.watch.changed();
  }

  dispose(): void {
    this.closed = true;
    this.loading?.abort();
    void this.opened?.close();
    this.opened = undefined;
    this.watch.dispose();
  }
}
