/**
 * What the PE-cycles of a layer are spent on, each with a fill of its own in colour and in shape (as
 * patterns.ts does for the bytes of a file), and the three kinds of figures: published, simulated,
 * measured here. Ids are `pattern-<name>`; the style sheet colours `.fill-<name>`.
 */
import { node, type SvgNode } from './svg.ts';

/** Causes in the order of a bar, from its base: busy first, then the kinds of waiting. */
export const causes = [
  'work',
  'filler',
  'emptyColumns',
  'queueFull',
  'scan',
  'imbalance',
  'fillDrain',
] as const;
export type Cause = (typeof causes)[number];

/** Where a figure comes from. */
export const origins = ['published', 'simulated', 'measured'] as const;
export type Origin = (typeof origins)[number];

const size = 6;
const ink: Readonly<Record<Cause | Origin, readonly SvgNode[]>> = {
  work: [],
  filler: [node('path', { d: 'M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2', class: 'ink' })],
  emptyColumns: [node('circle', { cx: 3, cy: 3, r: 1.3, class: 'ink-dot' })],
  queueFull: [node('path', { d: 'M0,0 l6,6 M6,0 l-6,6', class: 'ink' })],
  scan: [node('path', { d: 'M0,3 h6', class: 'ink' })],
  imbalance: [node('path', { d: 'M7,1 l-2,-2 M6,6 l-6,-6 M1,7 l-2,-2', class: 'ink' })],
  fillDrain: [node('path', { d: 'M3,0 v6', class: 'ink' })],
  published: [node('path', { d: 'M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2', class: 'ink' })],
  simulated: [],
  measured: [node('circle', { cx: 3, cy: 3, r: 1.3, class: 'ink-dot' })],
};

/** One definition for each name; `<defs>` of a page or of an exported picture. */
export function cyclePatterns(): SvgNode {
  return node(
    'defs',
    {},
    ...[...causes, ...origins].map((name) =>
      node(
        'pattern',
        { id: `pattern-${name}`, width: size, height: size, patternUnits: 'userSpaceOnUse' },
        node('rect', { width: size, height: size, class: `fill-${name}` }),
        ...ink[name],
      ),
    ),
  );
}

export function cycleDefs(): SvgNode {
  return node(
    'svg',
    { class: 'defs', width: 0, height: 0, 'aria-hidden': 'true', focusable: 'false' },
    cyclePatterns(),
  );
}

export function cycleSwatch(name: Cause | Origin): SvgNode {
  return node(
    'svg',
    { class: 'swatch', width: 14, height: 14, 'aria-hidden': 'true', focusable: 'false' },
    node('rect', {
      x: 0.5,
      y: 0.5,
      width: 13,
      height: 13,
      rx: 2,
      fill: `url(#pattern-${name})`,
      class: 'edge',
    }),
  );
}
