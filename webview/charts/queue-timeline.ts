/**
 * The queues over time: above, how many of their slots are taken (mean of all PEs, and the range from
 * the emptiest to the fullest) and how many PEs are walking an entry; below, each PE's queue as a
 * row whose shade is its occupancy, aggregated to what the eye can tell apart; at the foot, when
 * broadcasts were held up. Bins and means come from the simulator (src/eie/detail.ts).
 */
import { bottomAxis, leftAxis, linearScale, picture, shortNumber, textWidth } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface QueueData {
  /** Cycles of the layer. */
  readonly cycles: number;
  readonly pes: number;
  /** Items a queue can hold: ring - 1. */
  readonly depth: number;
  readonly binCycles: number;
  readonly bins: number;
  /** Mean occupancy of PE p in bin b, at [b * pes + p]. */
  readonly queue: Float32Array;
  /** Share of PEs that walk an entry, 0..1 a bin. */
  readonly working: Float32Array;
  /** Cycles of a bin in which a broadcast was held up. */
  readonly stalls: Int32Array;
}

export interface QueueText {
  readonly summary: string;
  readonly occupancy: string;
  readonly working: string;
  readonly perPe: string;
  readonly stalls: string;
  readonly axis: string;
}

/** Shades of the heat map, 0 empty to `levels` full. */
export const levels = 6;

export interface QueueStep {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  readonly working: number;
  /** Share of the step's cycles in which a broadcast was held up. */
  readonly stalled: number;
}

/** Bins joined to at most `most` steps: range and means of the queues in each. */
export function queueSteps(data: QueueData, most: number): { steps: QueueStep[]; cycles: number } {
  const joined = Math.max(1, Math.ceil(data.bins / Math.max(1, most)));
  const steps: QueueStep[] = [];
  for (let from = 0; from < data.bins; from += joined) {
    const to = Math.min(data.bins, from + joined);
    let [sum, least, high, working, stalled] = [0, Infinity, 0, 0, 0];
    for (let b = from; b < to; b++) {
      working += data.working[b]!;
      stalled += data.stalls[b]!;
      for (let i = b * data.pes; i < (b + 1) * data.pes; i++) {
        const value = data.queue[i]!;
        sum += value;
        if (value < least) least = value;
        if (value > high) high = value;
      }
    }
    steps.push({
      mean: sum / ((to - from) * data.pes),
      least: Number.isFinite(least) ? least : 0,
      most: high,
      working: working / (to - from),
      stalled: Math.min(1, stalled / ((to - from) * data.binCycles)),
    });
  }
  return { steps, cycles: joined * data.binCycles };
}

export function queueTimeline(data: QueueData, width: number, text: QueueText): SvgNode {
  const left = 54;
  const right = 38;
  const plot = width - left - right;
  // two captions side by side, or one above the other
  const narrow = textWidth(text.occupancy) + textWidth(text.working) + 20 > width - left;
  const [top, middle] = narrow ? [40, 166] : [24, 150];
  const rows = Math.min(data.pes, 64);
  const rowHeight = rows <= 16 ? Math.min(8, 112 / rows) : 112 / rows;
  const heatTop = middle + 34;
  const heatBottom = heatTop + rows * rowHeight;
  const stripTop = heatBottom + 26;
  const stripBottom = stripTop + 12;
  const { steps, cycles: stepCycles } = queueSteps(data, Math.floor(plot / 3));
  const time = { ...linearScale(data.cycles, left, left + plot, width < 500 ? 3 : 6) };
  const x = (cycle: number): number =>
    round(left + (plot * Math.min(cycle, data.cycles)) / data.cycles);
  const y = linearScale(data.depth, middle, top, Math.min(4, data.depth));
  const share = (value: number): number => round(middle - (middle - top) * value);
  const centre = (i: number): number => x((i + 0.5) * stepCycles);
  const line = (of: (s: QueueStep) => number): string =>
    steps.map((s, i) => `${i ? 'L' : 'M'}${centre(i)},${round(of(s))}`).join(' ');
  const back = [...steps.entries()]
    .reverse()
    .map(([i, s]) => `L${centre(i)},${round(y.at(s.least))}`)
    .join(' ');
  const ticks = {
    ...time,
    at: (v: number) => x(v),
    ticks: time.ticks.filter((v) => v <= data.cycles),
  };
  return picture(width, Math.ceil(stripBottom + 24), text.summary, [
    node('text', { x: left, y: 12, class: 'tick' }, text.occupancy),
    node(
      'text',
      {
        ...(narrow ? { x: left, y: 27 } : { x: width, y: 12, 'text-anchor': 'end' }),
        class: 'tick working-text',
      },
      text.working,
    ),
    ...leftAxis(y, left, left + plot, shortNumber),
    ...[0, 0.5, 1].map((v) =>
      node(
        'text',
        { x: left + plot + 6, y: round(share(v) + 4), class: 'tick working-text' },
        `${v * 100} %`,
      ),
    ),
    node('path', { d: `${line((s) => y.at(s.most))} ${back} Z`, class: 'queue-range' }),
    node('path', { d: line((s) => share(s.working)), class: 'queue-working' }),
    node('path', { d: line((s) => y.at(s.mean)), class: 'queue-mean' }),
    node('text', { x: left, y: heatTop - 7, class: 'tick' }, text.perPe),
    node('rect', {
      x: left,
      y: heatTop,
      width: plot,
      height: round(heatBottom - heatTop),
      class: 'heat-0',
    }),
    ...heat(data, rows, rowHeight, heatTop, Math.max(1, Math.floor(plot / 5)), x),
    node('text', { x: left - 6, y: heatTop + 9, 'text-anchor': 'end', class: 'tick' }, 'PE 0'),
    node(
      'text',
      { x: left - 6, y: round(heatBottom), 'text-anchor': 'end', class: 'tick' },
      String(data.pes - 1),
    ),
    node('text', { x: left, y: stripTop - 6, class: 'tick' }, text.stalls),
    ...bottomAxis(ticks, stripTop, stripBottom, shortNumber).filter((n) => n.tag === 'text'),
    ...stallStrip(steps, stepCycles, stripTop, stripBottom, x),
    node('path', { d: `M${left},${stripBottom} H${left + plot}`, class: 'axis-line' }),
    node('text', { x: width, y: stripBottom + 15, 'text-anchor': 'end', class: 'tick' }, text.axis),
  ]);
}

/** One path a shade; neighbours of one shade in a row are joined. */
function heat(
  data: QueueData,
  rows: number,
  rowHeight: number,
  top: number,
  most: number,
  x: (cycle: number) => number,
): SvgNode[] {
  const joined = Math.max(1, Math.ceil(data.bins / most));
  const columns = Math.ceil(data.bins / joined);
  const paths: string[][] = Array.from({ length: levels + 1 }, () => []);
  for (let r = 0; r < rows; r++) {
    const first = Math.floor((r * data.pes) / rows);
    const last = Math.max(first + 1, Math.floor(((r + 1) * data.pes) / rows));
    const yOf = round(top + r * rowHeight);
    let start = 0;
    let before = 0;
    for (let c = 0; c <= columns; c++) {
      let level = 0;
      if (c < columns) {
        const to = Math.min(data.bins, (c + 1) * joined);
        let sum = 0;
        for (let b = c * joined; b < to; b++)
          for (let p = first; p < last; p++) sum += data.queue[b * data.pes + p]!;
        const mean = sum / ((to - c * joined) * (last - first));
        level = Math.min(levels, Math.ceil((levels * mean) / Math.max(1, data.depth) - 0.15));
        if (level < 0) level = 0;
      }
      if (level === before && c < columns) continue;
      if (before > 0) {
        const from = x(start * joined * data.binCycles);
        const end = x(c * joined * data.binCycles);
        paths[before]!.push(`M${from},${yOf}H${end}v${round(rowHeight)}H${from}z`);
      }
      start = c;
      before = level;
    }
  }
  return paths.flatMap((path, level) =>
    path.length ? [node('path', { d: path.join(''), class: `heat heat-${level}` })] : [],
  );
}

function stallStrip(
  steps: readonly QueueStep[],
  stepCycles: number,
  top: number,
  bottom: number,
  x: (cycle: number) => number,
): SvgNode[] {
  const d = steps
    .map((s, i) => {
      if (s.stalled <= 0) return '';
      const h = round(Math.max(1, (bottom - top) * s.stalled));
      return `M${x(i * stepCycles)},${bottom}v${-h}H${x((i + 1) * stepCycles)}v${h}z`;
    })
    .join('');
  return d ? [node('path', { d, class: 'held' })] : [];
}
