/** The questions of one inspector page that are under way: each has a number and gets one answer. */
import type { FromInspector, ToInspector } from '../../../webview/inspector/messages.ts';
import type { Views } from '../../engine/protocol-view.ts';
import { isCancelled, isEngineError, lineOf } from '../errors.ts';
import type { Services } from '../services.ts';
import { simulateLayer } from './simulate-layer.ts';
import type { WatchedView } from './watched-view.ts';

type Question = Extract<FromInspector, { type: 'ask' | 'simulate' }>;

export class Questions {
  private readonly asked = new Map<number, AbortController>();

  constructor(
    private readonly services: Services,
    private readonly own: WatchedView,
    /** The model it is compared with. */
    private readonly other: () => WatchedView | undefined,
    private readonly post: (message: ToInspector) => void,
  ) {}

  async answer(question: Question): Promise<void> {
    const { id } = question;
    const name = question.type === 'ask' ? question.name : 'simulate';
    const about = question.type === 'ask' ? question.about : undefined;
    const control = new AbortController();
    this.asked.set(id, control);
    const open = (): boolean => this.asked.get(id) === control;
    try {
      const result = await this.run(question, control.signal);
      if (open()) this.post({ type: 'answer', id, result });
    } catch (error) {
      if (isCancelled(error) || !open()) return;
      const { uri } = about === 'other' ? (this.other() ?? this.own) : this.own;
      // the watcher may not see every change: the worker does
      if (isEngineError(error) && error.code === 'changed') {
        if (about !== 'other') this.own.changed();
        if (about !== undefined) this.other()?.changed();
      } else
        this.services.log.warn(`inspector of ${uri.toString(true)}: ${name}: ${String(error)}`);
      this.post({ type: 'failed', id, message: lineOf(error, uri) });
    } finally {
      if (open()) this.asked.delete(id);
    }
  }

  cancel(id: number): void {
    this.asked.get(id)?.abort();
    this.asked.delete(id);
  }

  /** Nobody waits any more. */
  abandon(): void {
    for (const control of this.asked.values()) control.abort();
    this.asked.clear();
  }

  private run(question: Question, signal: AbortSignal) {
    if (question.type === 'simulate')
      return simulateLayer(this.services.engine, this.own.uri, question, signal, (fraction) => {
        if (!signal.aborted) this.post({ type: 'progress', id: question.id, fraction });
      });
    const { name, query, about } = question;
    const other = about === undefined ? undefined : this.other()?.handle;
    const handle = about === 'other' ? other : this.own.handle;
    // an answer to a page that will hear of the change in a moment
    if (!handle || (about === 'both' && !other)) throw new Error('');
    return handle.ask(name, query as Views[typeof name]['query'], {
      signal,
      other: about === 'both' ? other : undefined,
    });
  }
}
