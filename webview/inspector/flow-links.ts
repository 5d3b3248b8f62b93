/** Which nodes of a data flow lead to a node, and to which it leads. */
import type { FlowGraph } from '../../src/engine/protocol-view.ts';

const none: readonly number[] = [];

export class Links {
  private readonly into: number[][] = [];
  private readonly out: number[][] = [];

  constructor({ edges }: Pick<FlowGraph, 'edges'>) {
    for (let i = 0; i < edges.length; i += 2) {
      const [from, to] = [edges[i]!, edges[i + 1]!];
      (this.out[from] ??= []).push(to);
      (this.into[to] ??= []).push(from);
    }
  }

  before(at: number): readonly number[] {
    return this.into[at] ?? none;
  }

  after(at: number): readonly number[] {
    return this.out[at] ?? none;
  }
}
