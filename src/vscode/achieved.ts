/**
 * Tells VS Code that a step of the walkthrough is done. A step whose command has merely been started
 * takes the focus when it is ticked, and closes the question that the command has just asked.
 */
import * as vscode from 'vscode';

/** @param what as package.json's completionEvents name it */
export function achieved(what: 'sampleOpened' | 'compressed'): void {
  void vscode.commands.executeCommand('setContext', `deepCompression.${what}`, true);
}
