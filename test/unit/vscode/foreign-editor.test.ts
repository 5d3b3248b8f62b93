import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignEditor } from '../../../src/vscode/model-editor/foreign-editor.ts';

const editorFor = (id: string, viewType: string, ...patterns: string[]) => ({
  id,
  packageJSON: {
    displayName: id.toUpperCase(),
    contributes: {
      customEditors: [
        { viewType, selector: patterns.map((filenamePattern) => ({ filenamePattern })) },
      ],
    },
  },
});

test('another extension that shows such models is found, whatever manifests hold', () => {
  const installed = [
    { id: 'empty', packageJSON: undefined },
    { id: 'odd', packageJSON: { contributes: { customEditors: [{}, { selector: [{}] }] } } },
    editorFor('own.self', 'own.view', '*.onnx'),
    editorFor('a.pictures', 'a.view', '*.png'),
    editorFor('b.netron', 'b.view', '*.pb', '*.ONNX'),
  ];
  assert.deepEqual(foreignEditor('onnx', installed, 'own.self'), {
    extension: 'B.NETRON',
    viewType: 'b.view',
  });
  assert.equal(foreignEditor('gguf', installed, 'own.self'), undefined);
});
