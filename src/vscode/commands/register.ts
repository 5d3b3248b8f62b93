/** Commands by name. Each loads its own code when it is first run, so that activation stays small. */
import * as vscode from 'vscode';
import { reveal } from '../files.ts';
import { report } from '../errors.ts';
import type { Inspector } from '../inspector/register.ts';
import type { Services } from '../services.ts';

export function registerCommands(services: Services, inspector: Inspector): void {
  const register = (
    name: string,
    doing: string,
    run: (clicked: unknown, selected: unknown) => unknown,
  ): void => {
    const guarded = async (clicked: unknown, selected: unknown): Promise<unknown> => {
      try {
        return await run(clicked, selected);
      } catch (error) {
        report(error, doing, services);
        return undefined;
      }
    };
    services.context.subscriptions.push(
      vscode.commands.registerCommand(`deepCompression.${name}`, guarded),
    );
  };

  register('compress', 'compress', async (clicked, selected) =>
    (await import('./compress.ts')).compress(services, clicked, selected),
  );
  register('decompress', 'decompress', async (clicked, selected) =>
    (await import('./decompress.ts')).decompress(services, clicked, selected),
  );
  register('chooseDefaultPreset', 'choose a default preset', async () =>
    (await import('./choose-default-preset.ts')).chooseDefaultPreset(services),
  );
  register('evaluate', 'evaluate', async (clicked, selected) =>
    (await import('./evaluate.ts')).evaluate(services, clicked, selected),
  );
  register('scanSensitivity', 'scan sensitivity', async (clicked, selected) =>
    (await import('./scan-sensitivity.ts')).scanSensitivity(services, clicked, selected),
  );
  register('measureImpact', 'weigh layers', async (clicked, selected) =>
    (await import('./measure-impact.ts')).measureImpact(services, clicked, selected),
  );
  register('findSmallest', 'search', async (clicked, selected) =>
    (await import('./find-smallest.ts')).findSmallestOf(services, clicked, selected),
  );
  register('chooseSamples', 'choose samples', async (clicked, selected) =>
    (await import('./choose-samples.ts')).chooseSamplesOf(services, clicked, selected),
  );
  register('removeChannels', 'remove channels', async (clicked, selected) =>
    (await import('./remove-channels.ts')).removeChannels(services, clicked, selected),
  );
  register('export', 'export', async (clicked, selected) =>
    (await import('./export.ts')).exportModel(services, clicked, selected),
  );
  register('showReport', 'show report', async (clicked, selected) =>
    (await import('./show-report.ts')).showReport(clicked, selected),
  );
  register('useModel', 'use model', async (clicked, selected) =>
    (await import('./use-model.ts')).useModel(services, clicked, selected),
  );
  register('inspect', 'inspect', async (clicked, selected) =>
    (await import('./inspect.ts')).inspect(inspector, clicked, selected),
  );
  register('openInspector', 'open inspector', async (clicked, selected) =>
    (await import('./open-model-editor.ts')).openModelEditor(clicked, selected),
  );
  register('openSample', 'open sample model', async () =>
    (await import('./open-sample.ts')).openSample(services),
  );
  register('compareModels', 'compare models', async (clicked, selected) =>
    (await import('./compare-models.ts')).compareModels(clicked, selected),
  );
  register('eieSimulate', 'simulate', async (clicked, selected) =>
    (await import('./eie.ts')).simulateModel(services, clicked, selected),
  );
  register('eieBenchmark', 'benchmark', async () =>
    (await import('./eie.ts')).runBenchmark(services),
  );
  register('eieExplore', 'explore', async (clicked, selected) =>
    (await import('./eie.ts')).exploreDesignSpace(services, clicked, selected),
  );
  register('refresh', 'refresh', () => inspector.refresh());
  register('openLog', 'open log', () => services.log.show());
  register('openSettings', 'open settings', () =>
    vscode.commands.executeCommand(
      'workbench.action.openSettings',
      `@ext:${services.context.extension.id}`,
    ),
  );
  register('revealModel', 'reveal', (clicked) => {
    const uri = uriIn(clicked);
    return uri && reveal(uri);
  });
  register('copyName', 'copy name', (clicked) => {
    const name = nameIn(clicked);
    return name === undefined ? undefined : vscode.env.clipboard.writeText(name);
  });
}

function uriIn(value: unknown): vscode.Uri | undefined {
  if (typeof value !== 'object' || value === null || !('uri' in value)) return undefined;
  return value.uri instanceof vscode.Uri ? value.uri : undefined;
}

/** A layer node of the inspector carries the layer. */
function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('layer' in value)) return undefined;
  const { name } = value.layer as { name?: unknown };
  return typeof name === 'string' ? name : undefined;
}
