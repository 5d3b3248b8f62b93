/** The settings `deepCompression.*`, read where they are needed so that a change needs no reload. */
import { availableParallelism } from 'node:os';
import * as vscode from 'vscode';

export interface Settings {
  readonly defaultPreset: string;
  /** Name -> recipe, as the user wrote it; the engine validates it. */
  readonly presets: Readonly<Record<string, unknown>>;
  /** '' is beside the model. */
  readonly outputFolder: string;
  readonly outputName: string;
  /** At least 1. */
  readonly threads: number;
}

/** @param scope the model at hand: folders of a workspace may differ */
export function settingsFor(scope: vscode.Uri | undefined): Settings {
  const all = vscode.workspace.getConfiguration('deepCompression', scope ?? null);
  const text = (key: string, otherwise: string): string => {
    const value: unknown = all.get(key);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : otherwise;
  };
  const presets: unknown = all.get('presets');
  const threads: unknown = all.get('threads');
  return {
    defaultPreset: text('defaultPreset', 'deep-compression'),
    // a copy: VS Code hands out a proxy, which cannot be posted to the worker
    presets:
      typeof presets === 'object' && presets !== null
        ? (JSON.parse(JSON.stringify(presets)) as Record<string, unknown>)
        : {},
    outputFolder: text('outputFolder', ''),
    outputName: text('outputName', '${name}.dcz'),
    threads:
      typeof threads === 'number' && Number.isInteger(threads) && threads >= 1
        ? Math.min(threads, 64)
        : availableParallelism(),
  };
}
