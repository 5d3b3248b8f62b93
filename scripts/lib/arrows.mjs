/**
 * The rooms of the house, each with those that it may import beside itself. eslint.config.mjs refuses
 * every other import, and test/unit/package/architecture.test.ts holds docs/architecture.md to it. Rooms
 * are folders of src/, and webview/.
 */
export const arrows = {
  shared: [],
  model: ['shared'],
  platform: ['shared', 'model'],
  fidelity: ['shared', 'model'],
  compress: ['shared', 'model'],
  export: ['shared', 'model', 'compress'],
  container: ['shared', 'model', 'compress'],
  decode: ['shared', 'model', 'compress', 'container'],
  adapters: ['shared', 'model', 'decode'],
  train: ['shared', 'model', 'compress'],
  recipe: ['shared', 'model', 'compress', 'train'],
  calibrate: ['shared', 'model', 'compress', 'train'],
  structure: ['shared', 'model', 'compress', 'export', 'calibrate'],
  measure: ['shared', 'model', 'compress'],
  layers: ['shared', 'model', 'compress'],
  eie: ['shared', 'model', 'compress', 'measure', 'layers'],
  view: ['shared', 'model', 'compress', 'measure'],
  engine: [
    ...['shared', 'model', 'compress', 'container', 'train', 'recipe', 'calibrate', 'structure'],
    ...['fidelity', 'export', 'measure', 'layers', 'eie', 'view', 'platform'],
  ],
  queue: ['shared', 'model', 'platform'],
  cli: [
    ...['shared', 'model', 'compress', 'train', 'recipe', 'structure', 'fidelity', 'export', 'eie'],
    ...['view', 'platform', 'engine', 'queue', 'webview'],
  ],
  webview: ['shared', 'engine'],
  vscode: ['shared', 'model', 'compress', 'platform', 'engine', 'webview'],
};

/** Rooms that run in a browser too: they know neither Node nor VS Code. */
export const pure = [
  ...[
    'shared',
    'model',
    'fidelity',
    'compress',
    'export',
    'container',
    'decode',
    'train',
    'recipe',
  ],
  ...['calibrate', 'structure', 'measure', 'layers', 'eie', 'view'],
];
