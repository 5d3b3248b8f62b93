/** page: a model, and the report of a .dcz, as one HTML file that any browser opens without network. */
import { host } from '#host';
import { DeepCompressionError } from '../../model/errors.ts';
import { pageKind } from '../output-kinds.ts';
import { collectModel } from '../page/collect.ts';
import { filledPage } from '../page/template.ts';
import type { PageInput, PageResult } from '../protocol-page.ts';
import { flag } from '../shape.ts';
import { ViewRoom } from '../view-room.ts';
import { defineJob } from './define.ts';
import { fileInput, outputPath } from './inputs.ts';
import { monotone, share } from './progress.ts';
import { reportJob } from './report.ts';

/** A page that a browser opens: each layer takes half a kilobyte of it, and six while it is made. */
const mostLayers = 30_000;

export const pageJob = defineJob<PageInput, PageResult>({
  input: { file: fileInput, out: outputPath, overwrite: flag },
  run: async ({ file, out, overwrite }, context) => {
    const { signal, onProgress, runtime } = context;
    const whole = monotone(onProgress);
    const room = new ViewRoom();
    const { view, model, files } = room.open(file);
    try {
      const layers = model.source.model.tensors.length;
      if (layers > mostLayers)
        throw new DeepCompressionError(
          'unsupported',
          `${model.source.path} has ${layers} tensors: a page holds ${mostLayers}; deepc inspect lists them all`,
        );
      const dcz = model.source.format === 'dcz';
      const report = dcz
        ? await reportJob.run({ file }, { ...context, onProgress: share(whole, 0, 0.3) })
        : null;
      const collected = await collectModel(model, signal, share(whole, dcz ? 0.3 : 0, 0.99));
      const json = `{"report":${JSON.stringify(report)},"model":${collected.text}}`;
      const html = filledPage(runtime.pageTemplate, host.paths.basename(model.source.path), json);
      const page = new TextEncoder().encode(html);
      host.files.checkSpace(out, page.length, 'the page');
      const rule = { kind: pageKind, overwrite, inputs: files };
      const bytes = await host.files.write(out, rule, (sink) => sink.write(page));
      whole({ stage: 'write', layer: '', fraction: 1 });
      return {
        output: { path: out, bytes },
        layers: model.overview().layers.length,
        pictured: collected.pictured,
      };
    } finally {
      room.close(view);
    }
  },
});
