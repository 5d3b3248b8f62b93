/** The report page's sentences in the user's language. */
import * as vscode from 'vscode';
import { english, type ReportStrings } from '../../../webview/report/strings.ts';

/** scripts/l10n.mjs takes the English texts from webview/report/strings.ts into the bundle. */
export function reportStrings(): ReportStrings {
  return Object.fromEntries(
    Object.entries(english).map(([key, text]) => [key, vscode.l10n.t(text)]),
  ) as ReportStrings;
}
