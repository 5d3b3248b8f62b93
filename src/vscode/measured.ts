/**
 * What was measured of models with the user's samples, kept for this workspace until a file changes, so
 * that pages can show it at any later time. Nothing of the samples is kept but their name.
 */
import * as vscode from 'vscode';
import type { Measured, Measurement } from '../../webview/accuracy/measured.ts';
import { knownSamples, onDidChooseSamples } from './dataset.ts';
import { UserError } from './errors.ts';
import { kindOf } from './files.ts';
import { originalOf } from './originals.ts';
import type { Services } from './services.ts';

interface Kept {
  readonly stamp: string;
  readonly measured: Measured;
}

/** The commands that measure. */
const commands: Readonly<Record<Measurement, string>> = {
  evaluate: 'deepCompression.evaluate',
  impact: 'deepCompression.measureImpact',
  sensitivity: 'deepCompression.scanSensitivity',
  front: 'deepCompression.findSmallest',
  samples: 'deepCompression.chooseSamples',
};

const changed = new vscode.EventEmitter<void>();
/** More is known of some model, or it is measured on other samples. */
export const onDidMeasure = changed.event;
onDidChooseSamples(() => changed.fire());

export function measure(what: Measurement, uri: vscode.Uri): Thenable<unknown> {
  return vscode.commands.executeCommand(commands[what], uri);
}

/** Adds to what is known of a file, or replaces it. */
export async function rememberMeasured(
  services: Services,
  uri: vscode.Uri,
  more: Measured,
): Promise<void> {
  const measured = { ...(await own(services, uri)), ...more };
  const kept: Kept = { stamp: await stampOf(uri), measured };
  await services.context.workspaceState.update(keyOf(uri), kept);
  changed.fire();
}

/** What is known of a file; of a .dcz also what is known of the model that it was made of. */
export async function measuredOf(services: Services, uri: vscode.Uri): Promise<Measured> {
  const original = kindOf(uri) === 'dcz' ? await originalOf(uri) : undefined;
  const { impact, sensitivity, front } = original ? await own(services, original) : {};
  const samples = nameOfSamples(services, original ?? uri);
  return {
    ...(samples !== undefined && { samples }),
    ...(impact && { impact }),
    ...(sensitivity && { sensitivity }),
    ...(front && { front }),
    ...(await own(services, uri)),
  };
}

async function own({ context }: Services, uri: vscode.Uri): Promise<Measured> {
  const kept = context.workspaceState.get<Kept>(keyOf(uri));
  if (!kept) return {};
  const now = await stampOf(uri).catch(() => undefined);
  return kept.stamp === now ? kept.measured : {};
}

/** undefined also where the setting is not what it should be, which whoever uses it is told. */
function nameOfSamples(services: Services, model: vscode.Uri): string | undefined {
  try {
    return knownSamples(services, model)?.name;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

const keyOf = (uri: vscode.Uri): string => `measured ${uri.toString()}`;

async function stampOf(uri: vscode.Uri): Promise<string> {
  const { size, mtime } = await vscode.workspace.fs.stat(uri);
  return `${size} ${mtime}`;
}
