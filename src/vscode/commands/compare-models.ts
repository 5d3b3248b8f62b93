/** "Compare Models…": two models in one inspector, what changed the most first. */
import * as vscode from 'vscode';
import { allKinds } from '../endings.ts';
import { UserError } from '../errors.ts';
import { kindOf, nameOf } from '../files.ts';
import { chooseModel } from '../model-editor/choose-model.ts';
import { openInspectorOn } from '../model-editor/requests.ts';
import { namedTargets } from '../targets.ts';

export async function compareModels(clicked: unknown, selected: unknown): Promise<void> {
  const named = namedTargets(clicked, selected, allKinds);
  const several = Array.isArray(selected) && selected.length > 1;
  if (named.length > 2 || (several && named.length < 2))
    throw new UserError(vscode.l10n.t('Choose two models to compare.'));
  const one = named[0] ?? (await chooseModel(vscode.l10n.t('Compare Models: the First of Two')));
  if (!one) return;
  const two = named[1] ?? (await chooseModel(vscode.l10n.t('Compare {0} with', nameOf(one)), one));
  if (!two) return;
  // what was made is looked at, what it was made of is what it is compared with
  const swapped = kindOf(one) !== 'dcz' && kindOf(two) === 'dcz';
  const [shown, other] = swapped ? [two, one] : [one, two];
  await openInspectorOn(shown, { shown: { whole: 'compare' }, other });
}
