/**
 * A Huffman tree lying on its side: the root at the left, a column a bit, a row a leaf, so that a
 * label never meets another and leaves stand in the order of the code table. Inner nodes lie in the
 * middle of what is below them (a tidy layout; with one row a leaf no two subtrees touch). Any node
 * can be folded into one row. 2 to 257 leaves are drawn; larger trees begin folded. Depth is at most
 * 16, the longest code.
 *
 * Elements carry `data-node`; roles are those of a tree, so the page only moves the focus.
 * Classes: `edge`, `edge-bit`, `inner`, `leaf`, `folded`, `on-path`, `leaf-label`.
 */
import type { HuffmanTree, HuffmanView } from '../../src/engine/protocol-view.ts';
import { textWidth } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';

export interface PlacedNode {
  readonly node: number;
  readonly parent: number;
  readonly depth: number;
  /** In rows from the top; halves where a node lies between two. */
  readonly row: number;
  readonly kind: 'inner' | 'leaf' | 'folded';
}

export interface TreeLayout {
  /** Parents before their children, the left child first. */
  readonly nodes: readonly PlacedNode[];
  readonly rows: number;
  readonly depth: number;
}

/** Places every node that is not inside a folded one. */
export function layoutTree(tree: HuffmanTree, folded: ReadonlySet<number>): TreeLayout {
  const nodes: PlacedNode[] = [];
  let rows = 0;
  let deepest = 0;
  const place = (at: number, parent: number, depth: number): number => {
    const slot = nodes.length;
    const leaf = tree.leaf[at] >= 0;
    deepest = Math.max(deepest, depth);
    if (leaf || folded.has(at)) {
      nodes.push({ node: at, parent, depth, row: rows, kind: leaf ? 'leaf' : 'folded' });
      return rows++;
    }
    nodes.push({ node: at, parent, depth, row: 0, kind: 'inner' });
    const first = place(tree.left[at], at, depth + 1);
    const last = place(tree.right[at], at, depth + 1);
    const row = (first + last) / 2;
    nodes[slot] = { node: at, parent, depth, row, kind: 'inner' };
    return row;
  };
  if (tree.leaf.length > 0) place(0, -1, 0);
  return { nodes, rows, depth: deepest };
}

/** What to fold so that at most `rows` rows remain: the rarest. The most frequent are opened first. */
export function foldedToFit(tree: HuffmanTree, rows: number): Set<number> {
  const open: number[] = [];
  const folded = new Set<number>();
  if (tree.leaf.length > 0 && tree.leaf[0] < 0) folded.add(0);
  let shown = 1;
  while (shown < rows && folded.size > 0) {
    let best = -1;
    for (const at of folded) if (best < 0 || tree.counts[at] > tree.counts[best]) best = at;
    folded.delete(best);
    open.push(best);
    shown++;
    for (const child of [tree.left[best], tree.right[best]])
      if (tree.leaf[child] < 0) folded.add(child);
  }
  return folded;
}

/** The nodes from the root to a leaf, given by its position in the code table; [] when there is none. */
export function pathToLeaf(tree: HuffmanTree, leaf: number): number[] {
  const parents = new Int32Array(tree.leaf.length).fill(-1);
  let found = -1;
  for (let at = 0; at < tree.leaf.length; at++) {
    if (tree.leaf[at] === leaf) found = at;
    for (const child of [tree.left[at], tree.right[at]]) if (child >= 0) parents[child] = at;
  }
  const path: number[] = [];
  for (let at = found; at >= 0; at = parents[at]) path.unshift(at);
  return path;
}

/** Leaves below a node. */
export function leavesBelow(tree: HuffmanTree, at: number): number {
  const open = [at];
  let leaves = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (tree.leaf[next] >= 0) leaves++;
    else open.push(tree.left[next], tree.right[next]);
  }
  return leaves;
}

/** `word` as the bits that are sent, '' for a sole symbol. */
export function bitsOfWord(word: number, length: number): string {
  return length > 0 ? word.toString(2).padStart(length, '0') : '';
}

export interface TreeOptions {
  readonly folded: ReadonlySet<number>;
  /** Position in the code table of the symbol whose way is shown, -1 for none. */
  readonly walk: number;
  readonly columnWidth?: number;
  readonly rowHeight?: number;
}

export interface TreeText {
  readonly summary: string;
  /** Beside a leaf: what position `leaf` of the table stands for, in short. */
  readonly leaf: (leaf: number) => string;
  /** Beside a folded node. */
  readonly folded: (leaves: number) => string;
  /** What a screen reader says of a node. */
  readonly title: (at: number) => string;
}

/** Pixels from a node's middle to its label, and of a letter there. */
const labelAt = 11;
const letter = 7.3;

export function huffmanTree(
  view: Pick<HuffmanView, 'tree' | 'words' | 'lengths'>,
  options: TreeOptions,
  text: TreeText,
): SvgNode {
  const { tree } = view;
  const { folded, walk, columnWidth = 44, rowHeight = 20 } = options;
  const layout = layoutTree(tree, folded);
  const onPath = new Set(walk >= 0 ? pathToLeaf(tree, walk) : []);
  const places = new Map(layout.nodes.map((n) => [n.node, n]));
  const x = (depth: number): number => 12 + depth * columnWidth;
  const y = (row: number): number => round(10 + row * rowHeight);
  const edges: SvgNode[] = [];
  const marks: SvgNode[] = [];
  let width = 0;
  for (const n of layout.nodes) {
    const lit = onPath.has(n.node) ? ' on-path' : '';
    const parent = places.get(n.parent);
    if (parent !== undefined) {
      const bend = x(parent.depth) + 12;
      const bit = tree.left[n.parent] === n.node ? '0' : '1';
      edges.push(
        node('path', {
          d: `M${x(parent.depth)},${y(parent.row)}H${bend}V${y(n.row)}H${x(n.depth)}`,
          class: `edge${lit}`,
        }),
        node(
          'text',
          { x: bend + 8, y: y(n.row) - 3, 'text-anchor': 'middle', class: `edge-bit${lit}` },
          bit,
        ),
      );
    }
    const label = labelOf(n);
    marks.push(drawn(n, label, x(n.depth), y(n.row), lit));
    width = Math.max(width, Math.ceil(x(n.depth) + labelAt + textWidth(label, letter)) + 8);
  }
  const height = Math.max(20, layout.rows * rowHeight);
  return node(
    'svg',
    {
      role: 'tree',
      'aria-label': text.summary,
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
    },
    ...edges,
    ...marks,
  );

  function labelOf({ node: at, kind, depth }: PlacedNode): string {
    const leaf = tree.leaf[at];
    if (kind === 'leaf') return `${bitsOfWord(view.words[leaf], depth)}  ${text.leaf(leaf)}`.trim();
    return kind === 'folded' ? text.folded(leavesBelow(tree, at)) : '';
  }

  function drawn(n: PlacedNode, label: string, cx: number, cy: number, lit: string): SvgNode {
    const at = n.node;
    const box = { x: cx - 5, y: cy - 5, width: 10, height: 10 };
    const shape =
      n.kind === 'leaf'
        ? node('rect', { ...box, rx: 2, class: `leaf${lit}` })
        : n.kind === 'folded'
          ? node('path', { d: `M${cx - 5},${cy}l10,-6v12z`, class: `folded${lit}` })
          : node('circle', { cx, cy, r: 4, class: `inner${lit}` });
    return node(
      'g',
      {
        role: 'treeitem',
        'aria-level': n.depth + 1,
        ...(n.kind === 'leaf' ? {} : { 'aria-expanded': n.kind === 'inner' ? 'true' : 'false' }),
        'aria-label': text.title(at),
        'data-node': at,
        class: `tree-node${lit}`,
      },
      shape,
      ...(label === ''
        ? []
        : [node('text', { x: cx + labelAt, y: cy + 4, class: `leaf-label${lit}` }, label)]),
    );
  }
}
