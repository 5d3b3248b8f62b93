/**
 * The layers of the last few sources, ready to run, so that a slider's step only
 * pays for what it changes. Keyed by the content of the files (path, size and time of change, or a
 * checksum of given bytes) and every option that layers and activations depend on.
 */
import { host } from '#host';
import { crc32 } from '../../model/crc32.ts';
import type { OnProgress } from '../jobs/progress.ts';
import type { Runtime } from '../input.ts';
import type { FileInput } from '../protocol-model.ts';
import { prepareLayers } from './prepare.ts';
import { bytesOfLayer, type Stored, type StoredLayer } from './prepared.ts';
import type { Simulator, SimulatorTypes } from './simulator.ts';
import { checkLayerOptions } from './source.ts';
import type { SimulateLayers } from '../protocol-simulate.ts';

const mostSources = 4;
const mostBytes = 1 << 30;

export class LayerStore {
  /** Oldest first. */
  private readonly kept = new Map<string, { readonly stored: unknown; readonly bytes: number }>();

  constructor(private readonly runtime: Runtime) {}

  /** @throws DeepCompressionError of any code a source, its files or its options can cause */
  async get<T extends SimulatorTypes>(
    simulator: Simulator<T>,
    input: SimulateLayers,
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<Stored<T>> {
    checkLayerOptions(input);
    const key = `${simulator.id} ${keyOf(input)}`; // so that what is stored is the machine's
    const known = this.kept.get(key);
    if (known) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known.stored as Stored<T>;
    }
    const threads = input.threads ?? Math.min(8, host.cores());
    const prepared = await prepareLayers(
      simulator,
      input,
      this.runtime,
      threads,
      signal,
      onProgress,
    );
    const layers = prepared.layers.map((layer, index): StoredLayer<T> => ({
      ...layer,
      index,
      ready: simulator.prepare(layer.layer),
    }));
    const bytes = layers.reduce((sum, l) => sum + bytesOfLayer(l.layer), 0);
    const stored = { ...prepared, layers };
    this.kept.set(key, { stored, bytes });
    this.trim();
    return stored;
  }

  private trim(): void {
    let bytes = 0;
    for (const entry of this.kept.values()) bytes += entry.bytes;
    for (const [key, entry] of this.kept) {
      if (this.kept.size <= 1 || (this.kept.size <= mostSources && bytes <= mostBytes)) return;
      this.kept.delete(key);
      bytes -= entry.bytes;
    }
  }
}

function keyOf({ source, input, density, seed }: SimulateLayers): string {
  return JSON.stringify([
    source.kind,
    source.kind === 'workload' ? source.name.toLowerCase() : identity(source.file),
    input ? identity(input) : '',
    density ?? '',
    seed,
  ]);
}

function identity(file: FileInput): readonly (string | number)[] {
  if (!('path' in file)) return ['bytes', file.label, file.bytes.length, crc32(file.bytes)];
  return ['path', file.path, host.files.stamp(file.path)];
}
