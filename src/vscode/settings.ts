/** The settings `deepCompression.*`, read where they are needed so that a change needs no reload. */
import { host } from '#host';
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
  /** A path, or an object with one, as the user wrote it (dataset.ts). */
  readonly dataset: unknown;
  /** Folder of the package onnxruntime-node; '' when there is none to be used. */
  readonly nativeRuntime: string;
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
    defaultPreset: text('defaultPreset', 'safe'),
    presets:
      typeof presets === 'object' && presets !== null
        ? (plain(presets) as Record<string, unknown>)
        : {},
    outputFolder: text('outputFolder', ''),
    outputName: text('outputName', '${name}-${preset}.dcz'),
    threads:
      typeof threads === 'number' && Number.isInteger(threads) && threads >= 1
        ? Math.min(threads, 64)
        : host.cores(),
    dataset: plain(all.get('dataset')),
    nativeRuntime: text('nativeRuntime', ''),
  };
}

/** A copy: VS Code hands out proxies, which cannot be posted to the worker. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
