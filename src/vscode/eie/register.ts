/** Brings EIE panels back after the window was reloaded; their code is loaded when there is one. */
import * as vscode from 'vscode';
import { eieViewType, type Services } from '../services.ts';

export function registerEie(services: Services): void {
  services.context.subscriptions.push(
    vscode.window.registerWebviewPanelSerializer(eieViewType, {
      deserializeWebviewPanel: async (panel, state: unknown) =>
        (await import('./panel.ts')).restoreEie(services, panel, state),
    }),
  );
}
