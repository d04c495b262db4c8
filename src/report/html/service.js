// SPDX-License-Identifier: GPL-3.0-or-later
// Quality of service: how a load was answered, against VMs.
import { el, section, table } from './dom.js';
import { digits, grouped, seconds, shortCount } from './format.js';
import { Plot } from './plot.js';
import { switches, toggle } from './switches.js';
import { wantsLogarithmic } from './shown.js';

const percentiles = [
  { key: 'p50', name: 'p50', dash: [] }, { key: 'p90', name: 'p90', dash: [2, 3], off: true },
  { key: 'p99', name: 'p99', dash: [8, 4] }, { key: 'p999', name: 'p99.9', dash: [8, 3, 2, 3] },
];

function lastRow(run) {
  const { vms, load } = run.intervals;
  let at = vms.length - 1;
  while (at > 0 && load.p99[at] === null) at -= 1;
  const time = (key) => ({ text: load[key] && load[key][at] !== null ? seconds(load[key][at]) : '-', number: true });
  const rate = (key) => ({ text: load[key] && load[key][at] !== null ? `${digits(load[key][at], 4)}/s` : '-', number: true });
  return [run.label, run.load, { text: grouped(vms[at]), number: true },
    { text: load.answered && load.answered[at] !== null ? `${digits(load.answered[at], 4)} %` : '-', number: true },
    rate('throughput'), ...percentiles.map(({ key }) => time(key))];
}

export function serviceSection(data, shown) {
  const runs = data.runs.filter((run) => run.intervals.load && run.intervals.load.p99);
  if (runs.length === 0) return;
  let drawn = percentiles.filter(({ off }) => !off);
  const x = {
    label: 'virtual machines', log: wantsLogarithmic(runs), text: (vms) => `${grouped(vms)} VMs`, tick: shortCount,
  };
  const loaded = () => shown.runs().filter(({ run }) => runs.includes(run));
  const named = (run, text) => (data.runs.length > 1 ? `${run.label}, ${text}` : text);
  const boxes = switches('Percentiles', percentiles.map(({ name, off }) => ({ name, on: !off })), (states) => {
    drawn = percentiles.filter((entry, i) => states[i]);
    latency.refresh();
  });
  const both = (act) => [latency, throughput].forEach(act);
  const latency = new Plot({
    name: 'Latency against virtual machines',
    x,
    y: { label: 'latency', log: true, text: seconds, tick: seconds },
    curves: () => loaded().flatMap(({ run, colour }) => drawn.filter(({ key }) => run.intervals.load[key])
      .map(({ key, name, dash }) => ({ name: named(run, name), colour, dash, xs: run.intervals.vms, ys: run.intervals.load[key] }))),
    height: 320,
    lead: toggle('logarithmic population', x.log, (on) => {
      x.log = on;
      both((plot) => {
        plot.view = null;
        plot.build();
      });
    }),
  });
  const throughput = new Plot({
    name: 'Throughput against virtual machines',
    x,
    y: { label: 'answers a second', base: 'zero', text: (value) => `${digits(value, 4)}/s`, tick: shortCount },
    curves: () => loaded().flatMap(({ run, colour }) => [
      { name: named(run, 'answered'), colour, dash: [], xs: run.intervals.vms, ys: run.intervals.load.throughput || [] },
      { name: named(run, 'asked for'), colour, dash: [1, 3], xs: run.intervals.vms, ys: run.intervals.load.rate || [] }]),
    height: 240,
  });
  shown.onChange(() => both((plot) => plot.refresh()));
  section('service', 'Quality of service',
    el('p', null, 'Latency counts from when a request was to be sent; one that was not answered right counts as the time-out.'),
    boxes.element, latency.element, throughput.element,
    table('At the largest population', ['run', 'load', ...['VMs', 'right', 'throughput', ...percentiles.map(({ name }) => name)]
      .map((text) => ({ text, number: true }))], runs.map(lastRow)));
}
