import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

/**
 * The rooms of the house, each with those that it may import beside itself (docs/architecture.md). Paths
 * are below src/.
 */
const arrows = {
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
  eie: ['shared', 'model', 'compress'],
  view: ['shared', 'model', 'compress'],
};
const nodeModules = ['node:*', 'fs', 'path', 'worker_threads', 'zlib', 'crypto', 'os'];
/** Rooms on top of all others, which `arrows` need not name. */
const upper = ['engine', 'vscode'];
/** Rooms that run in a browser too. */
const pure = Object.keys(arrows).filter((room) => !['platform', 'adapters'].includes(room));

const forbidden = (room) =>
  room === 'node'
    ? ['vscode']
    : room === 'engine'
      ? ['platform', 'vscode']
      : [...Object.keys(arrows), ...upper].filter((r) => r !== room && !arrows[room].includes(r));

const banned = (room, extra = []) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          group: [...forbidden(room).map((r) => `**/${r}/**`), '**/webview/**', ...extra],
          message: `src/${room} may not import this (docs/architecture.md, arrows).`,
        },
      ],
    },
  ],
});

export default tseslint.config(
  { ignores: ['dist', 'dist-test', 'node_modules', '.vscode-test'] },
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        importX.createNodeResolver({ extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'] }),
      ],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'import-x/no-self-import': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'prefer-const': 'error',
    },
  },
  {
    // the engine knows its environment by `#host` alone
    files: ['src/engine/**'],
    rules: banned('engine', ['vscode', '!**/platform/port.ts', ...nodeModules]),
  },
  { files: ['src/engine/node/**'], rules: banned('node') },
  ...Object.keys(arrows).map((room) => ({
    files: [`src/${room}/**`],
    rules: banned(room, ['vscode', ...(pure.includes(room) ? nodeModules : [])]),
  })),
  {
    files: ['src/vscode/**', 'src/extension.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              // src/vscode/eie and webview/eie are not the simulator
              regex:
                '^(?!.*/webview/).*/(compress|container|train|recipe|calibrate|eie(?!/(panel|register|session|source|latest)\\.ts)|view|model(?!/(plain-text|recognise|format-names)\\.ts))/',
              message: 'src/vscode talks to the engine only (client, protocol).',
              allowTypeImports: true,
            },
          ],
        },
      ],
    },
  },
  {
    files: ['webview/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '/src/(?!engine/protocol|shared/)',
              message: 'pages import only src/shared and types from engine/protocol.',
            },
            { group: ['vscode', 'node:*'], message: 'pages run in a browser.' },
          ],
        },
      ],
    },
  },
  {
    // A list that a file's content makes can be longer than a call takes arguments.
    files: ['src/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.property.name=/^(push|unshift|max|min)$/] > SpreadElement',
          message: 'A list as arguments overflows the stack: use a loop, concat or reduce.',
        },
      ],
    },
  },
  { files: ['test/**', 'scripts/**', 'src/cli.ts', '*.mjs'], rules: { 'no-console': 'off' } },
  { files: ['*.mjs', 'test/fixtures/**'], rules: { 'import-x/no-default-export': 'off' } },
);
