/**
 * A tensor as a matrix of weights to look at. Rows are outputs, as in `Geometry`; several matrices
 * (groups, gates) lie below each other; a convolution may also be shown kernel by kernel, filters
 * downwards and input channels across. What is no matrix is shown as its first axis against the
 * rest, and what has one axis as a row.
 *
 * All of them are one formula: with R = a o + i (0 <= i < a) and C = b p + j (0 <= j < b), weight
 * (R, C) lies at o rowOuter + i rowInner + p colOuter + j colInner.
 */
import type { Tensor } from '../model/model.ts';
import type { LayoutKind, LayoutSummary } from './types.ts';

export interface Layout {
  readonly kind: LayoutKind;
  readonly rows: number;
  readonly cols: number;
  /** a: rows of one outer step, and the strides of outer and inner steps. */
  readonly rowSpan: number;
  readonly rowOuter: number;
  readonly rowInner: number;
  readonly colSpan: number;
  readonly colOuter: number;
  readonly colInner: number;
  /** Weights that lie one after another in the file and in a line of the matrix. */
  readonly run: number;
  /** That line is a column. */
  readonly vertical: boolean;
  readonly cellRows: number;
  readonly cellCols: number;
}

/** Layouts of a tensor, the usual one first; every one shows each weight exactly once. */
export function layoutsOf(tensor: Tensor): Layout[] {
  const { geometry, shape, parameters, sparse } = tensor;
  if (parameters === 0) return [];
  if (sparse || shape.length === 0) return [row(parameters)];
  const layouts: Layout[] = [];
  if (geometry !== undefined && geometry.rows * geometry.cols * geometry.matrices === parameters) {
    const { rows, cols, matrices, transposed } = geometry;
    layouts.push(
      transposed
        ? transposedMatrix(rows, cols, matrices)
        : plainMatrix('matrix', rows * matrices, cols, matrices > 1 ? rows : 0),
    );
    const kernels = kernelLayout(tensor);
    if (kernels !== undefined) layouts.push(kernels);
  }
  if (layouts.length === 0) {
    const [first] = shape;
    layouts.push(
      shape.length === 1 || first === 0 || parameters % first !== 0
        ? row(parameters)
        : plainMatrix('matrix', first, parameters / first, 0),
    );
  }
  return layouts;
}

/** Flat index of weight (row, col). */
export function flatIndex(l: Layout, row: number, col: number): number {
  const o = Math.floor(row / l.rowSpan);
  const p = Math.floor(col / l.colSpan);
  return (
    o * l.rowOuter +
    (row - o * l.rowSpan) * l.rowInner +
    p * l.colOuter +
    (col - p * l.colSpan) * l.colInner
  );
}

/** Row and column of a flat index. */
export function placeOf(l: Layout, flat: number): { readonly row: number; readonly col: number } {
  if (l.kind === 'kernels') {
    const o = Math.floor(flat / l.rowOuter);
    const inFilter = flat - o * l.rowOuter;
    const p = Math.floor(inFilter / l.colOuter);
    const inKernel = inFilter - p * l.colOuter;
    const i = Math.floor(inKernel / l.colSpan);
    return { row: o * l.rowSpan + i, col: p * l.colSpan + (inKernel - i * l.colSpan) };
  }
  if (!l.vertical) {
    const r = Math.floor(flat / l.cols);
    return { row: r, col: flat - r * l.cols };
  }
  const line = Math.floor(flat / l.rowSpan);
  const matrix = Math.floor(line / l.cols);
  return {
    row: matrix * l.rowSpan + (flat - line * l.rowSpan),
    col: line - matrix * l.cols,
  };
}

/**
 * Walks the weights [start, end) as they lie in the file, in runs that are a piece of a row (or of a
 * column when the layout is vertical): `visit(row, col, offset, length)`, offset from `start`.
 */
export function forEachRun(
  l: Layout,
  start: number,
  end: number,
  visit: (row: number, col: number, offset: number, length: number) => void,
): void {
  for (let at = start; at < end;) {
    const length = Math.min(end - at, l.run - (at % l.run));
    const { row, col } = placeOf(l, at);
    visit(row, col, at - start, length);
    at += length;
  }
}

/**
 * Stretches of the file that cover the rectangle [top, bottom) x [left, right), in order. They may
 * hold more than it: where there is little between two pieces, both are read at once.
 */
export function* spansOf(
  l: Layout,
  top: number,
  bottom: number,
  left: number,
  right: number,
  longest = 1 << 18,
): Generator<{ readonly start: number; readonly length: number }> {
  let start = -1;
  let end = -1;
  for (const piece of pieces(l, top, bottom, left, right)) {
    const joins = start >= 0 && piece.start >= end && piece.start - end <= 256;
    if (joins && piece.end - start <= longest) {
      end = piece.end;
      continue;
    }
    if (start >= 0) yield* cut(start, end, longest);
    start = piece.start;
    end = piece.end;
  }
  if (start >= 0) yield* cut(start, end, longest);
}

function* cut(start: number, end: number, longest: number) {
  for (let at = start; at < end; at += longest)
    yield { start: at, length: Math.min(longest, end - at) };
}

function* pieces(l: Layout, top: number, bottom: number, left: number, right: number) {
  if (l.kind === 'kernels') {
    const firstKernel = Math.floor(left / l.colSpan);
    const lastKernel = Math.ceil(right / l.colSpan);
    for (let o = Math.floor(top / l.rowSpan); o < Math.ceil(bottom / l.rowSpan); o++)
      yield {
        start: o * l.rowOuter + firstKernel * l.colOuter,
        end: o * l.rowOuter + lastKernel * l.colOuter,
      };
  } else if (!l.vertical) {
    for (let r = top; r < bottom; r++) yield { start: r * l.cols + left, end: r * l.cols + right };
  } else {
    const size = l.rowSpan * l.cols;
    for (let m = Math.floor(top / l.rowSpan); m * l.rowSpan < bottom; m++) {
      const from = Math.max(top - m * l.rowSpan, 0);
      const to = Math.min(bottom - m * l.rowSpan, l.rowSpan);
      for (let c = left; c < right; c++) {
        const line = m * size + c * l.rowSpan;
        yield { start: line + from, end: line + to };
      }
    }
  }
}

/** The level at which one block is everything. */
export function topLevel({ rows, cols }: { readonly rows: number; readonly cols: number }): number {
  let level = 0;
  while (2 ** level < Math.max(rows, cols)) level++;
  return level;
}

export function layoutSummary(l: Layout): LayoutSummary {
  const { kind, rows, cols, cellRows, cellCols } = l;
  return { kind, rows, cols, cellRows, cellCols, topLevel: topLevel(l) };
}

function row(length: number): Layout {
  return plainMatrix('row', 1, length, 0);
}

function plainMatrix(kind: LayoutKind, rows: number, cols: number, cellRows: number): Layout {
  if (cols === 1 && rows > 1) return { ...transposedMatrix(rows, 1, 1), cellRows };
  return {
    ...{ kind, rows, cols, cellRows, cellCols: 0, run: cols, vertical: false },
    ...{ rowSpan: 1, rowOuter: cols, rowInner: 0, colSpan: 1, colOuter: 1, colInner: 0 },
  };
}

function transposedMatrix(rows: number, cols: number, matrices: number): Layout {
  // one output: the file has the inputs in a row
  if (rows === 1) return plainMatrix('matrix', matrices, cols, matrices > 1 ? 1 : 0);
  return {
    ...{ kind: 'matrix', rows: rows * matrices, cols, run: rows, vertical: true },
    ...{ cellRows: matrices > 1 ? rows : 0, cellCols: 0 },
    ...{ rowSpan: rows, rowOuter: rows * cols, rowInner: 1 },
    ...{ colSpan: 1, colOuter: rows, colInner: 0 },
  };
}

/** Conv, stored outputs x inputs x kernel. A kernel of more than two axes is flattened above the last. */
function kernelLayout({ shape, geometry, parameters }: Tensor): Layout | undefined {
  if (geometry?.kind !== 'conv' || geometry.kernel === undefined || geometry.transposed)
    return undefined;
  if (shape.length < 3 || shape.length !== geometry.kernel.length + 2) return undefined;
  if (!geometry.kernel.every((k, i) => k === shape[i + 2])) return undefined;
  const [filters, channels] = shape;
  const wide = shape[shape.length - 1];
  const size = parameters / (filters * channels);
  const high = size / wide;
  if (size < 2 || filters * channels * size !== parameters) return undefined;
  return {
    ...{ kind: 'kernels', rows: filters * high, cols: channels * wide, run: wide, vertical: false },
    ...{ rowSpan: high, rowOuter: channels * size, rowInner: wide },
    ...{ colSpan: wide, colOuter: size, colInner: 1, cellRows: high, cellCols: wide },
  };
}
