/**
 * Registers commands, views, editors and language-model tools, and wires them to the engine; the same in
 * every environment. Everything that is not needed to show a view is loaded on first use, and the engine's
 * worker starts with the first job.
 */
import * as vscode from 'vscode';
import type { EngineClient } from '../engine/client.ts';
import { registerCommands } from './commands/register.ts';
import { registerEditors } from './editors.ts';
import { registerEie } from './eie/register.ts';
import { registerInspector } from './inspector/register.ts';
import { plainLog, type Services } from './services.ts';
import { registerTools } from './tools/register.ts';

export function activateWith(
  context: vscode.ExtensionContext,
  engine: EngineClient,
  trainer: EngineClient,
): Services {
  const channel = vscode.window.createOutputChannel('Deep Compression', { log: true });
  const services: Services = { context, log: plainLog(channel), engine, trainer };
  const inspector = registerInspector(services);
  registerEditors(services);
  registerEie(services);
  registerCommands(services, inspector);
  registerTools(services);
  context.subscriptions.push(channel);
  return services;
}
