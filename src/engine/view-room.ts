/**
 * The models that are open for viewing, in the worker. Handles on one unchanged file share one
 * `ViewModel`, which is closed with the last of them; one that changed on disk answers nothing more
 * (`changed`), and opening the file again gives the new content.
 */
import { host } from '#host';
import { peLoadOf } from '../eie/pe-load.ts';
import { crc32 } from '../model/crc32.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { ByteCache } from '../view/cache.ts';
import { fairTurns, type Turns } from '../view/pace.ts';
import { ViewModel } from '../view/view-model.ts';
import { decodeAhead, type DecodeAhead } from './decode-ahead.ts';
import { openInput, sharedInput, type Opened } from './input.ts';
import type { FileInput } from './protocol-model.ts';

/** Bytes of pyramids, tiles and decoded codes that are kept, over all open models. */
export const viewBudget = 384 * 1024 * 1024;

interface Shared {
  readonly model: ViewModel;
  readonly opened: Opened;
  readonly threads: DecodeAhead | undefined;
  readonly stamp: string;
  /** What the files look like now; equal to `stamp` while they are unchanged. */
  readonly stampNow: () => string;
  handles: number;
}

export class ViewRoom {
  readonly #cache: ByteCache;
  readonly #turns: Turns;
  readonly #handles = new Map<number, Shared>();
  readonly #byStamp = new Map<string, Shared>();
  /** Of no other worker either: a handle that outlived its worker must not name another's model. */
  #next = Date.now() * 1024;

  /** @param workerFile gives threads that decode blocks ahead of large layers' pictures */
  constructor(
    private readonly workerFile?: string,
    budget = viewBudget,
  ) {
    this.#cache = new ByteCache(budget);
    this.#turns = fairTurns((run) => void host.turn().then(run));
  }

  /** @throws DeepCompressionError of any code a file can cause */
  open(file: FileInput): {
    readonly view: number;
    readonly stamp: string;
    readonly model: ViewModel;
    /** Paths of every file it is read from. */
    readonly files: readonly string[];
  } {
    let shared = this.#find(file);
    if (shared === undefined) {
      shared = this.#load(file);
      this.#byStamp.set(shared.stamp, shared);
    }
    shared.handles++;
    const view = this.#next++;
    this.#handles.set(view, shared);
    return { view, stamp: shared.stamp, model: shared.model, files: shared.opened.files };
  }

  /** @throws DeepCompressionError `changed` for a handle that is not open, or whose file changed */
  model(view: number): ViewModel {
    const shared = this.#handles.get(view);
    if (shared === undefined)
      throw new DeepCompressionError('changed', 'this view is not open any more: open it again');
    if (shared.stampNow() !== shared.stamp)
      throw new DeepCompressionError(
        'changed',
        `${shared.opened.path} changed on disk: open it again`,
      );
    return shared.model;
  }

  /** Gives a handle up; one that is not open is no error. */
  close(view: number): void {
    const shared = this.#handles.get(view);
    if (shared === undefined) return;
    this.#handles.delete(view);
    if (--shared.handles > 0) return;
    if (this.#byStamp.get(shared.stamp) === shared) this.#byStamp.delete(shared.stamp);
    shared.model.close();
    shared.threads?.close();
    shared.opened.close();
  }

  /** Open models, and bytes kept for them. */
  get size(): { readonly models: number; readonly handles: number; readonly bytes: number } {
    const models = new Set(this.#handles.values()).size;
    return { models, handles: this.#handles.size, bytes: this.#cache.bytes };
  }

  #find(file: FileInput): Shared | undefined {
    if (!('path' in file)) return this.#byStamp.get(contentStamp(file));
    const real = host.files.real(file.path);
    for (const shared of this.#byStamp.values())
      if (shared.stamp.startsWith(`${real}\n`) && shared.stampNow() === shared.stamp) return shared;
    return undefined;
  }

  #load(file: FileInput): Shared {
    const input = sharedInput(file);
    const opened = openInput(input);
    const threads = opened.dcz && decodeAhead(input, this.workerFile);
    try {
      const { path, source, dcz, model } = opened;
      let stampNow: () => string;
      if ('path' in file) {
        const real = host.files.real(file.path);
        const files = dcz ? [real] : [real, ...model.files.slice(1).map((f) => f.source.name)];
        stampNow = () => [real, ...files.map((path) => host.files.stamp(path))].join('\n');
      } else {
        const stamp = contentStamp(file);
        stampNow = () => stamp;
      }
      const viewModel = new ViewModel(
        String(this.#next),
        {
          ...{ path, format: dcz ? 'dcz' : model.format, bytes: source.size, model },
          otherBytes: dcz?.otherBytes ?? 0,
          coded: dcz?.tensors ?? [],
        },
        { cache: this.#cache, turns: this.#turns, peLoad: peLoadOf, ...(threads && { threads }) },
      );
      return { model: viewModel, opened, threads, stamp: stampNow(), stampNow, handles: 0 };
    } catch (error) {
      opened.close();
      throw error;
    }
  }
}

function contentStamp({ label, bytes }: { readonly label: string; readonly bytes: Uint8Array }) {
  return `${label}\n${bytes.length} ${crc32(bytes)}`;
}
