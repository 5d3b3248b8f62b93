/** The recipe that protects layers: that of the preset calibrated, and the layers that stay. Pure. */

/** As the preset `calibrated`: a test compares. */
const base = {
  prune: { method: 'none' },
  share: { method: 'grid', bits: 8 },
  coder: 'arithmetic',
  roles: ['weight', 'embedding'],
  restNoise: 1e-7,
  goal: { maxLoss: 0.005 },
};

/**
 * @param before the recipe so far, as it was written; what is no object is begun anew
 * @param layer its name, or its path where several have the name
 */
export function protectedIn(before: unknown, name: string, layer: string): object {
  const recipe =
    typeof before === 'object' && before !== null
      ? before
      : { name, description: 'Leaves the layers that hurt as they are', ...base };
  const { layers } = recipe as { readonly layers?: unknown };
  const others = typeof layers === 'object' && layers !== null ? layers : {};
  return { ...recipe, layers: { ...others, [layer]: { skip: true } } };
}
