/** `inspect_model`: what a model holds, the largest tensors first; of a .dcz also how each is stored. */
import * as vscode from 'vscode';
import type {
  CompressedLayer,
  InspectedLayer,
  InspectResult,
  ReportResult,
} from '../../engine/protocol-model.ts';
import { allKinds, dottedEndings } from '../endings.ts';
import { nameOf } from '../files.ts';
import { settingsFor } from '../settings.ts';
import { Fields, rowsIn } from './input.ts';
import { few, omitted, type Tool } from './tool.ts';

interface Input {
  readonly path: string;
  readonly nameContains: string | undefined;
  readonly maxLayers: number;
  readonly statistics: boolean;
}

export const inspectModel: Tool<Input> = {
  parse: (raw) => {
    const fields = new Fields(raw);
    const input = {
      path: fields.path('path', dottedEndings(allKinds)),
      nameContains: fields.text('nameContains'),
      maxLayers: rowsIn(fields),
      statistics: fields.flag('statistics', true),
    };
    fields.done();
    return input;
  },
  reads: ({ path }) => [path],
  doing: ({ path }) => vscode.l10n.t('Inspecting {0}', nameOf(vscode.Uri.file(path))),
  run: async ({ path, nameContains, maxLayers, statistics }, { engine }, signal) => {
    const { threads } = settingsFor(vscode.Uri.file(path));
    const file = { path };
    const result = await engine.run('inspect', { file, statistics, threads }, { signal });
    const stored =
      result.model.format === 'dcz' ? await engine.run('report', { file }, { signal }) : undefined;
    const part = nameContains?.toLowerCase() ?? '';
    const layers = result.layers
      .filter(({ name }) => name.toLowerCase().includes(part))
      .sort((a, b) => b.bytes - a.bytes);
    const compressed = new Map(stored?.layers.map((layer) => [layer.name, layer]));
    return {
      rows: layers.length,
      wanted: maxLayers,
      json: (rows) => ({
        ...summary(result),
        ...(stored && { compression: compressionOf(stored) }),
        tensors: layers.slice(0, rows).map((layer) => rowOf(layer, compressed.get(layer.name))),
        ...omitted(rows, layers.length, 'tensors, all smaller', 'Use nameContains or maxLayers.'),
        ...(result.notes.length > 0 && { notes: few(result.notes) }),
      }),
    };
  },
};

function summary({ model, parameters, layers }: InspectResult): object {
  const roles = new Map<string, { tensors: number; parameters: number; bytes: number }>();
  let zeros = 0;
  for (const layer of layers) {
    const sum = roles.get(layer.role) ?? { tensors: 0, parameters: 0, bytes: 0 };
    sum.tensors++;
    sum.parameters += layer.parameters;
    sum.bytes += layer.bytes;
    roles.set(layer.role, sum);
    zeros += layer.zeros ?? 0;
  }
  const counted = layers.some((layer) => layer.zeros !== null);
  return {
    file: model,
    parameters,
    ...(counted && { sparsity: parameters > 0 ? zeros / parameters : 0 }),
    tensorsByRole: Object.fromEntries(roles),
  };
}

function compressionOf({ input, ratio, recipe, otherBytes }: ReportResult): object {
  return { originalBytes: input.bytes, ratio, recipe, bytesBesideTheTensors: otherBytes };
}

function rowOf(layer: InspectedLayer, stored: CompressedLayer | undefined): object {
  const { name, op, role, shape, dtype, parameters, bytes, zeros, distinct } = layer;
  const { min, max, mean, std } = layer;
  return {
    ...{ name, op, role, shape, dtype, parameters, bytes },
    ...(zeros !== null && { sparsity: parameters > 0 ? zeros / parameters : 0, distinct }),
    ...(min !== null && { min, max, mean, std }),
    ...(stored && { compressed: storedRow(stored) }),
  };
}

/** How a tensor is stored in a .dcz. */
export function storedRow(layer: CompressedLayer): object {
  const { sparsity, codebookSize, grid, coder, bytes, weights, rmse } = layer;
  const codes = grid
    ? { levels: grid.levels, channelsWithScale: grid.channels }
    : { sharedValues: codebookSize };
  return {
    ...{ sparsity, ...codes, coder, bytes: bytes.total },
    bitsPerWeight: weights > 0 ? (8 * bytes.total) / weights : 0,
    rmse,
  };
}
