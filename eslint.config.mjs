import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';
import { arrows, pure } from './scripts/lib/arrows.mjs';

const nodeModules = ['node:*', 'fs', 'path', 'worker_threads', 'zlib', 'crypto', 'os'];
const rooms = Object.keys(arrows);
const forbidden = (room) => rooms.filter((r) => r !== room && !arrows[room].includes(r));

/** Refuses what a room may not import, by the folder in its path. */
const banned = (room, extra = [], names = forbidden(room)) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          group: [...names.map((r) => `**/${r}/**`), ...extra],
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
  ...rooms
    .filter((room) => !['engine', 'vscode', 'webview'].includes(room))
    .map((room) => ({
      files: [`src/${room}/**`],
      rules: banned(room, ['vscode', ...(pure.includes(room) ? nodeModules : [])]),
    })),
  {
    // the engine knows its environment by `#host` and the types of the port alone
    files: ['src/engine/**'],
    rules: banned(
      'engine',
      ['vscode', '!**/platform/port.ts', ...nodeModules],
      [...forbidden('engine'), 'platform'],
    ),
  },
  { files: ['src/engine/node/**', 'src/engine/web/**'], rules: banned('engine', ['vscode']) },
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
                '^(?!.*/webview/).*/(compress|container|train|recipe|calibrate|measure|layers|eie(?!/(panel|register|session|source|latest)\\.ts)|view|model(?!/(plain-text|recognise|format-names)\\.ts))/',
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
