/**
 * Opens a model for removing channels: runs it once on made-up inputs to see its dimensions, and follows
 * its channels.
 */
import { memorySource } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { openOnnx, type OnnxModel } from '../../model/onnx/open.ts';
import { followChannels, type Followed, type Observed } from '../../structure/follow.ts';
import { groupsOf, type Groups } from '../../structure/groups.ts';
import type { Feeds } from '../../train/runtime.ts';
import { workingFeeds } from '../export/measure.ts';
import type { Executor } from '../runtime/executor.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { observeDims } from './observe.ts';

export interface Analysis {
  /** All of it in one file. */
  readonly model: OnnxModel;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly feeds: Feeds;
  /** The made-up inputs, one line an input. */
  readonly stated: readonly string[];
  readonly observed: Observed;
  readonly followed: Followed;
  readonly found: Groups;
}

/** @throws DeepCompressionError `invalid-model` when the model does not run */
export async function analyse(
  model: OnnxModel,
  executor: Executor,
  seed: number,
): Promise<Analysis> {
  const bytes = wholeModel(model);
  const whole = openWhole(model.path, bytes);
  const { feeds, stated } = await workingFeeds(executor, whole, bytes, seed);
  const observed = await observeDims(whole, bytes, executor, feeds);
  const followed = followChannels(whole, observed);
  return {
    model: whole,
    bytes,
    feeds,
    stated,
    observed,
    followed,
    found: groupsOf(whole, followed),
  };
}

/** A model that holds all its data itself. */
export function openWhole(path: string, bytes: Uint8Array<ArrayBuffer>): OnnxModel {
  return openOnnx(path, memorySource(path, bytes), () => {
    throw new DeepCompressionError('not-found', 'external data of a model that holds them itself');
  });
}
