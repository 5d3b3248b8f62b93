/** All gradient rules by operator: `Conv`, or `domain.Name` outside ONNX's own domain. */
import { activationRules } from './activations.ts';
import { arithmeticRules } from './arithmetic.ts';
import { convolutionRules } from './convolution.ts';
import { indexingRules } from './indexing.ts';
import { layoutRules } from './layout.ts';
import { linearRules } from './linear.ts';
import { normalisationRules } from './normalisation.ts';
import { poolingRules } from './pooling.ts';
import { reductionRules } from './reduction.ts';
import type { GradientRule } from './rule.ts';

const rules: ReadonlyMap<string, GradientRule> = new Map(
  [
    linearRules,
    convolutionRules,
    poolingRules,
    activationRules,
    arithmeticRules,
    reductionRules,
    layoutRules,
    indexingRules,
    normalisationRules,
  ].flatMap((group) => Object.entries(group)),
);

export function gradientRule(domain: string, op: string): GradientRule | undefined {
  return rules.get(domain === '' || domain === 'ai.onnx' ? op : `${domain}.${op}`);
}

/** Operators with a rule, sorted. */
export function differentiableOperators(): readonly string[] {
  return [...rules.keys()].sort();
}
