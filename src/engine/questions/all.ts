/** Every question of the inspector by name; types, checks and answers follow from this list. */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Asked, Question } from './define.ts';
import * as layer from './layer.ts';
import * as model from './model.ts';

export const questions = {
  overview: model.overview,
  flow: model.flow,
  measure: model.measure,
  pairs: model.pairs,
  difference: model.difference,
  export: model.exported,
  histogram: layer.histogram,
  tile: layer.tile,
  marginals: layer.marginals,
  pattern: layer.pattern,
  codebook: layer.codebook,
  grid: layer.grid,
  spending: layer.spending,
  huffman: layer.huffman,
  stream: layer.stream,
} as const;

export type QuestionName = keyof typeof questions;

/** What each question takes and gives. */
export type Questions = {
  [K in QuestionName]: (typeof questions)[K] extends Question<
    infer Query extends object,
    infer Result extends object
  >
    ? { readonly query: Query; readonly result: Result }
    : never;
};

/** @throws DeepCompressionError `invalid-input` for a question or a query that does not exist */
export async function answer(
  name: string,
  query: object,
  asked: Asked,
): Promise<Questions[QuestionName]['result']> {
  if (!isQuestion(name)) throw unusable('no such question');
  const question: Question<never, Questions[QuestionName]['result']> = questions[name];
  if (!question.query(query)) throw unusable(`the question '${name}' is not usable`);
  return question.answer(query as never, asked);
}

function isQuestion(name: string): name is QuestionName {
  return Object.hasOwn(questions, name);
}

function unusable(why: string): DeepCompressionError {
  return new DeepCompressionError('invalid-input', `view: ${why}`);
}
