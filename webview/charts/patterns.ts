/**
 * Fills that differ in shape as well as in colour, so that no meaning hangs on colour alone. Each
 * part of a file has one; `patterns.css` gives `.fill-<part>` its colour and `.ink` the line colour.
 */
import { node, type SvgNode } from './svg.ts';

/** What the bytes of a .dcz are spent on, in drawing order. */
export const parts = ['values', 'index', 'codebook', 'tables', 'rest'] as const;
export type Part = (typeof parts)[number];

const size = 6;

/** The lines or dots of a part's pattern; the first part is plain. */
const ink: Readonly<Record<Part, readonly SvgNode[]>> = {
  values: [],
  index: [node('path', { d: 'M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2', class: 'ink' })],
  codebook: [node('circle', { cx: 3, cy: 3, r: 1.3, class: 'ink-dot' })],
  tables: [node('path', { d: 'M3,0 v6', class: 'ink' })],
  rest: [node('path', { d: 'M0,3 h6', class: 'ink' })],
};

/** Pattern definitions, `<defs>` of a page; ids are `pattern-<part>`. */
export function patternDefs(): SvgNode {
  return node(
    'svg',
    { class: 'defs', width: 0, height: 0, 'aria-hidden': 'true', focusable: 'false' },
    node(
      'defs',
      {},
      ...parts.map((part) =>
        node(
          'pattern',
          { id: `pattern-${part}`, width: size, height: size, patternUnits: 'userSpaceOnUse' },
          node('rect', { width: size, height: size, class: `fill-${part}` }),
          ...ink[part],
        ),
      ),
    ),
  );
}

/** A legend swatch of a part. */
export function swatch(part: Part): SvgNode {
  return node(
    'svg',
    { class: 'swatch', width: 14, height: 14, 'aria-hidden': 'true', focusable: 'false' },
    node('rect', {
      x: 0.5,
      y: 0.5,
      width: 13,
      height: 13,
      rx: 2,
      fill: `url(#pattern-${part})`,
      class: 'edge',
    }),
  );
}
