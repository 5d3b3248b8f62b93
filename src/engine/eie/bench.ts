/**
 * What a thread of the simulator does: prepare the layers of a model (decode them, run the model for
 * their activations), or compute points of a sweep of the layer it was last given.
 */
import type { Layer } from '../../eie/layer.ts';
import type { Machine } from '../../eie/machine.ts';
import { LayerSweep, type SweepPoint } from '../../eie/sweep.ts';
import type { SharedInput } from '../input.ts';
import type { Progress } from '../protocol.ts';
import { bundledFolder } from '../runtime/ort-web.ts';
import { prepareModel } from './prepare-model.ts';
import type { Sample } from '../activations/sample.ts';

export type EieWork =
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
  | { readonly kind: 'points'; readonly machines: readonly Machine[] };

export class EieBench {
  private sweep: LayerSweep | undefined;

  /** `ortFolder`: where ONNX Runtime's files are; beside the bundle when undefined. */
  constructor(private readonly ortFolder: string | undefined) {}

  /** `Prepared` for `prepare`, `SweepPoint[]` for `points`. */
  async perform(work: EieWork, onProgress: (progress: Progress) => void): Promise<unknown> {
    switch (work.kind) {
      case 'prepare': {
        const { file, label, sample, density, seed } = work;
        const ortFolder = this.ortFolder ?? bundledFolder();
        return prepareModel(file, { label, sample, density, seed, ortFolder }, onProgress);
      }
      case 'layer':
        this.sweep = new LayerSweep(work.layer);
        return undefined;
      case 'points': {
        const { sweep } = this;
        if (!sweep) throw new Error('points without a layer');
        return work.machines.map((machine): SweepPoint => sweep.point(machine));
      }
    }
  }
}
