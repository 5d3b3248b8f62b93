/**
 * `compress_model`: the same as "Compress Model…", with everything said beforehand. The user is asked
 * before it writes, and told when a file would be replaced.
 */
import * as vscode from 'vscode';
import type { Retraining } from '../../engine/protocol-accuracy.ts';
import { compressOne, outputFor, samplesFor, type Compressed } from '../compressing.ts';
import { modelKinds, dottedEndings } from '../endings.ts';
import { exists, nameOf } from '../files.ts';
import { presetNamed } from '../presets.ts';
import type { Services } from '../services.ts';
import { settingsFor } from '../settings.ts';
import { Fields, rowsIn } from './input.ts';
import { storedRow } from './inspect-model.ts';
import { few, omitted, type Tool } from './tool.ts';

interface Input {
  readonly model: vscode.Uri;
  readonly preset: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly maxLayers: number;
}

export const compressModel: Tool<Input> = {
  parse: (raw) => {
    const fields = new Fields(raw);
    const model = vscode.Uri.file(fields.path('path', dottedEndings(modelKinds)));
    const preset = fields.text('preset') ?? settingsFor(model).defaultPreset;
    const input = {
      ...{ model, preset },
      output: fields.optionalPath('output', ['.dcz']) ?? outputFor(model, preset),
      overwrite: fields.flag('overwrite', false),
      maxLayers: rowsIn(fields),
    };
    fields.done();
    return input;
  },
  reads: ({ model }) => [model.fsPath],
  doing: ({ model, preset }) => vscode.l10n.t('Compressing {0} with {1}', nameOf(model), preset),
  confirmation: async ({ model, preset, output, overwrite }, services) => {
    const title = vscode.l10n.t('Compress {0}?', nameOf(model));
    const replaces = overwrite && (await exists(vscode.Uri.file(output)));
    const trains = await trainsIn(services, model, preset);
    const also = trains
      ? ` ${vscode.l10n.t(
          'It retrains the model on the samples of the settings, which takes minutes to hours, and also writes {0} and, while it runs, {1}.',
          output.replace(/\.dcz$/i, '.training.json'),
          `${output}.checkpoint`,
        )}`
      : '';
    const writes = replaces
      ? vscode.l10n.t(
          "Preset '{0}'. The existing file {1} is replaced; the model stays as it is.",
          preset,
          output,
        )
      : vscode.l10n.t("Preset '{0}'. Writes {1}; the model stays as it is.", preset, output);
    return { title, text: `${writes}${also}` };
  },
  run: async ({ model, preset, output, overwrite, maxLayers }, services, signal) => {
    const loaded = await (await presetNamed(services, model, preset)).load();
    const { recipe, trains } = loaded;
    const samples = samplesFor(model, preset, loaded);
    const result = await compressOne(
      services,
      { model, out: output, overwrite, recipe, trains, ...samples },
      { signal },
    );
    const layers = [...result.layers].sort((a, b) => b.bytes.total - a.bytes.total);
    return {
      rows: layers.length,
      wanted: maxLayers,
      json: (rows) => ({
        output: result.output,
        input: result.input,
        ratio: result.ratio,
        preset: result.recipe,
        decodesExactly: result.decodesExactly,
        outputs: outputsOf(result),
        seconds: result.seconds,
        accuracy: result.retraining
          ? accuracyOf(result.retraining)
          : 'not measured: check it before the model is used (deepc evaluate)',
        bytesBesideTheLayers: result.otherBytes,
        layers: layers.slice(0, rows).map((layer) => ({
          ...{ name: layer.name, op: layer.op, weights: layer.weights },
          ...storedRow(layer),
        })),
        ...omitted(rows, layers.length, 'layers, all smaller', 'Use maxLayers.'),
        ...(result.notes.length > 0 && { notes: few(result.notes) }),
      }),
    };
  },
};

/** Whether the preset retrains; one that cannot be read is refused when the tool runs. */
async function trainsIn(services: Services, model: vscode.Uri, preset: string): Promise<boolean> {
  try {
    return (await (await presetNamed(services, model, preset)).load()).trains;
  } catch {
    return false;
  }
}

/** What it did to the outputs, or why that is not known. */
function outputsOf({ fidelity, notMeasured }: Compressed): object | string {
  if (!fidelity) return `not measured${notMeasured === undefined ? '' : `: ${notMeasured}`}`;
  const { on, verdict, samples, kind, disagreement, relativeError } = fidelity;
  const answers = on === 'samples' && kind !== 'values' && { answersChanged: disagreement };
  return { verdict, on, samples, kind, ...answers, relativeError };
}

/** Measured while retraining: on the test data where there are some, else on what was held out. */
function accuracyOf({ test, before, after, agreement }: Retraining): object {
  return {
    of: agreement ? 'agreement with the model as it was' : 'samples answered correctly',
    on: test ? 'the test samples' : 'samples held out of training',
    ...(test ?? { before, after }),
  };
}
