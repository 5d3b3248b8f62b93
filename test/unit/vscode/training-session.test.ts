import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  TrainingEpoch,
  TrainingEvent,
  TrainingStart,
} from '../../../src/engine/protocol-accuracy.ts';
import type { Progress, Steering } from '../../../src/engine/protocol.ts';
import { TrainingSession } from '../../../src/vscode/training/session.ts';

const start: TrainingStart = {
  stages: [{ kind: 'train', steps: 1, epochs: 4 }],
  before: { samples: 10, top1: 0.9, top5: 1, loss: 0.1 },
  agreement: false,
  samples: 1000,
  runtime: 'onnxruntime-web',
  taken: '1000 samples of 8 from array x; no labels',
};
const epoch = (n: number): TrainingEpoch => ({
  ...{ stage: 0, kind: 'train', step: 0, epoch: n },
  ...{ trainingLoss: 1, validation: null, sparsity: 0 },
});

/** A session with a clock of its own, and what a job would be told. */
function sessionAt() {
  let time = 0;
  const asked: Steering[] = [];
  const session = new TrainingSession(
    () => {},
    () => time * 1000,
  );
  const told: Progress[] = [];
  const { onProgress, onEvent, onStart, signal } = session.follow({
    onProgress: (p) => told.push(p),
  });
  onStart?.((what) => asked.push(what));
  const report = (progress: Partial<Progress>): void =>
    onProgress?.({ stage: 'train', layer: '', fraction: 0, ...progress });
  const tell = (event: TrainingEvent): void => onEvent?.(event);
  const begin = (): void => tell({ kind: 'start', start });
  const end = (n: number): void => tell({ kind: 'epoch', epoch: epoch(n) });
  return {
    session,
    asked,
    told,
    report,
    begin,
    end,
    signal,
    pass: (seconds: number) => (time += seconds),
  };
}

test('pauses are left out of the time, and of what is left', () => {
  const { session, asked, report, begin, pass } = sessionAt();
  begin();
  pass(10);
  report({ fraction: 0.25 });
  session.pause();
  pass(100);
  assert.equal(session.state.seconds, 10);
  assert.equal(session.state.secondsLeft, null);
  session.resume();
  pass(0);
  assert.equal(session.state.secondsLeft, 30);
  assert.deepEqual(asked, ['pause', 'resume']);
});
test('samples a second are those of the last epoch; an interrupted run’s epochs say nothing', () => {
  const { session, begin, end, pass } = sessionAt();
  begin();
  for (const n of [0, 1]) end(n);
  assert.equal(session.state.rate, null);
  pass(4);
  end(2);
  assert.equal(session.state.rate, 250);
  pass(1);
  end(2.5);
  assert.equal(session.state.rate, 500);
});
test('an epoch does not move the progress back', () => {
  const { session, report, begin, end, told } = sessionAt();
  begin();
  report({ fraction: 0.5 });
  end(1);
  assert.equal(session.state.fraction, 0.5);
  assert.equal(told.length, 1, 'whoever else listens hears all of it');
});
test('cancelling reaches the job, one that waits too', () => {
  const { session, asked, begin, signal } = sessionAt();
  begin();
  session.pause();
  session.cancel();
  assert.ok(signal?.aborted);
  assert.deepEqual(asked, ['pause', 'resume']);
  session.fail(undefined);
  assert.equal(session.state.phase, 'cancelled');
  session.stop();
  assert.equal(session.state.phase, 'cancelled', 'what is over stays so');
});
