/**
 * Removes channels from an analysed model, and repairs with samples what is left: the layers that read them
 * are refitted (structure/refit.ts), their biases take the mean back, and statistics follow.
 */
import { calibrate, type Runs } from '../../calibrate/calibrate.ts';
import { storedAs, columnsOf, matricesOf } from '../../structure/readers.ts';
import type { Calibration } from '../../compress/moments.ts';
import { memorySource, readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import { chooseGone, type Wanted } from '../../structure/choose.ts';
import type { ChannelGroup } from '../../structure/groups.ts';
import { orderOf, type Order, type ScoreName } from '../../structure/order.ts';
import { refit } from '../../structure/refit.ts';
import { keptAfter, removeChannels } from '../../structure/remove.ts';
import { workOf } from '../../structure/work.ts';
import type { Runtime } from '../../train/runtime.ts';
import { biasTargets, correctedBiases } from '../goal/bias.ts';
import { openWhole, type Analysis } from './analyse.ts';
import { reestimate } from './reestimate.ts';

export interface SlimSetup {
  readonly analysis: Analysis;
  readonly wanted: Wanted;
  readonly score: ScoreName;
  /** Samples to calibrate on; undefined: weights decide alone, and nothing is refitted. */
  readonly runs: Runs | undefined;
  readonly runtime: Runtime;
  readonly seed: number;
  readonly progress: (stage: string, layer: string, fraction: number) => void;
  readonly turn: () => Promise<void>;
}

export interface Slimmed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly groups: readonly { readonly name: string; readonly kept: number; readonly of: number }[];
  readonly notes: readonly string[];
}

/** @throws DeepCompressionError `unsupported` when no channel can be removed, or none goes */
export async function slim(setup: SlimSetup): Promise<Slimmed> {
  const { analysis, wanted, runs, turn, progress } = setup;
  const { model, bytes, found, followed, observed } = analysis;
  const notes: string[] = [];
  if (found.groups.length === 0)
    throw new DeepCompressionError(
      'unsupported',
      `${model.path}: no channel can be removed; deepc groups says why`,
    );
  const calibration = runs && (await calibrated(setup, runs));
  const orders = new Map<ChannelGroup, Order>();
  for (const [i, group] of found.groups.entries()) {
    progress('weigh channels', group.name, 0.35 + (0.25 * i) / found.groups.length);
    await turn();
    if (group.changes !== undefined && !runs) {
      notes.push(
        `${group.name} is left whole: ${group.changes} normalises over it, which needs samples to repair`,
      );
      continue;
    }
    const order = orderOf(model, found, group, setup.score, calibration);
    if (order) orders.set(group, order);
    else notes.push(`${group.name} is left whole: no BatchNormalization scales it`);
  }
  const gone = chooseGone(model, found, workOf(model, observed), orders, wanted);
  if (gone.size === 0)
    throw new DeepCompressionError(
      'invalid-input',
      `${model.path}: nothing goes: keep a smaller share${wanted.multiple > 1 ? ', or a smaller multiple' : ''}`,
    );
  const values = calibration
    ? await refitted(setup, calibration, gone)
    : new Map<number, Float64Array>();
  const kept = keptAfter(followed, gone);
  const editor = new ModelEdit(memorySource(model.path, bytes));
  removeChannels(model, editor, followed, gone, values);
  const edited = editor.source();
  let made = readBytes(edited, 0, edited.size) as Uint8Array<ArrayBuffer>;
  const reopened = openWhole(model.path, made);
  if (runs && runs.states.length === 0)
    made = await reestimate(
      { model, bytes },
      { model: reopened, bytes: made },
      (name, length) => {
        const slots = followed.values.get(name)?.axes[0];
        return slots ? kept.positions(slots) : Int32Array.from({ length }, (_, i) => i);
      },
      setup.runtime,
      runs,
      async (done, of) => {
        progress('statistics', '', 0.75 + (0.1 * done) / of);
        await turn();
      },
    );
  return {
    bytes: made,
    groups: found.groups.map(({ name, channels }) => ({
      ...{ name, of: channels.length },
      kept: channels.reduce((sum, c) => sum + (gone.has(c) ? 0 : 1), 0),
    })),
    notes,
  };
}

async function calibrated(setup: SlimSetup, runs: Runs): Promise<Calibration> {
  const { analysis, runtime, seed, turn, progress } = setup;
  const { calibration } = await calibrate({
    ...{ model: analysis.model, bytes: analysis.bytes, runtime, runs, seed, turn },
    onProgress: (done, of) => progress('calibrate', '', 0.1 + (0.25 * done) / of),
  });
  return calibration;
}

/** New weights of the layers that lose inputs, and biases that take the mean back, by tensor id. */
async function refitted(
  { analysis, turn, progress }: SlimSetup,
  calibration: Calibration,
  gone: ReadonlySet<number>,
): Promise<Map<number, Float64Array>> {
  const { model, found } = analysis;
  const columns = new Map<number, Uint8Array>();
  for (const channel of gone)
    for (const place of found.places.get(channel)!) {
      const tensor = model.tensors[place.tensor];
      const own = place.side === 'input' && calibration.has(tensor.id) && columnsOf(tensor, place);
      if (!own) continue;
      const mask = columns.get(tensor.id) ?? new Uint8Array(tensor.geometry!.cols);
      for (const c of own) mask[c] = 1;
      columns.set(tensor.id, mask);
    }
  const readers = [...columns.keys()].map((id) => model.tensors[id]);
  const targets = biasTargets(model, readers);
  const shifts = new Map<number, Float64Array>();
  const values = new Map<number, Float64Array>();
  for (const [i, tensor] of readers.entries()) {
    progress('refit', tensor.name, 0.6 + (0.15 * i) / readers.length);
    await turn();
    const { weights, shift } = refit(
      matricesOf(model, tensor),
      tensor.geometry!.rows,
      calibration.get(tensor.id)!,
      columns.get(tensor.id)!,
      targets.has(tensor.id),
    );
    values.set(tensor.id, storedAs(tensor.geometry!, weights));
    shifts.set(tensor.id, shift);
  }
  for (const [id, bias] of correctedBiases(model, targets, (id) => shifts.get(id)))
    values.set(id, bias);
  return values;
}
