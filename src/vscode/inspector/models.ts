/**
 * What the Model Inspector knows: the model files of the workspace and what inspecting each gave.
 * Structure is read when a model is opened in the tree; statistics (which read every weight) follow
 * in the background, one model at a time, stop when the model is closed, and are kept as long as
 * the file keeps its time and size.
 */
import * as vscode from 'vscode';
import type { InspectResult } from '../../engine/protocol-model.ts';
import { isCancelled } from '../errors.ts';
import { allKinds, searchedEndings, type FileKind } from '../endings.ts';
import { findFiles, inputOf, kindOf } from '../files.ts';
import { settingsFor } from '../settings.ts';
import { viewId, type Services } from '../services.ts';

export interface ModelFile {
  readonly uri: vscode.Uri;
  readonly kind: FileKind;
  readonly bytes: number;
  readonly modified: number;
}

interface Known {
  readonly file: ModelFile;
  structure?: Promise<InspectResult>;
  /** With statistics once they are there. */
  result?: InspectResult;
  complete: boolean;
  running?: AbortController;
}

export class Models {
  private readonly known = new Map<string, Known>();
  /** Files shown on request that lie outside the workspace. */
  private readonly extra = new Map<string, vscode.Uri>();
  private queue: Promise<void> = Promise.resolve();
  private readonly changed = new vscode.EventEmitter<string | undefined>();
  /** A model's key when it changed; undefined when the list did. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly services: Services) {}

  async list(): Promise<readonly ModelFile[]> {
    const found = await findFiles(searchedEndings(allKinds));
    const all = new Map(found.map((uri) => [uri.toString(), uri]));
    for (const [key, uri] of this.extra) all.set(key, uri);
    const files = await Promise.all([...all.values()].map(stat));
    const there = files.filter((file) => file !== undefined);
    const keys = new Set(there.map(keyOf));
    for (const [key, { running }] of this.known) {
      if (keys.has(key)) continue;
      running?.abort();
      this.known.delete(key);
    }
    for (const file of there) this.remember(file);
    return there;
  }

  /** Adds a file from outside the workspace. */
  add(uri: vscode.Uri): void {
    this.extra.set(uri.toString(), uri);
  }

  refresh(): void {
    this.changed.fire(undefined);
  }

  /** What is known so far, without reading anything. */
  peek(file: ModelFile): InspectResult | undefined {
    return this.known.get(keyOf(file))?.result;
  }

  /** True once zeros, extremes and means are counted. */
  isComplete(file: ModelFile): boolean {
    return this.known.get(keyOf(file))?.complete ?? false;
  }

  /** The layers, without statistics the first time. */
  async structure(file: ModelFile): Promise<InspectResult> {
    const known = this.remember(file);
    if (known.result) return known.result;
    known.structure ??= this.inspect(file, false, undefined);
    try {
      const result = await known.structure;
      known.result ??= result;
      return known.result;
    } catch (error) {
      delete known.structure; // the next look tries again
      throw error;
    }
  }

  /** Counts in the background; the tree hears of it through `onDidChange`. */
  startStatistics(file: ModelFile): void {
    const known = this.remember(file);
    if (known.complete || known.running) return;
    const controller = new AbortController();
    known.running = controller;
    this.queue = this.queue.then(async () => {
      if (controller.signal.aborted) return;
      try {
        const read = (): Promise<InspectResult> => this.inspect(file, true, controller.signal);
        known.result = await vscode.window.withProgress({ location: { viewId } }, read);
        known.complete = true;
        this.changed.fire(keyOf(file));
      } catch (error) {
        if (isCancelled(error)) return;
        known.complete = true; // not again until the file changes
        this.services.log.warn(`statistics of ${file.uri.toString(true)}: ${String(error)}`);
      } finally {
        if (known.running === controller) delete known.running;
      }
    });
  }

  stopStatistics(file: ModelFile): void {
    const known = this.known.get(keyOf(file));
    known?.running?.abort();
    delete known?.running;
  }

  dispose(): void {
    for (const { running } of this.known.values()) running?.abort();
    this.changed.dispose();
  }

  private remember(file: ModelFile): Known {
    const key = keyOf(file);
    const known = this.known.get(key);
    if (known && known.file.bytes === file.bytes && known.file.modified === file.modified)
      return known;
    known?.running?.abort();
    const fresh: Known = { file, complete: false };
    this.known.set(key, fresh);
    return fresh;
  }

  private async inspect(
    file: ModelFile,
    statistics: boolean,
    signal: AbortSignal | undefined,
  ): Promise<InspectResult> {
    const { threads } = settingsFor(file.uri);
    return this.services.engine.run(
      'inspect',
      { file: await inputOf(file.uri), statistics, threads },
      { signal },
    );
  }
}

export function keyOf(file: ModelFile): string {
  return file.uri.toString();
}

export async function stat(uri: vscode.Uri): Promise<ModelFile | undefined> {
  const kind = kindOf(uri);
  if (!kind) return undefined;
  try {
    const { size, mtime } = await vscode.workspace.fs.stat(uri);
    return { uri, kind, bytes: size, modified: mtime };
  } catch {
    return undefined; // gone since it was found
  }
}
