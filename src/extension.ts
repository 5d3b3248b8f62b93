/** The extension where there is Node: on a desktop, and on a server that VS Code is connected to. */
import * as vscode from 'vscode';
import { EngineClient } from './engine/client.ts';
import { processHost, threadHost } from './engine/node/job-host.ts';
import { activateWith } from './vscode/activate.ts';
import { settingsFor } from './vscode/settings.ts';
import { registerTasks } from './vscode/tasks/register.ts';

let clients: readonly EngineClient[] = [];

export function activate(context: vscode.ExtensionContext): void {
  const worker = context.asAbsolutePath('dist/worker.js');
  const engine = new EngineClient(threadHost(worker));
  const trainer = new EngineClient((events) => {
    const { nativeRuntime } = settingsFor(undefined);
    return (nativeRuntime ? processHost(worker, nativeRuntime) : threadHost(worker))(events);
  });
  clients = [engine, trainer];
  registerTasks(activateWith(context, engine, trainer));
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('deepCompression.nativeRuntime')) void trainer.rest();
    }),
  );
}

export async function deactivate(): Promise<void> {
  await Promise.all(clients.map((client) => client.dispose()));
}
