/** What a page gives out: text for the clipboard, pictures and tables as files of the user's choice. */
import { host } from '#host';
import * as vscode from 'vscode';
import { isOnDisk } from './files.ts';
import type { ByteSource } from '../model/bytes.ts';
import type { DataInput } from '../engine/protocol-train.ts';
import type { OutputKind } from '../platform/port.ts';
import type { FileFormat, OutputMessage } from '../../webview/ui/output.ts';
import { UserError } from './errors.ts';
import type { Services } from './services.ts';

const beginning = (file: ByteSource): string => {
  const bytes = new Uint8Array(Math.min(file.size, 1024));
  file.readInto(bytes, 0);
  return new TextDecoder('latin1').decode(bytes);
};

/** How an earlier one of each format is recognised: what is none is not replaced. */
const kinds: Readonly<Record<FileFormat, OutputKind>> = {
  svg: { name: 'an SVG picture', looksLike: (file) => /^\s*<(\?xml|svg)\b/.test(beginning(file)) },
  png: { name: 'a PNG picture', looksLike: (file) => beginning(file).startsWith('\x89PNG\r\n') },
  csv: {
    name: 'a table',
    looksLike: (file) => /^[^\0\r\n]+,[^\0\r\n]*\r?\n/.test(beginning(file)),
  },
  json: {
    name: 'JSON of this program',
    looksLike: (file) => /^(\[\s*\{"|\{\s*"(signature|results|config)":)/.test(beginning(file)),
  },
};

export interface OutputPlace {
  /** Of the files' names: `<stem>-<name>.<format>`. */
  readonly stem: string;
  /** Where the dialog begins; undefined: where VS Code likes. */
  readonly folder: vscode.Uri | undefined;
  /** What is shown, which nothing may replace. */
  readonly models: readonly vscode.Uri[];
  readonly data?: readonly DataInput[];
}

/** @returns the name of the file that was written; undefined when nothing was */
export async function giveOut(
  { engine }: Services,
  message: OutputMessage,
  { stem, folder, models, data = [] }: OutputPlace,
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
  const bytes =
    typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  if (isOnDisk(uri)) {
    const onDisk = models.filter(isOnDisk);
    const files = onDisk.map((model) => ({ path: model.fsPath }));
    const { paths: inputs } = await engine.run('inputFiles', { models: files, data });
    const rule = { kind: kinds[format], overwrite: true, inputs }; // the dialog asked
    await host.files.write(uri.fsPath, rule, (sink) => sink.write(bytes));
  } else {
    if (models.some((model) => model.toString() === uri.toString()))
      throw new UserError(vscode.l10n.t('A picture cannot replace the model it shows.'));
    await vscode.workspace.fs.writeFile(uri, bytes);
  }
  const saved = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Saved {0}', saved), 4000);
  return saved;
}
