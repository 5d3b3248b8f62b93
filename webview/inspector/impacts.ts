/** What single layers cost, told to the layers of an overview: a metric of its pictures. Pure. */
import type { ImpactResult } from '../../src/engine/protocol-search.ts';
import type { LayerSummary, ViewOverview } from '../../src/engine/protocol-view.ts';

/** A layer, with how far it moves the outputs alone where that was measured. */
export type KnownLayer = LayerSummary & { readonly impact?: number };

/** Layers are those of the same path and name. */
export function withImpacts(
  overview: ViewOverview,
  impact: ImpactResult | undefined,
): ViewOverview {
  if (!impact) return overview;
  const keyOf = ({ name, path }: { readonly name: string; readonly path: string }): string =>
    `${path}\n${name}`;
  const moved = new Map(impact.layers.map((layer) => [keyOf(layer), layer.alone.relativeError]));
  const layers = overview.layers.map((layer): KnownLayer => {
    const own = moved.get(keyOf(layer));
    return own === undefined ? layer : { ...layer, impact: own };
  });
  return { ...overview, layers };
}
