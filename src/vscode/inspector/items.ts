/** How models and layers look in the tree, and what a screen reader says of them. */
import * as vscode from 'vscode';
import {
  formatBytes,
  formatCount,
  formatExact,
  formatShape,
  formatShare,
  formatSmall,
} from '../../../webview/ui/format.ts';
import type { InspectedLayer, InspectResult } from '../../engine/protocol-model.ts';
import { formatNames } from '../../model/format-names.ts';
import { runnableKinds, type FileKind } from '../endings.ts';
import { nameOf } from '../files.ts';
import { plainMarkdown } from '../markdown.ts';
import { folderOf } from '../targets.ts';
import type { ModelFile } from './models.ts';

/** What the menus of the manifest ask for. */
function contextOf(kind: FileKind): 'container' | 'runnable' | 'model' {
  if (kind === 'dcz') return 'container';
  return runnableKinds.includes(kind) ? 'runnable' : 'model';
}

export function modelItem(file: ModelFile, result: InspectResult | undefined): vscode.TreeItem {
  const item = new vscode.TreeItem(nameOf(file.uri), vscode.TreeItemCollapsibleState.Collapsed);
  const size = formatBytes(file.bytes);
  const weights = result && vscode.l10n.t('{0} parameters', formatCount(result.parameters));
  item.id = file.uri.toString();
  item.description = joined([size, weights, folderOf(file.uri)]);
  item.iconPath = new vscode.ThemeIcon(file.kind === 'dcz' ? 'archive' : 'type-hierarchy');
  item.contextValue = contextOf(file.kind);
  const kind =
    file.kind === 'dcz'
      ? vscode.l10n.t('compressed model')
      : vscode.l10n.t('{0} model', formatNames[file.kind].name);
  item.accessibilityInformation = { label: spoken([nameOf(file.uri), kind, size, weights]) };
  return item;
}

export function modelTooltip(
  file: ModelFile,
  result: InspectResult | undefined,
): vscode.MarkdownString {
  return table(nameOf(file.uri), [
    [vscode.l10n.t('Folder'), folderOf(file.uri)],
    [vscode.l10n.t('Size'), `${formatBytes(file.bytes)} (${formatExact(file.bytes)} B)`],
    [vscode.l10n.t('Parameters'), result ? formatExact(result.parameters) : ''],
    [vscode.l10n.t('Tensors'), result ? String(result.layers.length) : ''],
    [vscode.l10n.t('Producer'), result?.model.producer ?? ''],
    [vscode.l10n.t('Version'), result?.model.version ?? ''],
    ...(result?.notes ?? []).map((note) => [vscode.l10n.t('Note'), note] as const),
  ]);
}

/** @param counting true while the sparsity is still being counted */
export function layerItem(layer: InspectedLayer, id: string, counting: boolean): vscode.TreeItem {
  const item = new vscode.TreeItem(layer.name, vscode.TreeItemCollapsibleState.None);
  const shape = formatShape(layer.shape);
  const size = formatBytes(layer.bytes);
  const zeros = sparsity(layer);
  const zeroText =
    zeros === undefined
      ? counting
        ? '…'
        : ''
      : vscode.l10n.t('{0} zero', formatShare(zeros).replace(/\.0+ /, ' '));
  item.id = id;
  // the sparsity stands before the size: a narrow side bar cuts the end off
  item.description = joined([layer.op, shape, zeroText, size]);
  item.iconPath = new vscode.ThemeIcon(iconOf(layer));
  item.contextValue = 'layer';
  item.accessibilityInformation = {
    label: spoken([
      layer.name,
      layer.op,
      layer.role,
      vscode.l10n.t('shape {0}', layer.shape.length ? layer.shape.join(' by ') : shape),
      size,
      counting ? '' : zeroText,
    ]),
  };
  return item;
}

export function layerTooltip(layer: InspectedLayer): vscode.MarkdownString {
  const zeros = sparsity(layer);
  const number = (value: number | null): string => (value === null ? '' : formatSmall(value));
  return table(layer.name, [
    [vscode.l10n.t('Operator'), layer.op],
    [vscode.l10n.t('Role'), layer.role],
    [vscode.l10n.t('Shape'), formatShape(layer.shape)],
    [vscode.l10n.t('Type'), `${layer.dtype}, ${layer.storage}`],
    [vscode.l10n.t('Parameters'), formatExact(layer.parameters)],
    [vscode.l10n.t('Size'), `${formatBytes(layer.bytes)} (${formatExact(layer.bytes)} B)`],
    [
      vscode.l10n.t('Zeros'),
      zeros === undefined ? '' : `${formatExact(layer.zeros ?? 0)} (${formatShare(zeros)})`,
    ],
    [vscode.l10n.t('Distinct values'), layer.distinct === null ? '' : formatExact(layer.distinct)],
    [
      vscode.l10n.t('Range'),
      layer.min === null ? '' : `${number(layer.min)} … ${number(layer.max)}`,
    ],
    [
      vscode.l10n.t('Mean ± deviation'),
      layer.mean === null ? '' : `${number(layer.mean)} ± ${number(layer.std)}`,
    ],
  ]);
}

function sparsity(layer: InspectedLayer): number | undefined {
  return layer.zeros === null || layer.parameters === 0
    ? undefined
    : layer.zeros / layer.parameters;
}

function iconOf({ role, op }: InspectedLayer): string {
  if (role === 'embedding') return 'book';
  if (role !== 'weight') return 'symbol-constant';
  if (/Conv/.test(op)) return 'layers';
  if (/^(LSTM|GRU|RNN)$/.test(op)) return 'sync';
  return 'symbol-array';
}

function joined(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part).join(' · ');
}

function spoken(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part).join(', ');
}

/** Two columns under a title. Every text comes from a model, so none may become markup. */
function table(title: string, rows: readonly (readonly [string, string])[]): vscode.MarkdownString {
  const lines = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `| ${plainMarkdown(name)} | ${plainMarkdown(value)} |`);
  return new vscode.MarkdownString(
    `**${plainMarkdown(title)}**\n\n| | |\n|-|-|\n${lines.join('\n')}`,
  );
}
