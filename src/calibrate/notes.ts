/** What a user should know of a calibration, one line each: what it did not see, or too little of. */
import type { Moments } from '../compress/moments.ts';
import type { Model } from '../model/model.ts';
import type { Calibrated } from './calibrate.ts';

/** @param runs of the model, a sample or a step each */
export function calibrationNotes(
  { tensors }: Model,
  { calibration, seen, without }: Calibrated,
  runs: number,
): string[] {
  const notes: string[] = [];
  const reasons = new Map<string, number[]>();
  for (const [id, why] of without) reasons.set(why, [...(reasons.get(why) ?? []), id]);
  const names = (ids: readonly number[]): string => {
    const shown = ids.slice(0, 6).map((id) => tensors[id]!.name);
    return ids.length > 6 ? `${shown.join(', ')} and ${ids.length - 6} more` : shown.join(', ');
  };
  for (const [why, ids] of reasons) notes.push(`no moments for ${names(ids)}: ${why}`);

  const few = [...calibration].flatMap(([id, moments]) => {
    const { available } = seen.get(id)!;
    const rank = live(moments);
    return available < rank && moments.block > 1 ? [{ id, available, rank }] : [];
  });
  if (few.length > 0) {
    const worst = few.reduce((a, b) => (a.available * b.rank < b.available * a.rank ? a : b));
    const enough = Math.ceil((runs * worst.rank) / worst.available);
    notes.push(
      `too few samples for ${names(few.map((f) => f.id))}: ${worst.available} vectors for the ${worst.rank} inputs of ${tensors[worst.id]!.name}; ${enough} samples would be enough`,
    );
  }
  const dropped = [...seen].filter(([, s]) => s.dropped > 0).map(([id]) => id);
  if (dropped.length > 0)
    notes.push(`inputs that are not finite numbers were left out: ${names(dropped)}`);
  const constant = [...calibration].filter(([, m]) => isConstant(m)).map(([id]) => id);
  if (constant.length > 0) notes.push(`inputs that never change: ${names(constant)}`);
  for (const [id, { block, columns }] of calibration)
    if (block < columns && block > 1)
      notes.push(`${tensors[id]!.name}: moments of ${columns} inputs in blocks of ${block}`);
  return notes;
}

/** Inputs of the first set that are ever other than 0: the highest rank that H can have. */
function live({ second, block, columns }: Moments): number {
  let count = 0;
  for (let i = 0; i < columns; i++) if (second[diagonal(i, block)]! > 0) count++;
  return count;
}

/** Whether no input of the first set varies, beyond what rounding lets see. */
function isConstant({ second, mean, block, columns, count }: Moments): boolean {
  if (count[0]! < 2) return false;
  for (let i = 0; i < columns; i++) {
    const square = second[diagonal(i, block)]!;
    if (square - mean[i]! * mean[i]! > 1e-12 * square) return false;
  }
  return true;
}

const diagonal = (i: number, block: number): number =>
  (Math.floor(i / block) * block + (i % block)) * block + (i % block);
