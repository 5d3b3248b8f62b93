/** A figure as a table, and as an SVG that needs no style sheet and follows a reader's dark theme. */
import { table } from '../../../src/cli/format.ts';
import { lineChart } from '../../../webview/charts/line-chart.ts';
import { node, toText } from '../../../webview/charts/svg.ts';
import type { Figure } from './figures.ts';

const exact = (error: number): string =>
  Number.isFinite(error) ? `${(100 * error).toFixed(2)}%` : '';

export function figureTable({ axis, steps, curves }: Figure): string {
  return table(
    [
      { title: axis, align: 'left' },
      ...curves.map((c) => ({ title: c.label, align: 'right' as const })),
    ],
    steps.map((step, i) => [step, ...curves.map((c) => exact(c.errors[i]!))]),
  );
}

/** What VS Code's themes give the charts; lines.css names them. */
const light = {
  '--paper': '#ffffff',
  '--muted': '#5f6368',
  '--vscode-foreground': '#3b3b3b',
  '--vscode-charts-lines': '#8a8a8a',
  '--vscode-charts-blue': '#0b66c2',
  '--vscode-charts-red': '#c72e2e',
  '--vscode-charts-green': '#2e7d32',
  '--vscode-charts-purple': '#652d90',
  '--vscode-charts-yellow': '#a67c00',
};
const dark = {
  '--paper': '#1f1f1f',
  '--muted': '#a6a6a6',
  '--vscode-foreground': '#cccccc',
  '--vscode-charts-lines': '#8a8a8a',
  '--vscode-charts-blue': '#59a4f9',
  '--vscode-charts-red': '#f48771',
  '--vscode-charts-green': '#89d185',
  '--vscode-charts-purple': '#c792ea',
  '--vscode-charts-yellow': '#e2c08d',
};
const rules = (colours: object): string =>
  `:root{${Object.entries(colours)
    .map(([name, value]) => `${name}:${value}`)
    .join(';')}}`;

/** @param css webview/charts/lines.css */
export function figureSvg(figure: Figure, css: string): string {
  const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
  const { steps, axis, title, at } = figure;
  const chart = lineChart(
    figure.curves.map(({ label, errors }) => ({ label, values: errors })),
    {
      ...{ width: 760, height: 380, steps, axis, summary: title, log: true, format: percent },
      value: 'held-out error',
      ...(at && { at }),
    },
  );
  const style = `${rules(light)}@media(prefers-color-scheme:dark){${rules(dark)}}${css}svg{background:var(--paper)}`;
  const framed = node(
    'svg',
    {
      ...chart.attributes,
      xmlns: 'http://www.w3.org/2000/svg',
      'font-family': "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    },
    node('title', {}, title),
    node('style', {}, style.replace(/\s+/g, ' ')),
    ...chart.children,
  );
  return `${toText(framed)}\n`;
}
