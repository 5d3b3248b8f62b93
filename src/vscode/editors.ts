/** The read-only editors of model files. Their code is loaded when the first one opens. */
import * as vscode from 'vscode';
import { modelEditorViewType, reportViewType, type Services } from './services.ts';

type Attach = (services: Services, uri: vscode.Uri, panel: vscode.WebviewPanel) => void;

export function registerEditors(services: Services): void {
  registerEditor(services, reportViewType, async () => (await import('./report/editor.ts')).attach);
  registerEditor(
    services,
    modelEditorViewType,
    async () => (await import('./model-editor/editor.ts')).attach,
  );
}

function registerEditor(services: Services, viewType: string, load: () => Promise<Attach>): void {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
    resolveCustomEditor: async ({ uri }, panel) => (await load())(services, uri, panel),
  };
  services.context.subscriptions.push(
    vscode.window.registerCustomEditorProvider(viewType, provider, {
      webviewOptions: { enableFindWidget: true },
      supportsMultipleEditorsPerDocument: true,
    }),
  );
}
