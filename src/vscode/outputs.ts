/** What a page gives out: text for the clipboard, pictures and tables as files of the user's choice. */
import * as vscode from 'vscode';
import type { OutputMessage } from '../../webview/ui/output.ts';
import { UserError } from './errors.ts';

export interface OutputPlace {
  /** Of the files' names: `<stem>-<name>.<format>`. */
  readonly stem: string;
  /** Where the dialog begins; undefined: where VS Code likes. */
  readonly folder: vscode.Uri | undefined;
  /** The model that is shown, which nothing may replace. */
  readonly model?: vscode.Uri;
}

/** @returns the name of the file that was written; undefined when nothing was */
export async function giveOut(
  message: OutputMessage,
  { stem, folder, model }: OutputPlace,
): Promise<string | undefined> {
  if (message.type === 'copy') {
    await vscode.env.clipboard.writeText(message.text);
    return undefined;
  }
  const { name, format, content } = message;
  const file = `${stem}-${name}.${format}`;
  const uri = await vscode.window.showSaveDialog({
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, file) }),
    filters: { [format.toUpperCase()]: [format] },
  });
  if (!uri) return undefined;
  if (uri.toString() === model?.toString())
    throw new UserError(vscode.l10n.t('A picture cannot replace the model it shows.'));
  const bytes =
    typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  await vscode.workspace.fs.writeFile(uri, bytes);
  const saved = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Saved {0}', saved), 4000);
  return saved;
}
