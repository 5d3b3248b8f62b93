/** The tree: models, their weights in model order, and everything else of a model in one group. */
import * as vscode from 'vscode';
import { formatBytes } from '../../../webview/ui/format.ts';
import type { InspectedLayer } from '../../engine/protocol-model.ts';
import { isCancelled, lineOf } from '../errors.ts';
import { layerItem, layerTooltip, modelItem, modelTooltip } from './items.ts';
import { keyOf, type ModelFile, type Models } from './models.ts';

export type Node =
  | { readonly kind: 'model'; readonly file: ModelFile; readonly uri: vscode.Uri }
  | {
      readonly kind: 'layer';
      readonly file: ModelFile;
      readonly layer: InspectedLayer;
      readonly index: number;
    }
  | {
      readonly kind: 'others';
      readonly file: ModelFile;
      readonly layers: readonly (readonly [InspectedLayer, number])[];
    }
  | { readonly kind: 'message'; readonly file: ModelFile; readonly text: string };

export class ModelTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  /** One node object a model, kept while its file is unchanged, so that VS Code recognises it. */
  private readonly roots = new Map<string, Node>();

  constructor(private readonly models: Models) {
    models.onDidChange((key) =>
      this.changed.fire(key === undefined ? undefined : this.roots.get(key)),
    );
  }

  async getChildren(parent?: Node): Promise<Node[]> {
    if (!parent) return this.modelNodes();
    if (parent.kind === 'model') return this.layerNodes(parent.file);
    if (parent.kind === 'others')
      return parent.layers.map(([layer, index]) => ({
        kind: 'layer',
        file: parent.file,
        layer,
        index,
      }));
    return [];
  }

  getParent(node: Node): Node | undefined {
    return node.kind === 'model' ? undefined : this.roots.get(keyOf(node.file));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const key = keyOf(node.file);
    switch (node.kind) {
      case 'model': {
        const item = modelItem(node.file, this.models.peek(node.file));
        item.command =
          node.file.kind === 'dcz'
            ? {
                command: 'deepCompression.showReport',
                title: vscode.l10n.t('Show Compression Report'),
                arguments: [node],
              }
            : {
                command: 'deepCompression.openInspector',
                title: vscode.l10n.t('Open in Model Inspector'),
                arguments: [node],
              };
        return item;
      }
      case 'layer': {
        const counting = !this.models.isComplete(node.file);
        const item = layerItem(node.layer, `${key}#${node.index}`, counting);
        item.command = {
          command: 'deepCompression.openInspector',
          title: vscode.l10n.t('Open in Model Inspector'),
          arguments: [{ uri: node.file.uri, layer: node.layer.name }],
        };
        return item;
      }
      case 'others': {
        const bytes = node.layers.reduce((sum, [layer]) => sum + layer.bytes, 0);
        const item = new vscode.TreeItem(
          vscode.l10n.t('Other tensors'),
          vscode.TreeItemCollapsibleState.Collapsed,
        );
        item.id = `${key}#others`;
        item.description = `${node.layers.length} · ${formatBytes(bytes)}`;
        item.tooltip = vscode.l10n.t('Biases, normalization, shapes and constants');
        item.accessibilityInformation = {
          label: `${String(item.label)}, ${node.layers.length}, ${formatBytes(bytes)}`,
        };
        return item;
      }
      case 'message': {
        const item = new vscode.TreeItem(node.text);
        item.id = `${key}#message`;
        item.iconPath = new vscode.ThemeIcon('warning');
        item.tooltip = node.text;
        return item;
      }
    }
  }

  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    if (node.kind === 'model') item.tooltip = modelTooltip(node.file, this.models.peek(node.file));
    if (node.kind === 'layer') item.tooltip = layerTooltip(node.layer);
    return item;
  }

  /** The node of a model that was listed. */
  root(uri: vscode.Uri): Node | undefined {
    return this.roots.get(uri.toString());
  }

  private async modelNodes(): Promise<Node[]> {
    const files = await this.models.list();
    await vscode.commands.executeCommand('setContext', 'deepCompression.searched', true);
    const before = new Map(this.roots);
    this.roots.clear();
    for (const file of files) {
      const old = before.get(keyOf(file));
      const same = old?.file.bytes === file.bytes && old.file.modified === file.modified;
      this.roots.set(keyOf(file), same ? old : { kind: 'model', file, uri: file.uri });
    }
    return [...this.roots.values()];
  }

  private async layerNodes(file: ModelFile): Promise<Node[]> {
    try {
      const { layers } = await this.models.structure(file);
      this.models.startStatistics(file);
      const all = layers.map((layer, index) => [layer, index] as const);
      const main = all.filter(([layer]) => isMain(layer));
      const others = all.filter(([layer]) => !isMain(layer));
      return [
        ...main.map(([layer, index]): Node => ({ kind: 'layer', file, layer, index })),
        ...(others.length > 0 ? [{ kind: 'others', file, layers: others } as const] : []),
        ...(layers.length === 0
          ? [{ kind: 'message', file, text: vscode.l10n.t('No tensors') } as const]
          : []),
      ];
    } catch (error) {
      return isCancelled(error) ? [] : [{ kind: 'message', file, text: lineOf(error, file.uri) }];
    }
  }
}

function isMain({ role }: InspectedLayer): boolean {
  return role === 'weight' || role === 'embedding';
}
