/** The model that a measurement is about: what was named, or what a named .dcz was made of. */
import * as vscode from 'vscode';
import { runnableKinds } from './endings.ts';
import { UserError } from './errors.ts';
import { kindOf, nameOf } from './files.ts';
import { originalOf } from './originals.ts';
import { askForTargets, namedTargets } from './targets.ts';

/** Undefined when the question was dismissed. @throws UserError when the original of a .dcz is not near */
export async function measurableModel(
  clicked: unknown,
  selected: unknown,
  title: string,
): Promise<vscode.Uri | undefined> {
  const named = namedTargets(clicked, selected, [...runnableKinds, 'dcz']);
  const [chosen] = named.length > 0 ? named : await askForTargets(runnableKinds, title);
  return chosen && originalFor(chosen);
}

/** A model is its own original. */
export async function originalFor(file: vscode.Uri): Promise<vscode.Uri> {
  const model = kindOf(file) === 'dcz' ? await originalOf(file) : file;
  if (model) return model;
  throw new UserError(
    vscode.l10n.t('The model that {0} was made of is not beside it', nameOf(file)),
  );
}
