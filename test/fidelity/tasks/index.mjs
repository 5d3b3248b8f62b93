// The tasks by name: a model, its data, and what an answer is worth.
import { modelBytes } from '../lib/models.mjs';
import * as audio from './audio.mjs';
import * as ocr from './ocr.mjs';

export const tasks = {
  'ocr-cls': ocr.direction,
  'ocr-det': ocr.detection,
  'ocr-rec': ocr.recognition,
  vad: audio.voice,
};

/**
 * Judges models on the test part of a task. `main` is the task's metric, `agreement` the share of answers
 * that are the original's.
 * @param {string} name
 * @param {string} data folder of the task's data
 */
export async function judge(name, data) {
  const task = tasks[name];
  const loaded = task.load(data, 'test');
  const reference = await task.answers(loaded, modelBytes(name));
  const metrics = (answers) => task.metrics(loaded, answers, reference);
  return {
    original: metrics(reference),
    score: async (bytes) => metrics(await task.answers(loaded, bytes)),
  };
}
