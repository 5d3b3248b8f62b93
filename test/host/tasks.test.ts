/** Tasks as tasks.json has them: found, run, ended, with the exit codes that a chain of tasks needs. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { eventually, inWorkspace } from './support.ts';

const type = 'deepCompression';

interface Ended {
  readonly exitCode: number | undefined;
}

/** Starts a task and waits for its end; `during` may stop it. */
async function run(
  task: vscode.Task,
  during?: (execution: vscode.TaskExecution) => Promise<void>,
): Promise<Ended> {
  let found: Ended | undefined;
  const listening = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
    if (execution.task.name === task.name) found = { exitCode };
  });
  try {
    const execution = await vscode.tasks.executeTask(task);
    await during?.(execution);
    await eventually(`${task.name} ends`, () => found !== undefined, 40_000);
    return found!;
  } finally {
    listening.dispose();
  }
}

/** The task of tasks.json that has this label. */
async function written(label: string): Promise<vscode.Task> {
  const all = await vscode.tasks.fetchTasks({ type });
  return all.find((task) => task.name === label) ?? assert.fail(`no task ${label}`);
}

function writeTasks(...tasks: readonly object[]): void {
  const file = inWorkspace('.vscode/tasks.json').fsPath;
  mkdirSync(dirname(file), { recursive: true });
  const all = tasks.map((task, i) => ({ type, label: `own ${i}`, problemMatcher: [], ...task }));
  writeFileSync(file, JSON.stringify({ version: '2.0.0', tasks: all }));
}

const path = (name: string): string => inWorkspace(name).fsPath;
const unfinished = (): boolean =>
  readdirSync(path('.')).some((f) => !/\.(onnx|dcz)$|^\.vscode$/.test(f));

describe('tasks', () => {
  afterEach(() => {
    for (const name of ['cls.dcz', 'mine.dcz', 'back.onnx', 'rec.dcz'])
      rmSync(path(name), { force: true });
    rmSync(path('.vscode/tasks.json'), { force: true });
  });

  it('are offered for every model, and compress it where the settings say', async () => {
    const offered = await vscode.tasks.fetchTasks({ type });
    const names = offered.map(({ name }) => name);
    assert.ok(
      names.includes('compress cls.onnx') && names.includes('compress rec.onnx'),
      names.join(),
    );
    const task = offered.find(({ name }) => name === 'compress cls.onnx')!;
    assert.deepEqual(await run(task), { exitCode: 0 });
    assert.ok(existsSync(path('cls.dcz')));
    let simulate: vscode.Task | undefined;
    await eventually('the compressed model has a task, too', async () => {
      simulate = (await vscode.tasks.fetchTasks({ type })).find(
        (t) => t.name === 'simulate cls.dcz',
      );
      return simulate !== undefined;
    });
    assert.deepEqual(await run(simulate!), { exitCode: 0 });
  });

  it('of tasks.json do what they say: preset, output, variables, force', async () => {
    writeTasks(
      { job: 'compress', file: '${workspaceFolder}/cls.onnx', out: 'mine.dcz', preset: 'keep' },
      { job: 'compress', file: 'cls.onnx', out: 'mine.dcz', preset: 'keep', force: true },
      { job: 'decompress', file: 'mine.dcz', out: path('back.onnx') },
    );
    await eventually('tasks.json is read', async () =>
      (await vscode.tasks.fetchTasks({ type })).some(({ name }) => name === 'own 2'),
    );
    assert.deepEqual(await run(await written('own 0')), { exitCode: 0 });
    const first = readFileSync(path('mine.dcz'));
    assert.deepEqual(await run(await written('own 0')), { exitCode: 1 }, 'it is there already');
    assert.deepEqual(await run(await written('own 1')), { exitCode: 0 });
    assert.ok(readFileSync(path('mine.dcz')).equals(first), 'the same bytes');
    assert.deepEqual(await run(await written('own 2')), { exitCode: 0 });
    assert.ok(readFileSync(path('back.onnx')).equals(readFileSync(path('cls.onnx'))));
  });

  it('fail with exit code 1 when they cannot be done', async () => {
    writeTasks(
      { job: 'compress', file: 'none.onnx' },
      { job: 'compress', file: 'cls.onnx', preset: 'none' },
      { job: 'decompress', file: 'cls.onnx' },
      { job: 'squash', file: 'cls.onnx' },
    );
    await eventually('tasks.json is read', async () =>
      (await vscode.tasks.fetchTasks({ type })).some(({ name }) => name === 'own 3'),
    );
    for (const i of [0, 1, 2, 3])
      assert.deepEqual(await run(await written(`own ${i}`)), { exitCode: 1 }, `own ${i}`);
    assert.ok(!existsSync(path('cls.dcz')));
  });

  it('end at once when they are terminated, and leave nothing behind', async () => {
    const task = (await vscode.tasks.fetchTasks({ type })).find(
      ({ name }) => name === 'compress rec.onnx',
    )!;
    const { exitCode } = await run(task, async (execution) => {
      await eventually('it is writing', unfinished, 30_000);
      execution.terminate();
    });
    assert.notEqual(exitCode, 0);
    await eventually('the unfinished file is gone', () => !unfinished());
    assert.ok(!existsSync(path('rec.dcz')));
  });
});
