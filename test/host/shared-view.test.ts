/**
 * Two inspectors of one model: the worker holds it once and counts it once, and closing one of them takes
 * nothing from the other. What the extension says to its worker is heard at `Worker` itself, which the
 * suite shares with it; how often the model is open, the system says.
 */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import type { FromWorker, ToWorker } from '../../src/engine/protocol.ts';
import { concat, intField, tag, textField, varint } from '../fixtures/wire-writer.ts';
import { eventually } from './support.ts';

const viewType = 'deepCompression.inspector';
const descriptors = '/proc/self/fd';
const side = 20_000;

/** One matrix of zeros that takes seconds to count and, as a file with a hole, no room on the disk. */
function writeZeros(path: string): void {
  const bytes = side * side * 4;
  const head = concat(
    ...[intField(1, side), intField(1, side), intField(2, 1), textField(8, 'fc.weight')],
    ...[tag(9, 2), varint(bytes)],
  );
  const framed = concat(tag(5, 2), varint(head.length + bytes), head);
  const opset = concat(tag(8, 2), varint(2), intField(2, 17));
  const file = openSync(path, 'w');
  const before = concat(intField(1, 8), opset, tag(7, 2), varint(framed.length + bytes), framed);
  writeSync(file, before);
  ftruncateSync(file, before.length + bytes);
  closeSync(file);
}

interface Heard {
  readonly job: string;
  /** The question, of the job `view`. */
  readonly name: string;
  /** Undefined while it is under way. */
  answer?: 'result' | 'cancelled' | 'error';
}

/** Listens to what workers are told and answer, until `stop`. */
function overhear(): { readonly heard: readonly Heard[]; stop(): void } {
  const { prototype } = Worker;
  const post = prototype.postMessage;
  const heard = new Map<number, Heard>();
  const workers = new Set<Worker>();
  const listen = (message: FromWorker): void => {
    const at = heard.get(message.id);
    if (!at || message.type === 'progress' || message.type === 'event') return;
    at.answer =
      message.type === 'result' ? 'result' : message.code === 'cancelled' ? 'cancelled' : 'error';
  };
  prototype.postMessage = function (this: Worker, message: ToWorker, ...more) {
    if (message.type === 'start') {
      if (!workers.has(this)) this.on('message', listen);
      workers.add(this);
      const { job, input } = message;
      heard.set(message.id, { job, name: job === 'view' ? input.name : '' });
    }
    return post.call(this, message, ...more);
  };
  return {
    get heard() {
      return [...heard.values()];
    },
    stop() {
      prototype.postMessage = post;
      for (const worker of workers) worker.off('message', listen);
    },
  };
}

describe('two inspectors of one model', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deepc-shared-'));
  const path = join(folder, 'zeros.onnx');
  const uri = vscode.Uri.file(path);
  before(() => writeZeros(path));
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    rmSync(folder, { recursive: true, force: true });
  });

  const openFiles = (): number =>
    readdirSync(descriptors).filter((fd) => {
      const link = join(descriptors, fd);
      return existsSync(link) && readlinkSync(link) === path;
    }).length;
  const tabs = (): vscode.Tab[] =>
    vscode.window.tabGroups.all
      .flatMap((g) => g.tabs)
      .filter(({ input }) => input instanceof vscode.TabInputCustom && input.uri.path === uri.path);

  it('share what the worker holds, and closing one while it counts leaves the other alive', async function () {
    const ears = overhear();
    try {
      const asked = (name: string): Heard[] =>
        ears.heard.filter((h) => h.job === name || h.name === name);
      await vscode.commands.executeCommand('vscode.openWith', uri, viewType, vscode.ViewColumn.One);
      await vscode.commands.executeCommand('vscode.openWith', uri, viewType, vscode.ViewColumn.Two);
      await eventually('both count the weights', () => asked('measure').length === 2);
      const [first, second] = asked('measure');
      assert.deepEqual([first!.answer, second!.answer], [undefined, undefined], 'at one time');
      assert.deepEqual(
        asked('openView').map((h) => h.answer),
        ['result', 'result'],
      );
      if (process.platform === 'linux') assert.equal(openFiles(), 1, 'the file is open once');
      await vscode.window.tabGroups.close(tabs()[0]!);
      await eventually('the question of the closed one ends', () => first!.answer !== undefined);
      assert.equal(first!.answer, 'cancelled');
      assert.equal(second!.answer, undefined, 'the other is still counting');
      await eventually('the other is answered', () => second!.answer !== undefined, 40_000);
      assert.equal(second!.answer, 'result');
      // a picture asked for afterwards
      await vscode.commands.executeCommand('deepCompression.openInspector', {
        uri,
        layer: 'fc.weight',
      });
      await eventually('a picture comes', () => asked('tile').some((h) => h.answer === 'result'));
      await vscode.window.tabGroups.close(tabs());
      await eventually('nothing is under way', () => ears.heard.every((h) => h.answer));
      assert.deepEqual(
        asked('closeView').map((h) => h.answer),
        ['result', 'result'],
      );
      if (process.platform === 'linux') assert.equal(openFiles(), 0, 'the last one closes it');
    } finally {
      ears.stop();
    }
  });
});
