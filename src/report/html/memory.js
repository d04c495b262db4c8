// SPDX-License-Identifier: GPL-3.0-or-later
// Where the memory went: stacked bars of all runs, and of one run against its population. What is unexplained is
// hatched, and told in words where it is too little to be seen.
import { el, section, table } from './dom.js';
import { bytes, grouped, shortCount } from './format.js';
import { kindColour, onTheme } from './palette.js';
import { Plot } from './plot.js';
import { choice } from './switches.js';

const share = (value, taken) => `${((100 * value) / taken).toFixed(1).replace(/^-0\.0$/, '0.0')} %`;

function kindSwatch(index, name) {
  const swatch = el('span', { class: name === 'unexplained' ? 'swatch hatched' : 'swatch' });
  swatch.style.color = kindColour(index, name);
  return swatch;
}

/** What a bar's length means: of one run, bytes to units. */
const measures = [
  { name: 'share of what was taken', of: (run, value) => (100 * value) / run.accounting.taken },
  { name: 'bytes of a VM', of: (run, value) => value / run.accounting.vms },
  { name: 'bytes of all VMs', of: (run, value) => value },
];

/** Kinds to the right of zero one after another; those that became less to the left of it. */
function bar(run, measure, least, most) {
  const track = el('div', { class: 'track' });
  let right = 0;
  let left = 0;
  const place = (value) => `${(100 * (value - least)) / (most - least)}%`;
  const width = (value) => `${(100 * Math.abs(value)) / (most - least)}%`;
  run.accounting.kinds.forEach(([name, value], index) => {
    if (!value) return;
    const size = measure.of(run, value);
    const part = el('div', {
      class: name === 'unexplained' ? 'part hatched' : 'part',
      title: `${name}: ${bytes(value)}, ${bytes(value / run.accounting.vms)} of a VM, ${share(value, run.accounting.taken)}`,
    });
    part.style.color = kindColour(index, name);
    if (size > 0) {
      part.style.left = place(right);
      right += size;
    } else {
      left += size;
      part.style.left = place(left);
    }
    part.style.width = width(size);
    track.append(part);
  });
  return track;
}

function bars(runs, measure) {
  const sums = runs.map((run) => run.accounting.kinds.reduce(([low, high], [, value]) => {
    const size = measure.of(run, value || 0);
    return size > 0 ? [low, high + size] : [low + size, high];
  }, [0, 0]));
  const least = Math.min(0, ...sums.map(([low]) => low));
  const most = Math.max(...sums.map(([, high]) => high)) || 1;
  return el('div', { class: 'bars' }, runs.map((run) => {
    const { taken, vms, kinds } = run.accounting;
    const unexplained = kinds[kinds.length - 1][1] || 0;
    return el('div', { class: 'bar' },
      el('div', { class: 'name' }, run.label),
      bar(run, measure, least, most),
      el('div', { class: 'muted' }, `${bytes(taken)} at ${grouped(vms)} VMs, ${bytes(taken / vms)} each; `
        + `unexplained ${share(unexplained, taken)} (${bytes(unexplained)})`));
  }));
}

/** Of one run: what of each kind there is, one upon the other, against VMs. */
function stackPlot(runs) {
  let [run] = runs;
  const curves = () => {
    const { vms, memory } = run.intervals;
    const base = vms.map(() => 0);
    return memory.map(([name, values], index) => {
      if (!values || values.every((value) => !value)) return null;
      const low = [...base];
      values.forEach((value, i) => {
        base[i] += Math.max(0, value || 0);
      });
      const high = [...base];
      return {
        name, colour: kindColour(index, name), xs: vms, ys: high, low, high, fill: name === 'unexplained' ? 1 : 0.75, hatched: name === 'unexplained',
        note: (i) => bytes(values[i] || 0),
      };
    }).filter(Boolean);
  };
  const plot = new Plot({
    name: 'Memory by kind against virtual machines',
    x: { label: 'virtual machines', text: (vms) => `${grouped(vms)} VMs`, tick: shortCount },
    y: { label: 'bytes beyond the empty host', base: 'zero', binary: true, text: bytes, tick: bytes },
    curves,
    height: 320,
    lead: runs.length > 1 ? choice('Run', runs.map((entry) => entry.label), (index) => {
      run = runs[index];
      plot.reset();
    }) : null,
  });
  return plot.element;
}

function accountingTable(runs) {
  const names = runs[0].accounting.kinds.map(([name]) => name)
    .filter((name, i) => name === 'unexplained' || runs.some((run) => run.accounting.kinds[i][1]));
  const head = ['run', { text: 'VMs', number: true }, ...names.map((text) => ({ text, number: true })), { text: 'taken', number: true }];
  return table('Bytes of a VM by kind, beyond the empty host', head, runs.map((run) => [
    run.label, { text: grouped(run.accounting.vms), number: true },
    ...names.map((name) => ({ text: bytes((run.accounting.kinds.find(([kind]) => kind === name)[1] || 0) / run.accounting.vms), number: true })),
    { text: bytes(run.accounting.taken / run.accounting.vms), number: true }]));
}

export function memorySection(data) {
  const runs = data.runs.filter((run) => run.accounting);
  if (runs.length === 0) return;
  let measure = measures[0];
  const holder = el('div', null, bars(runs, measure));
  const key = el('p', { class: 'key' });
  const paint = () => {
    holder.replaceChildren(bars(runs, measure));
    key.replaceChildren(...runs[0].accounting.kinds.map(([name], index) => (name === 'unexplained' || runs.some((run) => run.accounting.kinds[index][1])
      ? el('span', null, kindSwatch(index, name), ` ${name} `) : '')));
  };
  paint();
  onTheme(paint);
  section('memory', 'Where the memory went',
    el('p', null, 'Bytes taken beyond the empty host, by the kernel’s own accounts. What no account tells is “unexplained”; '
      + 'a kind of which there is less than on the empty host stands left of the bar’s beginning.'),
    key,
    choice('Length of a bar:', measures.map(({ name }) => name), (index) => {
      measure = measures[index];
      paint();
    }), holder,
    runs.some((run) => run.intervals.vms.length > 1) ? stackPlot(runs.filter((run) => run.intervals.vms.length > 1)) : null,
    accountingTable(runs));
}
