/**
 * Tasks of the type `deepCompression`: those a user writes into tasks.json, and one offered for each
 * model of the workspace. They run the same jobs in the same worker as the commands.
 */
import * as vscode from 'vscode';
import { allKinds, searchedEndings } from '../endings.ts';
import { findFiles, kindOf } from '../files.ts';
import type { Services } from '../services.ts';
import type { JobDefinition } from './jobs.ts';

const type = 'deepCompression';
/** Models that tasks are offered for. */
const most = 50;

export function registerTasks(services: Services): void {
  const task = (
    definition: JobDefinition,
    scope: vscode.TaskScope | vscode.WorkspaceFolder,
    name: string,
  ): vscode.Task => {
    const folder =
      typeof scope === 'object' ? scope.uri : vscode.workspace.workspaceFolders?.[0]?.uri;
    // what arrives here has its variables filled in
    const execution = new vscode.CustomExecution(async (resolved) => {
      const { JobTerminal } = await import('./terminal.ts');
      const { runJob } = await import('./jobs.ts');
      return new JobTerminal(
        name,
        (run) => runJob(services, resolved as JobDefinition, folder, run),
        (error) => services.log.error(`task ${name}: ${String(error)}`),
      );
    });
    return new vscode.Task(definition, scope, name, type, execution, []);
  };
  services.context.subscriptions.push(
    vscode.tasks.registerTaskProvider(type, {
      provideTasks: async (token) => {
        const files = await findFiles(searchedEndings(allKinds), token);
        return files.slice(0, most).flatMap((uri) => {
          const folder = vscode.workspace.getWorkspaceFolder(uri);
          if (uri.scheme !== 'file' || !folder) return [];
          const file = uri.path.slice(folder.uri.path.length + 1);
          const job = kindOf(uri) === 'dcz' ? 'simulate' : 'compress';
          return [task({ type, job, file }, folder, `${job} ${file}`)];
        });
      },
      resolveTask: ({ definition, scope, name }) =>
        task(definition, scope ?? vscode.TaskScope.Workspace, name),
    }),
  );
}
