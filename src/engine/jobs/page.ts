/** page: a model, and the report of a .dcz, as one HTML file that any browser opens without network. */
import { basename } from 'node:path';
import { writeAtomically } from '../../platform/atomic.ts';
import { pathsOf, type Runtime } from '../input.ts';
import { collectModel } from '../page/collect.ts';
import { filledPage } from '../page/template.ts';
import type { Job } from '../protocol.ts';
import { ViewRoom } from '../view-room.ts';
import { monotone, share } from './progress.ts';
import { reportJob } from './report.ts';

export function pageJob(runtime: Runtime): Job<'page'> {
  return async ({ file, out, overwrite }, signal, onProgress) => {
    const whole = monotone(onProgress);
    const room = new ViewRoom();
    const { view, model } = room.open(file);
    try {
      const dcz = model.source.format === 'dcz';
      const report = dcz ? await reportJob(runtime)({ file }, signal, share(whole, 0, 0.3)) : null;
      const collected = await collectModel(model, signal, share(whole, dcz ? 0.3 : 0, 0.99));
      const json = `{"report":${JSON.stringify(report)},"model":${collected.text}}`;
      const html = filledPage(runtime.pageTemplate, basename(model.source.path), json);
      const bytes = await writeAtomically(out, { overwrite, forbid: pathsOf(file) }, (sink) =>
        sink.write(new TextEncoder().encode(html)),
      );
      whole({ stage: 'write', layer: '', fraction: 1 });
      return {
        output: { path: out, bytes },
        layers: model.overview().layers.length,
        pictured: collected.pictured,
      };
    } finally {
      room.close(view);
    }
  };
}
