/** The EIE panel's sentences in the user's language. */
import * as vscode from 'vscode';
import { english, type EieStrings } from '../../../webview/eie/strings.ts';

/** scripts/l10n.mjs takes the English texts from webview/eie/strings.ts into the bundle. */
export function eieStrings(): EieStrings {
  return Object.fromEntries(
    Object.entries(english).map(([key, text]) => [key, vscode.l10n.t(text)]),
  ) as EieStrings;
}
