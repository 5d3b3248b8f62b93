/** Makes an export of a model: raises and folds it where that is needed or asked for, and changes its graph. */
import type { Runs } from '../../calibrate/calibrate.ts';
import type { DataFile } from '../../export/data-file.ts';
import type { ExportFormat } from '../../export/formats.ts';
import type { ExportedLayer, ValueRange } from '../../export/weights.ts';
import { memorySource, readBytes } from '../../model/bytes.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import type { ExportInput } from '../protocol-export.ts';
import type { Executor } from '../runtime/executor.ts';
import { openWhole } from '../structure/analyse.ts';
import { folded } from './fold.ts';
import { workingFeeds } from './measure.ts';
import { raised } from './raise.ts';
import { rangesOf } from './ranges.ts';

export interface ExportWork {
  readonly path: string;
  /** The model in one piece. */
  readonly original: Uint8Array<ArrayBuffer>;
  readonly form: ExportFormat;
  readonly data: DataFile;
  readonly executor: Executor;
  readonly turn: () => Promise<void>;
}

export interface Exported {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly layers: readonly ExportedLayer[];
  readonly notes: readonly string[];
}

/** @param calibrating samples that ranges are taken from, for the forms that need ranges */
export async function exportWith(
  { fold, seed, percentile = 100 }: ExportInput,
  { path, original, form, data, executor, turn }: ExportWork,
  calibrating: Runs | undefined,
): Promise<Exported> {
  const later = raised(original, form.leastOpset ?? 0);
  let { bytes, notes } = later;
  if (fold) {
    const { feeds } = await workingFeeds(executor, openWhole(path, bytes), bytes, seed);
    const made = await folded(path, bytes, executor, feeds);
    ({ bytes } = made);
    notes = [...notes, ...made.notes];
  }
  await turn();
  const model = openWhole(path, bytes);
  let ranges: ReadonlyMap<string, ValueRange> = new Map();
  if (form.ranges && calibrating) {
    const names = form.ranges(model);
    const runs = calibrating;
    ranges = await rangesOf({ bytes, names, runtime: executor, runs, percentile, turn });
    const held = percentile === 100 ? 'least and greatest' : `the middle ${percentile} %`;
    notes = [...notes, `ranges of ${ranges.size} activations: ${held} on ${runs.count} samples`];
  }
  const editor = new ModelEdit(memorySource(path, bytes));
  const layers = form.apply({ model, editor, ranges, data });
  const edited = editor.source();
  return { bytes: readBytes(edited, 0, edited.size) as Uint8Array<ArrayBuffer>, layers, notes };
}
