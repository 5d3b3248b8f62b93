/** What the built-in recipes are called and do, in few words, for a list. */
import * as vscode from 'vscode';

export interface PresetText {
  readonly label: string;
  readonly description: string;
  /** Prunes or rounds so hard that most models need training afterwards. */
  readonly risky?: true;
}

/** undefined for a recipe that this list does not know: it then speaks for itself. */
export function presetText(name: string): PresetText | undefined {
  switch (name) {
    case 'safe':
      return {
        label: vscode.l10n.t('Stay on the safe side'),
        description: vscode.l10n.t('Fidelity first: about four to six times smaller.'),
      };
    case 'calibrated':
      return {
        label: vscode.l10n.t('Keep its answers'),
        description: vscode.l10n.t('Half a percent lost at most; from sample inputs.'),
      };
    case 'deep-compression':
      return {
        label: vscode.l10n.t("The paper's method, one shot"),
        description: vscode.l10n.t('Prunes a third to a half, 5 to 8 bits a weight.'),
        risky: true,
      };
    case 'eie':
      return {
        label: vscode.l10n.t('For the EIE accelerator'),
        description: vscode.l10n.t('4-bit weights and index, as EIE stores them.'),
        risky: true,
      };
    case 'conservative':
      return {
        label: vscode.l10n.t('Shared values, nothing pruned'),
        description: vscode.l10n.t('255 shared values a layer.'),
      };
    case 'aggressive':
      return {
        label: vscode.l10n.t('Small before all'),
        description: vscode.l10n.t('Prunes half of all weights, 4 to 6 bits a weight.'),
        risky: true,
      };
    case 'keep':
      return {
        label: vscode.l10n.t('Change no weight'),
        description: vscode.l10n.t('Codes only layers that have few distinct values.'),
      };
    case 'deep-compression-retrain':
      return {
        label: vscode.l10n.t("The paper's method, labeled samples"),
        description: vscode.l10n.t('Prunes and shares while it trains; minutes to hours.'),
      };
    case 'deep-compression-distill':
      return {
        label: vscode.l10n.t("The paper's method, samples without labels"),
        description: vscode.l10n.t(
          "Trains towards the model's own answers; needs hundreds of samples.",
        ),
      };
    case 'slim':
      return {
        label: vscode.l10n.t('Fewer channels, labelled samples'),
        description: vscode.l10n.t('Faster in every runtime, too; minutes to hours.'),
      };
    case 'slim-unlabelled':
      return {
        label: vscode.l10n.t('Fewer channels, samples without labels'),
        description: vscode.l10n.t(
          "Trains towards the model's own answers; needs hundreds of samples.",
        ),
      };
    default:
      return undefined;
  }
}
