import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

/** The arrows of the house: who may not import whom. Paths are below src/. */
const rooms = {
  model: [
    'compress',
    'container',
    'train',
    'calibrate',
    'fidelity',
    'eie',
    'view',
    'structure',
    'engine',
    'platform',
    'vscode',
  ],
  compress: [
    'container',
    'train',
    'calibrate',
    'eie',
    'view',
    'structure',
    'engine',
    'platform',
    'vscode',
  ],
  adapters: [
    'compress',
    'container',
    'train',
    'calibrate',
    'fidelity',
    'eie',
    'view',
    'structure',
    'engine',
    'platform',
    'vscode',
  ],
  decode: [
    'adapters',
    'train',
    'calibrate',
    'fidelity',
    'eie',
    'view',
    'structure',
    'engine',
    'platform',
    'vscode',
  ],
  container: [
    'decode',
    'train',
    'calibrate',
    'eie',
    'view',
    'structure',
    'engine',
    'platform',
    'vscode',
  ],
  train: ['container', 'calibrate', 'eie', 'view', 'structure', 'engine', 'platform', 'vscode'],
  fidelity: [
    'compress',
    'container',
    'train',
    'calibrate',
    'eie',
    'view',
    'structure',
    'engine',
    'platform',
    'vscode',
  ],
  export: [
    'container',
    'train',
    'calibrate',
    'fidelity',
    'eie',
    'view',
    'structure',
    'engine',
    'platform',
    'vscode',
  ],
  structure: ['container', 'train', 'fidelity', 'eie', 'view', 'engine', 'platform', 'vscode'],
  calibrate: ['container', 'fidelity', 'eie', 'view', 'structure', 'engine', 'platform', 'vscode'],
  eie: ['container', 'train', 'calibrate', 'view', 'structure', 'engine', 'platform', 'vscode'],
  view: ['container', 'train', 'calibrate', 'eie', 'structure', 'engine', 'platform', 'vscode'],
  platform: [
    'compress',
    'container',
    'train',
    'calibrate',
    'eie',
    'view',
    'structure',
    'engine',
    'vscode',
  ],
  engine: ['vscode'],
};
const pure = [
  'model',
  'compress',
  'container',
  'decode',
  'train',
  'calibrate',
  'fidelity',
  'export',
  'structure',
  'eie',
  'view',
];

const banned = (room, extra = []) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          group: [...rooms[room].map((r) => `**/${r}/**`), '**/webview/**', ...extra],
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
  ...Object.keys(rooms).map((room) => ({
    files: [`src/${room}/**`],
    rules: banned(room, [
      'vscode',
      ...(pure.includes(room)
        ? ['node:*', 'fs', 'path', 'worker_threads', 'zlib', 'crypto', 'os']
        : []),
    ]),
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
                '^(?!.*/webview/).*/(compress|container|train|calibrate|eie(?!/(panel|register|session|source|latest)\\.ts)|view|model(?!/plain-text\\.ts))/',
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
              regex: '/src/(?!engine/protocol)',
              message: 'pages import only shared types from engine/protocol.',
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
