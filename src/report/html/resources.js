// SPDX-License-Identifier: GPL-3.0-or-later
// The resource curves: against VMs with their intervals of confidence, and every sample against time.
import { el, section } from './dom.js';
import { grouped, percent, seconds, shortCount } from './format.js';
import { dashOf, ground } from './palette.js';
import { Plot } from './plot.js';
import { switches, toggle } from './switches.js';
import { wantsLogarithmic } from './shown.js';

export const resourceName = (name) => (name === 'cpu' ? 'CPU' : name);

const labelOf = (runs, run, resource) => (runs.length > 1 ? `${run.label}, ${resourceName(resource)}` : resourceName(resource));

/** Check boxes for those resources that any of `has(run)` knows; on are CPU, memory and what `much` says. */
function resourceSwitches(names, changed) {
  const boxes = switches('Resources', names.map(({ name, on }) => ({
    name: resourceName(name),
    on,
    swatch: (swatch) => {
      const [line, gap] = dashOf(name);
      swatch.style.background = line
        ? `repeating-linear-gradient(90deg, currentColor 0 ${line}px, transparent ${line}px ${line + gap}px)` : 'currentColor';
    },
  })), (states) => changed(names.filter((entry, i) => states[i]).map((entry) => entry.name)));
  return { element: boxes.element, names: names.filter((entry) => entry.on).map((entry) => entry.name) };
}

function thresholds(shown) {
  const all = shown.runs().map(({ run }) => run.threshold).filter((threshold) => threshold > 0 && threshold <= 100);
  // One text for all, so that texts of lines close to each other do not meet.
  const values = [...new Set(all)].sort((a, b) => b - a);
  return values.map((threshold, i) => ({
    y: threshold, colour: ground().warn, text: i === 0 ? `threshold${values.length > 1 ? 's' : ''} ${values.map((value) => `${value} %`).join(', ')}` : '',
  }));
}

export function resourceSection(data, shown) {
  const runs = data.runs.filter((run) => run.intervals.vms.length > 0);
  if (runs.length === 0) return;
  const names = data.resources.filter((name) => runs.some((run) => run.intervals.curves[name])).map((name) => ({
    name,
    on: name === 'cpu' || name === 'memory'
      || runs.some((run) => run.intervals.curves[name] && run.intervals.curves[name].mean.some((mean) => mean > 1)),
  }));
  const boxes = resourceSwitches(names, (next) => {
    drawn = next;
    plot.refresh();
  });
  let drawn = boxes.names;
  const x = {
    label: 'virtual machines', log: wantsLogarithmic(runs), text: (vms) => `${grouped(vms)} VMs`, tick: shortCount,
  };
  const curveOf = ({ run, colour }, resource) => {
    const { mean, ci95 } = run.intervals.curves[resource];
    const edge = (sign) => mean.map((value, i) => (ci95 && ci95[i] !== null && value !== null ? value + sign * ci95[i] : value));
    return {
      name: labelOf(data.runs, run, resource), colour, dash: dashOf(resource), xs: run.intervals.vms, ys: mean, low: edge(-1), high: edge(1),
    };
  };
  let kept = null;
  const curves = () => {
    kept = kept || shown.runs().flatMap((entry) => drawn.filter((name) => entry.run.intervals.curves[name]).map((name) => curveOf(entry, name)));
    return kept;
  };
  const plot = new Plot({
    name: 'Resources against virtual machines',
    x,
    y: { label: 'percent', base: 'percent', text: percent, tick: (value) => String(Number(value.toPrecision(4))) },
    curves,
    lines: () => thresholds(shown),
    lead: toggle('logarithmic population', x.log, (on) => {
      x.log = on;
      plot.view = null;
      plot.build();
    }),
  });
  const forget = (call) => (...these) => {
    kept = null;
    return call.apply(plot, these);
  };
  plot.refresh = forget(plot.refresh);
  plot.build = forget(plot.build);
  shown.onChange(() => plot.refresh());
  const thinned = runs.some((run) => run.intervals.measured > run.intervals.vms.length);
  const wholes = [...new Set(data.runs.map((run) => run.whole))];
  section('resources', 'Resources',
    el('p', null, wholes.length === 1 ? `100 % is ${wholes[0]}.` : '100 % differs between the runs: each tells under “The runs”.',
      ' The band around a curve is the 95 % confidence interval of its means. Drag to zoom, double-click to see all.',
      thinned ? ' Of runs with very many intervals those with the extremes are drawn.' : ''),
    data.runs.length > 1 ? shown.element : null, boxes.element, plot.element);
}

export function samplesSection(data, shown) {
  const runs = data.runs.filter((run) => run.samples);
  if (runs.length === 0) return;
  const names = data.resources.filter((name) => runs.some((run) => run.samples.curves[name]))
    .map((name) => ({ name, on: name === 'cpu' || (name === 'memory' && runs.length <= 8) }));
  const boxes = resourceSwitches(names, (next) => {
    drawn = next;
    plot.refresh();
  });
  let drawn = boxes.names;
  const plot = new Plot({
    name: 'Every sample against time',
    x: { label: 'seconds from the first sample', text: seconds, tick: shortCount },
    y: { label: 'percent', base: 'percent', text: percent, tick: (value) => String(Number(value.toPrecision(4))) },
    curves: () => shown.runs().filter(({ run }) => run.samples).flatMap(({ run, colour }) => drawn
      .filter((name) => run.samples.curves[name])
      .map((name) => ({
        name: labelOf(data.runs, run, name), colour, dash: dashOf(name), xs: run.samples.curves[name].seconds, ys: run.samples.curves[name].percent,
      }))),
    lines: () => thresholds(shown),
  });
  shown.onChange(() => plot.refresh());
  const taken = runs.reduce((sum, run) => sum + run.samples.count, 0);
  const thinned = runs.some((run) => Object.values(run.samples.curves).some((curve) => curve.seconds.length < run.samples.count));
  section('samples', 'Samples in time',
    el('p', null, `${grouped(taken)} samples, as samples.csv has them.`,
      thinned ? ' Of each span of time the lowest and the highest are drawn, so that no extreme is lost.' : ''),
    boxes.element, plot.element);
}
