/** The language-model tools of the manifest by name. Each loads its own code when it is first used. */
import * as vscode from 'vscode';
import type { Services } from '../services.ts';

type Loaded = vscode.LanguageModelTool<object>;

export function registerTools(services: Services): void {
  const offer = (name: string, load: () => Promise<Loaded>): void => {
    const tool: Loaded = {
      prepareInvocation: async (options, token) =>
        (await load()).prepareInvocation?.(options, token),
      invoke: async (options, token) => (await load()).invoke(options, token),
    };
    services.context.subscriptions.push(vscode.lm.registerTool(name, tool));
  };
  const shell = () => import('./tool.ts');
  offer('inspect_model', async () =>
    (await shell()).languageModelTool((await import('./inspect-model.ts')).inspectModel, services),
  );
  offer('compress_model', async () =>
    (await shell()).languageModelTool(
      (await import('./compress-model.ts')).compressModel,
      services,
    ),
  );
  offer('simulate_eie', async () =>
    (await shell()).languageModelTool((await import('./simulate-eie.ts')).simulateEie, services),
  );
  offer('compare_models', async () =>
    (await shell()).languageModelTool(
      (await import('./compare-models.ts')).compareModels,
      services,
    ),
  );
}
