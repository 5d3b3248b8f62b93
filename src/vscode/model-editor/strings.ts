/** The inspector page's sentences in the user's language. */
import * as vscode from 'vscode';
import { english, type InspectorStrings } from '../../../webview/inspector/strings.ts';

/** scripts/l10n.mjs takes the English texts from webview/inspector/strings.ts into the bundle. */
export function inspectorStrings(): InspectorStrings {
  return Object.fromEntries(
    Object.entries(english).map(([key, text]) => [key, vscode.l10n.t(text)]),
  ) as InspectorStrings;
}
