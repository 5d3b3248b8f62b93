/**
 * Composition root of the extension: registers commands, views, editors, tasks and language-model
 * tools, and wires them to the engine. Everything that is not needed to show a view is loaded on
 * first use, and the engine's worker starts with the first job.
 */
import * as vscode from 'vscode';
import { EngineClient } from './engine/client.ts';
import { processHost, threadHost } from './engine/node/job-host.ts';
import { registerCommands } from './vscode/commands/register.ts';
import { registerEditors } from './vscode/editors.ts';
import { registerEie } from './vscode/eie/register.ts';
import { registerInspector } from './vscode/inspector/register.ts';
import { plainLog, type Services } from './vscode/services.ts';
import { settingsFor } from './vscode/settings.ts';
import { registerTasks } from './vscode/tasks/register.ts';
import { registerTools } from './vscode/tools/register.ts';

let clients: readonly EngineClient[] = [];

export function activate(context: vscode.ExtensionContext): void {
  const channel = vscode.window.createOutputChannel('Deep Compression', { log: true });
  const worker = context.asAbsolutePath('dist/worker.js');
  const engine = new EngineClient(threadHost(worker));
  const trainer = new EngineClient((events) => {
    const { nativeRuntime } = settingsFor(undefined);
    return (nativeRuntime ? processHost(worker, nativeRuntime) : threadHost(worker))(events);
  });
  clients = [engine, trainer];
  const services: Services = { context, log: plainLog(channel), engine, trainer };
  const inspector = registerInspector(services);
  registerEditors(services);
  registerEie(services);
  registerCommands(services, inspector);
  registerTools(services);
  registerTasks(services);
  context.subscriptions.push(
    channel,
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('deepCompression.nativeRuntime')) void trainer.rest();
    }),
  );
}

export async function deactivate(): Promise<void> {
  await Promise.all(clients.map((client) => client.dispose()));
}
