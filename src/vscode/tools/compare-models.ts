/** `compare_models`: how far the weights of one model are from those of another, most changed first. */
import * as vscode from 'vscode';
import { allKinds, dottedEndings } from '../endings.ts';
import { nameOf } from '../files.ts';
import { Fields, rowsIn } from './input.ts';
import { few, omitted, type Tool } from './tool.ts';

interface Input {
  readonly original: string;
  readonly changed: string;
  readonly maxLayers: number;
}

const endings = dottedEndings(allKinds);

export const compareModels: Tool<Input> = {
  parse: (raw) => {
    const fields = new Fields(raw);
    const input = {
      original: fields.path('original', endings),
      changed: fields.path('changed', endings),
      maxLayers: rowsIn(fields),
    };
    fields.done();
    return input;
  },
  reads: ({ original, changed }) => [original, changed],
  doing: ({ original, changed }) =>
    vscode.l10n.t(
      'Comparing {0} with {1}',
      nameOf(vscode.Uri.file(changed)),
      nameOf(vscode.Uri.file(original)),
    ),
  run: async ({ original, changed, maxLayers }, { engine }, signal) => {
    const input = { original: { path: original }, changed: { path: changed } };
    const result = await engine.run('compare', input, { signal });
    const differing = result.layers.filter((layer) => layer.changed > 0);
    return {
      rows: differing.length,
      wanted: maxLayers,
      json: (rows) => ({
        original: result.original,
        changed: result.changed,
        totals: result.totals,
        mostChanged: differing
          .slice(0, rows)
          .map(({ name, op, shape, weights, changed, becameZero, ...d }) => ({
            ...{ name, op, shape, weights, changed, becameZero },
            ...{ becameNonzero: d.becameNonzero, signFlips: d.signFlips },
            ...{ rmse: d.rmse, largest: d.largest, relative: d.relative, cosine: d.cosine },
          })),
        ...omitted(rows, differing.length, 'tensors that changed less', 'Use maxLayers.'),
        ...(result.skipped.length > 0 && {
          notComparable: few(result.skipped.map((s) => `${s.name}: ${s.reason}`)),
        }),
        ...(result.onlyInOriginal.length > 0 && { onlyInOriginal: few(result.onlyInOriginal) }),
        ...(result.onlyInChanged.length > 0 && { onlyInChanged: few(result.onlyInChanged) }),
      }),
    };
  },
};
