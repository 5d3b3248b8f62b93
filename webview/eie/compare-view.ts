/**
 * EIE against other hardware: the chosen layer on this machine and, for the paper's layers, in Table
 * IV; the bars of Figures 6 and 7; Table V. Every bar says whether it is published, simulated or
 * measured here.
 */
import { el } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import type { Output } from '../ui/output.ts';
import type { PageLayer, PageRun, PublishedResult } from './data.ts';
import { originLegend } from './figures/origins.ts';
import { barsDrawing, platformsDrawing } from './figures/published.ts';
import { benchmarkDrawing, layerTimesDrawing } from './figures/times.ts';
import type { EieStrings } from './strings.ts';

export class CompareView {
  readonly element: HTMLElement;
  private readonly benchmark: Figure;
  private readonly layer: Figure;
  private readonly speedup: Figure;
  private readonly efficiency: Figure;
  private readonly throughput: Figure;
  private readonly joule: Figure;
  private readonly notes = el('ul', { class: 'notes' });
  private readonly noPublished: HTMLElement;
  private published: PublishedResult | undefined;

  constructor(
    private readonly t: EieStrings,
    out: Output,
  ) {
    const figure = (id: string, heading: string, caption: string): Figure =>
      new Figure({ id, heading, caption }, t, out);
    this.benchmark = figure('benchmark', t.benchmark, t.benchmarkCaption);
    this.layer = figure('compare-layer', t.compareLayer, t.compareCaptionOwn);
    this.speedup = figure('speedup', t.speedup, t.speedupCaption);
    this.efficiency = figure('efficiency', t.efficiency, t.efficiencyCaption);
    this.throughput = figure('throughput', t.throughput, t.throughputCaption);
    this.joule = figure('joule', t.joule, t.jouleCaption);
    this.noPublished = el('p', { class: 'caption' }, t.noPublished);
    this.element = el(
      'div',
      { class: 'view' },
      originLegend(t),
      this.layer.element,
      this.noPublished,
      this.benchmark.element,
      el('div', { class: 'pair' }, this.speedup.element, this.efficiency.element),
      el('div', { class: 'pair' }, this.throughput.element, this.joule.element),
      el(
        'section',
        { 'aria-labelledby': 'paper-notes' },
        el('h3', { id: 'paper-notes' }, t.paperNotes),
        this.notes,
      ),
    );
  }

  show(published: PublishedResult): void {
    this.published = published;
    this.notes.replaceChildren(...published.notes.map((note) => el('li', {}, note)));
  }

  update(run: PageRun, layer: PageLayer): void {
    const { t, published } = this;
    this.noPublished.hidden = layer.published !== null;
    this.layer.update(layerTimesDrawing(layer, t));
    const paper = run.layers.some((l) => l.published);
    this.benchmark.hidden = !paper;
    if (paper) this.benchmark.update(benchmarkDrawing(run, t));
    if (!published) return;
    const { speedupBars, efficiencyBars } = published;
    const several = run.layers.length > 1;
    const mean = several ? (run.totals.speedupOverCpuDense?.simulated ?? null) : null;
    const own = layer.published ? layer.published.cpuDenseUs / layer.timeUs : null;
    this.speedup.update(barsDrawing(layer, published, speedupBars, { layer: own, mean }, t));
    const none = { layer: null, mean: null };
    this.efficiency.update(barsDrawing(layer, published, efficiencyBars, none, t));
    // Table V is about FC7 of AlexNet: that layer, where the run has it
    const fc7 = run.layers.find((l) => l.published && l.name === 'Alex-7') ?? layer;
    const perSecond = 1e6 / fc7.timeUs;
    this.throughput.update(
      platformsDrawing(fc7, published, t.throughput, (p) => p.layersPerSecond, perSecond, t),
    );
    const perJoule = 1e6 / fc7.energyUj.constantPower;
    this.joule.update(
      platformsDrawing(fc7, published, t.joule, (p) => p.layersPerJoule, perJoule, t),
    );
  }
}
