/**
 * A training over its epochs: accuracy, losses and the share of zeros below one another, the stages as
 * bands. The first value of a stage stands where the last of the stage before it does, so that what
 * pruning or sharing cost is a step down, and what training brought back the curve after it.
 */
import {
  leftAxis,
  linearScale,
  logScale,
  picture,
  rangeScale,
  textWidth,
  type Scale,
} from './axis.ts';
import { formatAccuracy } from '../ui/format.ts';
import { clip } from './bar-chart.ts';
import { marker } from './line-chart.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface CurvePhase {
  /** Phases of one stage (steps of pruning) share a band and its label. */
  readonly stage: number;
  readonly label: string;
  /** In epochs from the beginning. */
  readonly start: number;
  readonly length: number;
}

export interface CurvePoint {
  /** In epochs from the beginning. */
  readonly at: number;
  /** What the point is, for its tooltip. */
  readonly name: string;
  /** On held-out samples: a share; null where there are none, or no classes. */
  readonly accuracy: number | null;
  readonly loss: number | null;
  /** null before the first epoch of a phase. */
  readonly trainingLoss: number | null;
  /** Share of zeros. */
  readonly sparsity: number;
}

export interface TrainingCurves {
  /** Also those to come: they set the width of the axis. */
  readonly phases: readonly CurvePhase[];
  readonly points: readonly CurvePoint[];
  /** Accuracy of the model before the first stage. */
  readonly before: number | null;
}

export interface CurveWords {
  readonly accuracy: string;
  readonly before: string;
  readonly loss: string;
  readonly heldOut: string;
  readonly training: string;
  readonly zeros: string;
  readonly epoch: string;
}

export interface CurveOptions {
  readonly width: number;
  readonly summary: string;
  readonly words: CurveWords;
}

/** More points than this are drawn as lines alone. */
const mostMarks = 120;
const gap = 26;
const top = 28;
/** Of a panel's title. */
const head = 18;
/** A losses' range of more than this goes onto a logarithmic axis. */
const wide = 30;

interface Line {
  readonly name: string;
  readonly look: number;
  readonly value: (point: CurvePoint) => number | null;
  readonly text: (value: number) => string;
}

interface Panel {
  readonly title: string;
  readonly height: number;
  readonly lines: readonly Line[];
  readonly scale: (from: number, to: number) => Scale;
  readonly tick: (value: number) => string;
  readonly area?: boolean;
  /** A level to compare with. */
  readonly level?: { readonly value: number; readonly name: string };
}

export function trainingCurves(data: TrainingCurves, options: CurveOptions): SvgNode {
  const { width, summary, words } = options;
  const panels = panelsOf(data, words);
  const left = Math.max(
    30,
    ...panels.flatMap((p) => p.scale(1, 0).ticks.map((v) => textWidth(p.tick(v)) + 8)),
  );
  const right = width - 12;
  const last = data.phases.reduce((most, p) => Math.max(most, p.start + p.length), 1);
  const x = (at: number): number => round(left + ((right - left) * at) / last);
  let y = top;
  const drawn = panels.map((panel) => {
    const from = y + head;
    y = from + panel.height + gap;
    return panelNodes(panel, data.points, x, { left, right, from, to: from + panel.height });
  });
  const bottom = y - gap;
  return picture(width, bottom + 40, summary, [
    ...bands(data.phases, x, bottom),
    ...drawn.flat(),
    ...epochAxis(last, x, bottom, (left + right) / 2, words.epoch),
  ]);
}

function panelsOf({ points, before }: TrainingCurves, words: CurveWords): Panel[] {
  const values = (of: (p: CurvePoint) => number | null): number[] =>
    points.map(of).filter((v): v is number => v !== null && Number.isFinite(v));
  const panels: Panel[] = [];
  const shares = values((p) => p.accuracy);
  if (shares.length > 0) {
    const all = before === null ? shares : [...shares, before];
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const { ticks } = rangeScale(least, most, 0, 1, 1);
    const decimals = ticks.every((t) => Math.abs(t * 100 - Math.round(t * 100)) < 1e-6) ? 0 : 1;
    panels.push({
      title: words.accuracy,
      height: 150,
      lines: [{ name: words.heldOut, look: 0, value: (p) => p.accuracy, text: formatAccuracy }],
      scale: (from, to) => rangeScale(least, most, from, to, 1),
      tick: (value) => `${(value * 100).toFixed(decimals)} %`,
      ...(before !== null && {
        level: { value: before, name: `${words.before} ${formatAccuracy(before)}` },
      }),
    });
  }
  const losses = [...values((p) => p.loss), ...values((p) => p.trainingLoss)];
  if (losses.length > 0) {
    const positive = losses.filter((v) => v > 0);
    const [least, most] = [Math.min(...positive), Math.max(...losses)];
    const logarithmic = positive.length === losses.length && most > wide * least;
    panels.push({
      title: words.loss,
      height: 120,
      lines: [
        { name: words.heldOut, look: 0, value: (p) => p.loss, text: figure },
        { name: words.training, look: 1, value: (p) => p.trainingLoss, text: figure },
      ],
      scale: (from, to) =>
        logarithmic ? logScale(least, most, from, to) : linearScale(most, from, to, 4),
      tick: figure,
    });
  }
  panels.push({
    title: words.zeros,
    height: 64,
    lines: [{ name: words.zeros, look: 2, value: (p) => p.sparsity, text: formatAccuracy }],
    scale: (from, to) => linearScale(1, from, to, 2),
    tick: (value) => `${Math.round(value * 100)} %`,
    area: true,
  });
  return panels;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly from: number;
  readonly to: number;
}

function panelNodes(
  panel: Panel,
  points: readonly CurvePoint[],
  x: (at: number) => number,
  { left, right, from, to }: Box,
): SvgNode[] {
  const scale = panel.scale(to, from);
  const several = panel.lines.length > 1;
  let at = left + textWidth(panel.title) + 18;
  const key = several
    ? panel.lines.flatMap(({ name, look }) => {
        const mark = node('path', {
          d: marker(look, round(at), from - 11),
          class: markClass(look),
        });
        const text = node('text', { x: round(at + 8), y: from - 7, class: 'tick' }, name);
        at += textWidth(name) + 26;
        return [mark, text];
      })
    : [];
  const level =
    panel.level === undefined
      ? []
      : [
          node('path', {
            d: `M${left},${round(scale.at(panel.level.value))} H${right}`,
            class: 'here',
          }),
          node(
            'text',
            { x: right, y: from - 7, 'text-anchor': 'end', class: 'tick' },
            clip(`┄ ${panel.level.name}`, right - left - textWidth(panel.title) - 20),
          ),
        ];
  return [
    node('text', { x: left, y: from - 7, class: 'tick panel-title' }, panel.title),
    ...key,
    ...leftAxis(scale, left, right, panel.tick),
    ...level,
    ...panel.lines.flatMap((line) =>
      lineNodes(line, points, x, scale, panel.area ? to : undefined),
    ),
  ];
}

/** @param ground where the area below the line ends; undefined: no area */
function lineNodes(
  line: Line,
  points: readonly CurvePoint[],
  x: (at: number) => number,
  scale: Scale,
  ground: number | undefined,
): SvgNode[] {
  const placed = points.flatMap((p) => {
    const value = line.value(p);
    return value === null || !Number.isFinite(value)
      ? []
      : [{ x: x(p.at), y: round(scale.at(value)), title: `${p.name}: ${line.text(value)}` }];
  });
  const [first] = placed;
  const end = placed.at(-1);
  if (!first || !end) return [];
  const d = placed.map((p, i) => `${i ? 'L' : 'M'}${p.x},${p.y}`).join(' ');
  const marked = placed.length <= mostMarks ? placed : [end];
  return [
    ...(ground === undefined
      ? []
      : [
          node('path', {
            d: `${d} V${ground} H${first.x} Z`,
            class: `area look-${line.look}`,
          }),
        ]),
    node('path', { d, class: `series look-${line.look}` }),
    ...marked.map((p) =>
      node(
        'path',
        { d: marker(line.look, p.x, p.y), class: markClass(line.look) },
        node('title', {}, p.title),
      ),
    ),
  ];
}

function markClass(look: number): string {
  return `mark look-${look}`;
}

/** Every other stage shaded, its name on top; a line where a step of a stage begins. */
function bands(
  phases: readonly CurvePhase[],
  x: (at: number) => number,
  bottom: number,
): SvgNode[] {
  const stages = new Map<number, { label: string; from: number; to: number }>();
  for (const { stage, label, start, length } of phases) {
    const from = stages.get(stage)?.from ?? start;
    stages.set(stage, { label, from, to: start + length });
  }
  const shaded = [...stages.values()].flatMap(({ label, from, to }, i) => {
    const [a, b] = [x(from), x(to)];
    return [
      ...(i % 2
        ? [node('rect', { x: a, y: 0, width: round(b - a), height: bottom, class: 'band' })]
        : []),
      ...(b - a >= 24
        ? [node('text', { x: round(a + 5), y: 13, class: 'stage' }, clip(label, b - a - 10))]
        : []),
    ];
  });
  const steps = phases
    .filter((p, i) => p.stage === phases[i - 1]?.stage && x(p.start + p.length) - x(p.start) >= 6)
    .map((p) => node('path', { d: `M${x(p.start)},${top} V${bottom}`, class: 'step' }));
  return [...shaded, ...steps];
}

/** Whole epochs at even distances. */
function epochAxis(
  last: number,
  x: (at: number) => number,
  bottom: number,
  middle: number,
  name: string,
): SvgNode[] {
  const room = Math.max(2, Math.min(12, Math.floor((x(last) - x(0)) / 46)));
  const step = Math.max(1, ...linearScale(last, 0, 1, room).ticks.slice(1, 2));
  const labels: SvgNode[] = [];
  for (let at = 0; at <= last + 1e-9; at += Math.ceil(step))
    labels.push(
      node(
        'text',
        { x: x(at), y: bottom + 16, 'text-anchor': 'middle', class: 'tick' },
        String(at),
      ),
    );
  return [
    node('path', { d: `M${x(0)},${bottom} H${x(last)}`, class: 'axis-line' }),
    ...labels,
    node(
      'text',
      { x: round(middle), y: bottom + 34, 'text-anchor': 'middle', class: 'tick' },
      name,
    ),
  ];
}

function figure(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(0);
  return String(Number(value.toPrecision(3)));
}
