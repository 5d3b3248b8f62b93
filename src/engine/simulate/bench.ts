/**
 * What a thread of a simulation does: prepare the layers of a model (decode them, run the model for
 * their activations), or compute points of a sweep of the layer it was last given.
 */
import type { Layer } from '../../layers/layer.ts';
import type { SharedInput } from '../input.ts';
import type { Progress } from '../protocol.ts';
import { bundledFolder } from '../runtime/ort-web.ts';
import { prepareModel } from './prepare-model.ts';
import type { ReadyLayer, SimulatorTypes, ThreadSimulator } from './simulator.ts';
import type { Sample } from '../activations/sample.ts';

export type SimulatorWork<T extends SimulatorTypes> =
  | {
      readonly kind: 'prepare';
      readonly file: SharedInput;
      readonly label: string;
      readonly sample: Sample | undefined;
      readonly density: number | undefined;
      readonly seed: number;
    }
  /** Every thread gets the layer; the points that follow are of it. */
  | { readonly kind: 'layer'; readonly layer: Layer }
  | { readonly kind: 'points'; readonly machines: readonly T['machine'][] };

export class SimulatorBench<T extends SimulatorTypes> {
  private layer: ReadyLayer<T> | undefined;

  /** `ortFolder`: where ONNX Runtime's files are; beside the bundle when undefined. */
  constructor(
    private readonly simulator: ThreadSimulator<T>,
    private readonly ortFolder: string | undefined,
  ) {}

  /** `Prepared` for `prepare`, points for `points`. */
  async perform(
    work: SimulatorWork<T>,
    onProgress: (progress: Progress) => void,
  ): Promise<unknown> {
    switch (work.kind) {
      case 'prepare': {
        const { file, label, sample, density, seed } = work;
        const ortFolder = this.ortFolder ?? bundledFolder();
        return prepareModel(
          this.simulator,
          file,
          { label, sample, density, seed, ortFolder },
          onProgress,
        );
      }
      case 'layer':
        this.layer = this.simulator.prepare(work.layer);
        return undefined;
      case 'points': {
        const { layer } = this;
        if (!layer) throw new Error('points without a layer');
        return work.machines.map((machine) => layer.point(machine));
      }
    }
  }
}
