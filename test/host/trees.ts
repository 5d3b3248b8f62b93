/** Catches the tree data providers that the extension hands to VS Code. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

const providers = new Map<string, vscode.TreeDataProvider<unknown>>();

/** To be called before the extension is activated. */
export function captureTrees(): void {
  const { createTreeView, registerTreeDataProvider } = vscode.window;
  vscode.window.createTreeView = ((id: string, options: vscode.TreeViewOptions<unknown>) => {
    providers.set(id, options.treeDataProvider);
    return createTreeView(id, options);
  }) as typeof createTreeView;
  vscode.window.registerTreeDataProvider = ((
    id: string,
    provider: vscode.TreeDataProvider<unknown>,
  ) => {
    providers.set(id, provider);
    return registerTreeDataProvider(id, provider);
  }) as typeof registerTreeDataProvider;
}

export interface TreeRow {
  readonly node: unknown;
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
  readonly context: string;
  readonly accessible: string;
}

/** What a view shows below a node, or at its top. */
export async function treeRows(view: string, node?: unknown): Promise<TreeRow[]> {
  const provider = providers.get(view);
  assert.ok(provider, `no view ${view}`);
  const children = (await provider.getChildren(node)) ?? [];
  return Promise.all(
    children.map(async (child) => {
      const item = await provider.getTreeItem(child);
      const { label, tooltip } = item;
      return {
        node: child,
        label: typeof label === 'string' ? label : (label?.label ?? ''),
        description: String(item.description ?? ''),
        tooltip: tooltip instanceof vscode.MarkdownString ? tooltip.value : (tooltip ?? ''),
        context: item.contextValue ?? '',
        accessible: item.accessibilityInformation?.label ?? '',
      };
    }),
  );
}
