/** The .dcz files in the folder of one, those of the same model among them. */
import * as vscode from 'vscode';
import type { Attempt } from '../../engine/protocol-fidelity.ts';
import { inputOf, kindOf } from '../files.ts';
import type { Services } from '../services.ts';

/** Files of a folder that are looked into. */
const most = 50;

/** Empty where there is no disk: then each would be read whole. */
export async function attemptsOf(
  { engine }: Services,
  uri: vscode.Uri,
): Promise<readonly Attempt[]> {
  if (uri.scheme !== 'file') return [];
  const folder = vscode.Uri.joinPath(uri, '..');
  const names = (await vscode.workspace.fs.readDirectory(folder)).map(([name]) => name);
  const others = names
    .map((name) => vscode.Uri.joinPath(folder, name))
    .filter((other) => kindOf(other) === 'dcz' && other.path !== uri.path)
    .slice(0, most);
  const inputs = await Promise.all(others.map(inputOf));
  const { attempts } = await engine.run('attempts', { file: await inputOf(uri), others: inputs });
  return attempts;
}

/** The file beside `uri` that a page names by its path. */
export function besides(uri: vscode.Uri, path: string): vscode.Uri {
  const name = path.split(/[\\/]/).pop() ?? '';
  return vscode.Uri.joinPath(uri, '..', name);
}
