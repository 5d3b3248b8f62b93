/** What an EIE panel simulates: a model of the user's or layers of the paper; as text it outlives a reload. */
import * as vscode from 'vscode';
import { inputOf, nameOf } from '../files.ts';
import { settingsFor } from '../settings.ts';
import type { SimulateLayers } from '../../engine/protocol-simulate.ts';

export type EieSource =
  | { readonly kind: 'model'; readonly uri: vscode.Uri; readonly input?: vscode.Uri }
  | { readonly kind: 'workload'; readonly name: string };

/** The command line's own default, so that both give the same figures. */
const seed = 1;

export function sourceName(source: EieSource): string {
  if (source.kind === 'model') return nameOf(source.uri);
  return source.name === 'all' ? vscode.l10n.t('Paper Benchmark') : source.name;
}

export function sourceText(source: EieSource): string {
  return JSON.stringify(
    source.kind === 'model'
      ? { kind: 'model', uri: source.uri.toString(), input: source.input?.toString() }
      : source,
  );
}

/** Undefined for anything `sourceText` did not write. */
export function sourceFrom(text: unknown): EieSource | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const { kind, uri, input, name } = JSON.parse(text) as Record<string, unknown>;
    if (kind === 'workload' && typeof name === 'string') return { kind, name };
    if (kind !== 'model' || typeof uri !== 'string') return undefined;
    return {
      kind,
      uri: vscode.Uri.parse(uri, true),
      ...(typeof input === 'string' && { input: vscode.Uri.parse(input, true) }),
    };
  } catch {
    return undefined;
  }
}

/** The engine's description of the layers; reads files only where there is no disk. */
export async function layersOf(source: EieSource): Promise<SimulateLayers> {
  if (source.kind === 'workload')
    return {
      source: { kind: 'workload', name: source.name },
      seed,
      threads: settingsFor(undefined).threads,
    };
  return {
    source: { kind: 'model', file: await inputOf(source.uri) },
    ...(source.input && { input: await inputOf(source.input) }),
    seed,
    threads: settingsFor(source.uri).threads,
  };
}

/** A folder that a save dialog may start in. */
export function folderFor(source: EieSource): vscode.Uri | undefined {
  if (source.kind === 'model') return vscode.Uri.joinPath(source.uri, '..');
  return vscode.workspace.workspaceFolders?.[0]?.uri;
}
