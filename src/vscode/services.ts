/** What every part of the extension is handed: the context, the log and the engine's workers. */
import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/client.ts';
import { plainLines } from '../model/plain-text.ts';

/** What is written to the log: several lines perhaps, with texts of files in them. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  show(): void;
}

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: Log;
  readonly engine: EngineClient;
  /** Trains and evaluates in a worker of its own, or a process: what takes long holds up nothing else. */
  readonly trainer: EngineClient;
}

/** Characters of one entry of the log. */
const longestEntry = 10_000;

/** A log that no text of a file can write more into than text. */
export function plainLog(channel: vscode.LogOutputChannel): Log {
  const plain = (text: string): string => plainLines(text.slice(0, longestEntry));
  return {
    info: (text) => channel.info(plain(text)),
    warn: (text) => channel.warn(plain(text)),
    error: (text) => channel.error(plain(text)),
    show: () => channel.show(),
  };
}

export const viewId = 'deepCompression.models';
export const reportViewType = 'deepCompression.report';
export const eieViewType = 'deepCompression.eie';
export const modelEditorViewType = 'deepCompression.inspector';
