/**
 * The load of every PE as one bar (Figs. 8 and 13 of the paper, PE by PE): all bars are as high as
 * the layer has cycles, and show what each PE did in them; a strip below shows how long its full
 * queue held all others up. Up to 1024 PEs: where there is no room for a bar each, neighbours in the
 * chosen order share one, which shows their mean, and a tick the busiest of them.
 */
import { leftAxis, linearScale, picture, shortNumber, textWidth } from './axis.ts';
import { causes, type Cause } from './cycle-patterns.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface PeLoad {
  /** Cycles of the layer: busy + starved of every PE. */
  readonly cycles: number;
  /** Cycles by cause, one value a PE each. */
  readonly parts: Readonly<Record<Cause, Int32Array>>;
  /** Cycles in which the PE's own full queue held the broadcast up. */
  readonly stalled: Int32Array;
}

export interface PeBarsText {
  readonly summary: string;
  /** Of the dashed line: entries with perfect balance. */
  readonly ideal: string;
  readonly stalled: string;
  readonly axis: string;
  /** Tooltip of a bar. `pes`: one number, or a range of several. */
  readonly title: (
    pes: readonly number[],
    cycles: Readonly<Record<Cause, number>>,
    stalled: number,
  ) => string;
}

/** Order of the bars: by number, or by entries, the fullest first. */
export function peOrder(load: PeLoad, by: 'pe' | 'load'): Int32Array {
  const { work, filler } = load.parts;
  const order = Int32Array.from(work, (_, p) => p);
  if (by === 'load') order.sort((a, b) => work[b]! + filler[b]! - work[a]! - filler[a]! || a - b);
  return order;
}

/** PEs a bar stands for when at most `most` bars have room: a power of two. */
export function peGroup(pes: number, most: number): number {
  let group = 1;
  while (Math.ceil(pes / group) > Math.max(1, most)) group *= 2;
  return group;
}

export function peBars(
  load: PeLoad,
  order: Int32Array,
  size: { readonly width: number; readonly height: number },
  text: PeBarsText,
): SvgNode {
  const left = 54;
  const strip = 30;
  const top = 10;
  const bottom = size.height - strip - 58;
  const { width } = size;
  const scale = linearScale(load.cycles, bottom, top);
  const group = peGroup(order.length, Math.floor((width - left) / 3));
  const bars = Math.ceil(order.length / group);
  const pitch = (width - left) / bars;
  const gap = pitch > 6 ? Math.min(3, pitch * 0.2) : pitch > 3 ? 1 : 0;
  const stripTop = bottom + 22 + 14;
  let mostStalled = 0;
  for (const s of load.stalled) mostStalled = Math.max(mostStalled, s);
  const marks: SvgNode[] = [];
  const held: string[] = [];
  const most: string[] = [];
  for (let b = 0; b < bars; b++) {
    const pes = order.subarray(b * group, Math.min(order.length, (b + 1) * group));
    const x = round(left + b * pitch);
    const w = round(Math.max(0.5, pitch - gap));
    const mean = {} as Record<Cause, number>;
    for (const cause of causes) {
      let sum = 0;
      for (const p of pes) sum += load.parts[cause][p]!;
      mean[cause] = sum / pes.length;
    }
    let stalled = 0;
    let entries = 0;
    for (const p of pes) {
      stalled = Math.max(stalled, load.stalled[p]!);
      entries = Math.max(entries, load.parts.work[p]! + load.parts.filler[p]!);
    }
    let y = bottom;
    const stack: SvgNode[] = [];
    for (const cause of causes) {
      if (mean[cause] <= 0) continue;
      const height = bottom - scale.at(mean[cause]);
      y -= height;
      stack.push(
        node('rect', {
          x,
          y: round(y),
          width: w,
          height: round(height),
          fill: `url(#pattern-${cause})`,
        }),
      );
    }
    marks.push(
      node('g', { class: 'pe' }, node('title', {}, text.title([...pes], mean, stalled)), ...stack),
    );
    if (group > 1) most.push(`M${x},${round(scale.at(entries))} h${w}`);
    if (stalled > 0 && mostStalled > 0) {
      const h = Math.max(1, (strip * stalled) / mostStalled);
      held.push(`M${x},${stripTop} h${w} v${round(h)} h${-w} z`);
    }
  }
  let total = 0;
  for (let p = 0; p < order.length; p++) total += load.parts.work[p]! + load.parts.filler[p]!;
  const ideal = round(scale.at(order.length ? total / order.length : 0));
  const idealWidth = textWidth(text.ideal, 6.4) + 10;
  return picture(width, size.height, text.summary, [
    ...leftAxis(scale, left, width, shortNumber),
    ...marks,
    ...(most.length ? [node('path', { d: most.join(' '), class: 'most' })] : []),
    node('path', { d: `M${left},${ideal} H${width}`, class: 'ideal' }),
    node('rect', {
      x: round(width - idealWidth),
      y: round(ideal - 21),
      width: round(idealWidth),
      height: 18,
      rx: 3,
      class: 'plate',
    }),
    node(
      'text',
      { x: width - 5, y: round(ideal - 8), 'text-anchor': 'end', class: 'on-plate' },
      text.ideal,
    ),
    ...peLabels(order, group, left, pitch, bottom + 15),
    node('path', { d: `M${left},${stripTop} H${width}`, class: 'axis-line' }),
    node('text', { x: left - 6, y: stripTop + 4, 'text-anchor': 'end', class: 'tick' }, '0'),
    node(
      'text',
      { x: left - 6, y: stripTop + strip, 'text-anchor': 'end', class: 'tick' },
      mostStalled > 0 ? shortNumber(mostStalled) : '',
    ),
    ...(held.length ? [node('path', { d: held.join(' '), class: 'held' })] : []),
    node('text', { x: left, y: stripTop + strip + 16, class: 'tick' }, text.stalled),
    node(
      'text',
      { x: width, y: stripTop + strip + 16, 'text-anchor': 'end', class: 'tick' },
      text.axis,
    ),
  ]);
}

/** Numbers below the bars: all where they fit, else as many as do. */
function peLabels(
  order: Int32Array,
  group: number,
  left: number,
  pitch: number,
  y: number,
): SvgNode[] {
  const bars = Math.ceil(order.length / group);
  const widest = textWidth(String(order.length)) + 8;
  let every = 1;
  while (pitch * every < widest) every *= 2;
  const labels: SvgNode[] = [];
  for (let b = 0; b < bars; b += every)
    labels.push(
      node(
        'text',
        { x: round(left + (b + 0.5) * pitch), y, 'text-anchor': 'middle', class: 'tick' },
        String(order[b * group]),
      ),
    );
  return labels;
}
