/** `deepc search` and `deepc impact`: what they write, and their results as text. */
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { lineChart } from '../../webview/charts/line-chart.ts';
import { toText } from '../../webview/charts/svg.ts';
import type { AllJobs } from '../engine/jobs/all.ts';
import { filesOf } from '../engine/input.ts';
import { tableKind } from '../engine/output-kinds.ts';
import type { Progress } from '../engine/protocol.ts';
import type { FrontPoint, FrontResult, ImpactResult } from '../engine/protocol-search.ts';
import { isRecord } from '../engine/shape.ts';
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { sizeText } from '../model/size-text.ts';
import { writeAtomically } from '../platform/atomic.ts';
import { openFile } from '../platform/files.ts';
import { placeOf } from '../platform/output.ts';
import type { OutputRule } from '../platform/port.ts';
import { toCsv, type Row } from '../eie/tables.ts';
import type { Command } from './arguments.ts';
import { count, name, seconds, table } from './format.ts';
import { UsageError } from './usage.ts';

const share = (x: number): string => `${(x * 100).toFixed(2)}%`;
const right = (title: string) => ({ title, align: 'right' as const });

/** Ends of files that a front can be written to. */
const endings = ['.json', '.csv', '.svg'];

export interface SearchOutcome {
  readonly result: object;
  readonly text: () => string;
}

export interface SearchContext {
  readonly recipe: () => string | object;
  readonly jobs: AllJobs;
  readonly signal: AbortSignal;
  readonly show: (progress: Progress) => void;
  /** Told a line for every point. */
  readonly tell: (line: string) => void;
}

export async function runSearch(
  c: Command,
  { recipe, jobs, signal, show, tell }: SearchContext,
): Promise<SearchOutcome> {
  const input = { file: { path: c.file }, seed: c.seed, threads: c.threads, recipe: recipe() };
  const { data, normalisation } = c.train!;
  const sampled = { ...input, data, ...(normalisation && { normalisation }) };
  if (c.command === 'impact') {
    const rule = ruleFor(c, tableKind(impactColumns));
    if (c.out !== '') placeOf(c.out, rule);
    const result = await jobs.impact(sampled, signal, show);
    if (c.out !== '') await write(c.out, rule, toCsv(result.layers.map(impactRow)));
    return { result, text: () => impactText(result) };
  }
  const ending = extname(c.out).toLowerCase();
  if (c.out !== '' && !endings.includes(ending))
    throw new UsageError(`--out of search is a .json, .csv or .svg file, not '${c.out}'`);
  const earlier = ending === '.json' ? earlierFront(c.out) : undefined;
  const rule = ruleFor(c, kinds[ending as '.json'], earlier !== undefined);
  if (c.out !== '') placeOf(c.out, rule);
  const known = earlier?.points;
  const result = await jobs.search(
    { ...sampled, ...(known && { known }) },
    signal,
    show,
    undefined,
    ({ point }) => tell(pointLine(point)),
  );
  if (c.out !== '') await write(c.out, rule, written(result, ending));
  return { result, text: () => frontText(result) };
}

const impactColumns = ['layer', 'path'];
const frontColumns = ['bytes', 'ratio'];

const beginning = (file: ByteSource): string =>
  new TextDecoder('latin1').decode(readBytes(file, 0, Math.min(file.size, 64)));
const kinds = {
  '.json': {
    name: 'a front of deepc search',
    looksLike: (file: ByteSource) => beginning(file).startsWith('{\n  "front"'),
  },
  '.csv': tableKind(frontColumns),
  '.svg': {
    name: 'an SVG picture',
    looksLike: (file: ByteSource) => /^\s*<(\?xml|svg)\b/.test(beginning(file)),
  },
} as const;

function ruleFor(c: Command, kind: OutputRule['kind'], goesOn = false): OutputRule {
  const { data } = c.train!;
  const samples = 'path' in data.file ? [data.file.path] : [];
  const inputs = [...filesOf({ path: c.file }), ...samples];
  return { kind, overwrite: c.force || goesOn, inputs };
}

async function write(path: string, rule: OutputRule, text: string): Promise<void> {
  await writeAtomically(path, rule, (sink) => sink.write(new TextEncoder().encode(text)));
}

/** A page of text at most. */
const mostFrontBytes = 1 << 20;

/** The front that an earlier search left, so that this one goes on; undefined where there is none. */
function earlierFront(path: string): { readonly points: readonly FrontPoint[] } | undefined {
  if (!existsSync(path)) return undefined;
  const file = openFile(path);
  try {
    if (file.size > mostFrontBytes || !kinds['.json'].looksLike(file)) return undefined;
    const value: unknown = JSON.parse(new TextDecoder().decode(readBytes(file, 0, file.size)));
    const front = isRecord(value) ? value['front'] : undefined;
    return isRecord(front) && Array.isArray(front['points'])
      ? { points: front['points'] as FrontPoint[] }
      : undefined;
  } catch {
    return undefined; // it is refused as what it is
  } finally {
    file.close();
  }
}

function written(result: FrontResult, ending: string): string {
  if (ending === '.json') return `${JSON.stringify({ front: result }, null, 2)}\n`;
  if (ending === '.csv') return toCsv(result.points.map(frontRow));
  return frontPicture(result);
}

function frontRow({ recipe: _, ...point }: FrontPoint): Row {
  const { bytes, ratio, ...rest } = point;
  return { bytes, ratio, ...rest };
}

function impactRow({ name: layer, path, alone, without, ...rest }: LayerOf): Row {
  return {
    ...{ layer, path },
    ...rest,
    ...{ aloneLoss: alone.loss, aloneMoved: alone.relativeError },
    ...{ withoutLoss: without.loss, withoutMoved: without.relativeError },
  };
}

type LayerOf = ImpactResult['layers'][number];

/** A picture that stands for itself: bytes to the right, loss upwards. */
function frontPicture({ points, model, samples }: FrontResult): string {
  const chart = lineChart([{ label: '', values: points.map(({ loss }) => 100 * loss) }], {
    ...{ width: 640, height: 360, axis: 'size of the file', value: 'loss in percent' },
    steps: points.map(({ bytes }) => sizeText(bytes)),
    at: points.map(({ bytes }) => Math.log(bytes)),
    summary: `Loss against size of ${name(model.path, 80)}, on ${samples} samples`,
  });
  const style =
    'text{font:11.5px sans-serif;fill:#555}.series{fill:none;stroke:#1a85ff;stroke-width:2}' +
    '.mark{fill:#1a85ff}.grid,.axis-line{fill:none;stroke:#8a8a8a;stroke-opacity:.4}';
  const inside = { tag: 'style', attributes: {}, children: [style] };
  return `${toText({
    ...chart,
    attributes: { xmlns: 'http://www.w3.org/2000/svg', ...chart.attributes },
    children: [inside, ...chart.children],
  })}\n`;
}

function pointLine({ bytes, ratio, loss, error, verdict }: FrontPoint): string {
  return `${sizeText(bytes)}, ${ratio.toFixed(2)} times smaller: expected loss ${share(loss)} ± ${share(error)}${verdict === 'kept' ? '' : `, ${verdict}`}`;
}

export function frontText({ points, model, samples, seconds: time, notes }: FrontResult): string {
  const rows = points.map((p) => [
    count(p.bytes),
    `${p.ratio.toFixed(2)}x`,
    share(p.loss),
    share(p.error),
    share(p.disagreement),
    share(p.relativeError),
    p.verdict,
  ]);
  const columns = ['bytes', 'smaller', 'loss', '±', 'changed', 'moved'].map(right);
  return [
    `${name(model.path, 200)}: ${sizeText(model.bytes)}; bytes are estimates, losses of ${count(samples)} samples`,
    table([...columns, { title: 'verdict', align: 'left' }], rows),
    `searched in ${seconds(time)}; deepc compress --data … --max-bytes N makes one of them, and reports on other samples`,
    ...notes.map((note) => `note: ${name(note, 300)}`),
  ].join('\n');
}

export function impactText({ all, layers, samples, seconds: time, notes }: ImpactResult): string {
  const rows = layers.map((l) => [
    name(l.name),
    l.op,
    count(l.weights),
    l.bits.toFixed(2),
    share(l.alone.loss),
    share(l.alone.relativeError),
    share(l.regained),
    share(l.without.relativeError),
    count(l.bytes),
  ]);
  const columns = [
    ...['layer', 'op'].map((title) => ({ title, align: 'left' as const })),
    ...['weights', 'bits', 'lost alone', 'moved', 'regained', 'moved without', 'bytes more'].map(
      right,
    ),
  ];
  return [
    `all layers: ${sizeText(all.bytes)}, loss ${share(all.loss)}, outputs moved by ${share(all.relativeError)}, on ${count(samples)} samples`,
    table(columns, rows),
    `in ${seconds(time)}; "layers": { "NAME": { "skip": true } } in a recipe leaves a layer alone`,
    ...notes.map((note) => `note: ${name(note, 300)}`),
  ].join('\n');
}
