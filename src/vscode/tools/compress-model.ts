/**
 * `compress_model`: the same as "Compress Model…", with everything said beforehand. The user is asked
 * before it writes, and told when a file would be replaced.
 */
import * as vscode from 'vscode';
import { formatDuration } from '../../../webview/ui/format.ts';
import type { Retraining } from '../../engine/protocol-accuracy.ts';
import { compressOne, outputFor, samplesFor, type Compressed } from '../compressing.ts';
import { inputFrom } from '../dataset.ts';
import { modelKinds, dottedEndings } from '../endings.ts';
import { exists, inputOf, nameOf } from '../files.ts';
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
    const { trains, takes } = await foreseen(services, model, preset);
    const also = trains
      ? ` ${vscode.l10n.t(
          'It retrains the model on the samples of the settings, and also writes {0} and, while it runs, {1}.',
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
    return { title, text: `${writes}${also} ${takes}` };
  },
  run: async ({ model, preset, output, overwrite, maxLayers }, services, signal) => {
    const loaded = await (await presetNamed(services, model, preset)).load();
    const { recipe, trains } = loaded;
    const samples = samplesFor(services, model, preset, loaded);
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
          : 'not measured: check it before the model is used (the command Evaluate Accuracy…, or deepc evaluate)',
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

/** Nobody is kept waiting for a question longer than this. */
const longestMeasuring = 10_000;

/** Whether the preset retrains, and how long it will take; what cannot be read is refused when the tool runs. */
async function foreseen(
  services: Services,
  model: vscode.Uri,
  preset: string,
): Promise<{ readonly trains: boolean; readonly takes: string }> {
  let trains = false;
  try {
    const loaded = await (await presetNamed(services, model, preset)).load();
    ({ trains } = loaded);
    const unknown = vscode.l10n.t('How long it takes could not be measured: minutes to hours.');
    if (loaded.calibrates && !trains) return { trains, takes: unknown };
    const { samples } = samplesFor(services, model, preset, loaded);
    const { data, normalisation } = samples ? inputFrom(samples) : {};
    const {
      seconds,
      epochs,
      samples: count,
    } = await services.trainer.run(
      'duration',
      {
        ...{ file: await inputOf(model), recipe: loaded.recipe },
        ...{ threads: settingsFor(model).threads },
        ...(data && { data }),
        ...(normalisation && { normalisation }),
      },
      { signal: AbortSignal.timeout(longestMeasuring) },
    );
    const about = formatDuration(Math.max(1, seconds));
    return {
      trains,
      takes: trains
        ? vscode.l10n.t(
            'Estimated from a few samples run on this machine, it takes about {0} ({1} epochs of {2} samples).',
            ...[about, String(epochs), String(count)],
          )
        : vscode.l10n.t('Estimated from the size of the model, it takes about {0}.', about),
    };
  } catch {
    return {
      trains,
      takes: trains
        ? vscode.l10n.t('How long it takes could not be measured: minutes to hours.')
        : vscode.l10n.t('How long it takes could not be estimated.'),
    };
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
function accuracyOf({ test, before, after, agreement, taken }: Retraining): object {
  return {
    ...(taken?.line !== undefined && { samples: taken.line }),
    of: agreement ? 'agreement with the model as it was' : 'samples answered correctly',
    on: test ? 'the test samples' : 'samples held out of training',
    ...(test ?? { before, after }),
  };
}
