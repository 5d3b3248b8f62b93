/** Wires the Model Inspector: view, expansion, and a refresh when model files come, go or change. */
import * as vscode from 'vscode';
import { allKinds, searchedEndings } from '../endings.ts';
import { inAnyCase } from '../files.ts';
import { viewId, type Services } from '../services.ts';
import { Models } from './models.ts';
import { registerStatus } from './status.ts';
import { ModelTree, type Node } from './tree.ts';

/** Milliseconds that files must rest before the list is read again. */
const settle = 400;

export interface Inspector {
  refresh(): void;
  /** Shows a model and opens it. */
  show(uri: vscode.Uri): Promise<void>;
}

export function registerInspector(services: Services): Inspector {
  const models = new Models(services);
  const tree = new ModelTree(models);
  const view = vscode.window.createTreeView<Node>(viewId, {
    treeDataProvider: tree,
    showCollapseAll: true,
    canSelectMany: true,
  });
  let timer: NodeJS.Timeout | undefined;
  let missed = false;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // nobody looks: the next look reads the list
      if (view.visible) models.refresh();
      else missed = true;
    }, settle);
  };
  const watcher = vscode.workspace.createFileSystemWatcher(
    `**/*.{${searchedEndings(allKinds).map(inAnyCase).join(',')}}`,
  );
  services.context.subscriptions.push(
    models,
    view,
    registerStatus(models),
    watcher,
    watcher.onDidCreate(changed),
    watcher.onDidChange(changed),
    watcher.onDidDelete(changed),
    vscode.workspace.onDidChangeWorkspaceFolders(changed),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('files.exclude')) changed();
    }),
    view.onDidChangeVisibility(({ visible }) => {
      if (visible && missed) models.refresh();
      if (visible) missed = false;
    }),
    view.onDidExpandElement(({ element }) => {
      if (element.kind === 'model') models.startStatistics(element.file);
    }),
    view.onDidCollapseElement(({ element }) => {
      if (element.kind === 'model') models.stopStatistics(element.file);
    }),
    { dispose: () => clearTimeout(timer) },
  );
  return {
    refresh: () => models.refresh(),
    show: async (uri) => {
      await vscode.commands.executeCommand(`${viewId}.focus`);
      if (!vscode.workspace.getWorkspaceFolder(uri)) models.add(uri);
      if (!tree.root(uri)) {
        await tree.getChildren();
        models.refresh();
      }
      await revealModel(view, tree, uri);
    },
  };
}

/** A refresh under way makes VS Code forget the nodes it is asked for: then once more. */
async function revealModel(
  view: vscode.TreeView<Node>,
  tree: ModelTree,
  uri: vscode.Uri,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const node = tree.root(uri);
    if (!node) return;
    try {
      return await view.reveal(node, { select: true, focus: true, expand: true });
    } catch (error) {
      if (attempt === 10) throw error;
      await new Promise((done) => setTimeout(done, 150));
    }
  }
}
