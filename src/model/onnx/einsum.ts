/**
 * Which axes of an Einsum operand are summed over (inputs), which go on into the result alone
 * (outputs) and which it shares with the other operand (batch). Source: ONNX Einsum, numpy.einsum.
 */
import type { Geometry } from '../model.ts';
import type { Axis } from './axis.ts';
import type { GraphNode } from '../graph.ts';

/** Undefined where the operand is no plain matrix: ellipses, diagonals, mixed axes. */
export function einsumOperand(
  node: GraphNode,
  index: number,
  axes: readonly Axis[] | undefined,
): Geometry | undefined {
  const equation = node.attributes.get('equation')?.s?.replaceAll(' ', '') ?? '';
  const [before, after] = equation.split('->');
  const terms = before.split(',');
  const term = terms[index];
  if (after === undefined || !term || axes?.length !== term.length || !/^[a-zA-Z]+$/.test(term)) {
    return undefined;
  }
  const others = terms.filter((_, i) => i !== index).join('');
  const kinds = [...term].map((letter) =>
    !after.includes(letter) ? 'input' : others.includes(letter) ? 'batch' : 'output',
  );
  // In the file's order there must be batch, then inputs, then outputs, or the latter two swapped.
  const inFile = axes
    .map((axis, i) => ({ ...axis, kind: kinds[i] }))
    .sort((a, b) => a.from - b.from);
  const runs = inFile.map((a) => a.kind).filter((kind, i, all) => kind !== all[i - 1]);
  if (new Set(runs).size !== runs.length || runs.indexOf('batch') > 0) return undefined;
  const count = (kind: string): number =>
    inFile.reduce((all, axis) => (axis.kind === kind ? all * axis.size : all), 1);
  return {
    kind: 'fc',
    rows: count('output'),
    cols: count('input'),
    matrices: count('batch'),
    transposed: runs.indexOf('input') < runs.indexOf('output') && runs.includes('input'),
  };
}
