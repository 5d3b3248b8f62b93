/** Catches the language-model tools that the extension hands to VS Code. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

const tools = new Map<string, vscode.LanguageModelTool<object>>();

/** To be called before the extension is activated. */
export function captureTools(): void {
  const { registerTool } = vscode.lm;
  const lm = vscode.lm as { registerTool: typeof registerTool };
  lm.registerTool = (name, tool) => {
    tools.set(name, tool as vscode.LanguageModelTool<object>);
    return registerTool(name, tool);
  };
}

export function capturedTool(name: string): vscode.LanguageModelTool<object> {
  return tools.get(name) ?? assert.fail(`no tool ${name}`);
}
