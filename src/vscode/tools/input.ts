/**
 * Checks what a language model sent. Its schema in the manifest says the same, but nobody enforces
 * that; every message tells the model how to call again.
 */
import { host } from '#host';
import * as vscode from 'vscode';

export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Reads the fields of an input one by one; `done` refuses those that nobody asked for. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  /** @throws InputError */
  constructor(input: unknown) {
    if (typeof input !== 'object' || input === null || Array.isArray(input))
      throw new InputError('The input must be a JSON object.');
    this.#values = input as Record<string, unknown>;
  }

  /** The absolute path of a file with one of the endings. */
  path(name: string, endings: readonly string[]): string {
    const value = this.optionalPath(name, endings);
    if (value === undefined)
      throw new InputError(
        `'${name}' is missing: give the absolute path of a file (${endings.join(', ')}).`,
      );
    return value;
  }

  optionalPath(name: string, endings: readonly string[]): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!host.paths.isAbsolute(value)) {
      const folder = vscode.workspace.workspaceFolders?.find((f) => f.uri.scheme === 'file');
      const hint = folder ? `, for example below the workspace folder ${folder.uri.fsPath}` : '';
      throw new InputError(`'${name}' must be an absolute path, not '${value}'${hint}.`);
    }
    if (endings.some((ending) => value.toLowerCase().endsWith(ending))) return value;
    throw new InputError(`'${name}' must end in ${endings.join(' or ')}, not '${value}'.`);
  }

  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string' && value.length <= 4096) return value;
    throw new InputError(`'${name}' must be a string.`);
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#take(name);
    if (value === undefined) return otherwise;
    if (typeof value === 'boolean') return value;
    throw new InputError(`'${name}' must be true or false.`);
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.number(name, least, most);
    if (value === undefined || Number.isInteger(value)) return value;
    throw new InputError(`'${name}' must be a whole number from ${least} to ${most}.`);
  }

  number(name: string, least: number, most: number): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw new InputError(`'${name}' must be a number from ${least} to ${most}.`);
  }

  /** @throws InputError for a field that was not read: a misspelt option must not pass unnoticed */
  done(): void {
    const unknown = Object.keys(this.#values).filter((name) => !this.#known.has(name));
    if (unknown.length > 0)
      throw new InputError(
        `'${unknown[0]}' is no field of this tool: it takes ${[...this.#known].join(', ')}.`,
      );
  }

  /** null is what some models send for a field they leave out. */
  #take(name: string): unknown {
    this.#known.add(name);
    return this.#values[name] ?? undefined;
  }
}

/** Rows of a table that a model asks for. */
export const fewestRows = 1;
export const mostRows = 200;
export const usualRows = 20;

export function rowsIn(fields: Fields): number {
  return fields.integer('maxLayers', fewestRows, mostRows) ?? usualRows;
}
