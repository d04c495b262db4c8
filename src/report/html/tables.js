// SPDX-License-Identifier: GPL-3.0-or-later
// What is told in words and tables.
import { el, facts, section, table } from './dom.js';
import { grouped } from './format.js';

const many = (count, one) => `${grouped(count)} ${one}${count === 1 ? '' : 's'}`;

export function heading(data) {
  const parts = [];
  if (data.runs.length > 0) parts.push(many(data.runs.length, 'run'));
  if (data.matrices.length > 0) parts.push(`${data.matrices.length === 1 ? 'one matrix' : `${data.matrices.length} matrices`} of mvm limits`);
  document.getElementById('what').textContent = `${parts.join(' and ')}.`;
  document.getElementById('foot').append(el('p', null, `Made by mvm ${data.version}; drawn in the browser from the figures in this file, without the network.`));
  if (data.runs.length === 1) document.title = `mvm report: ${data.runs[0].label}`;
}

/** A slope, and below it the same by the account of the process or group in which the VMs live. */
function slope(value, own) {
  const text = value ? value.text : 'unknown';
  return own ? el('span', null, text, el('br'), el('span', { class: 'muted' }, `own account: ${own.text}`)) : text;
}

export function summarySection(data) {
  if (data.runs.length === 0) return;
  const own = data.runs.some((run) => run.slopes.ownMemory);
  const head = ['run', 'class', { text: 'VMs', number: true }, 'answered', 'stopped by', 'memory of a VM', 'CPU of a VM, of the host',
    { text: 'boot', number: true }];
  const rows = data.runs.map((run) => [
    run.emulated ? `${run.label} *` : run.label, run.class, { text: grouped(run.started), number: true },
    { text: run.liveness, warn: !run.allAlive }, run.stoppedBy || (run.finished ? '-' : 'unfinished'), slope(run.slopes.memory, run.slopes.ownMemory), slope(run.slopes.cpu, run.slopes.ownCpu),
    { text: run.boot || '-', number: true }]);
  const letters = [...new Set(data.runs.map((run) => run.class))];
  section('summary', 'Summary',
    table('What one VM costs: slopes with their 95 % confidence intervals', head, rows),
    own ? el('p', { class: 'muted' }, 'Own account: of the process or the control group in which the VMs live, without what else the host did.') : null,
    letters.length > 1 ? el('p', { class: 'warn' }, 'A VM is not the same thing in all of these runs: ',
      el('a', { href: '#classes' }, 'what the class letters mean'), '.') : null,
    data.runs.some((run) => run.emulated) ? el('p', { class: 'muted' },
      '* On an emulated host: its processor is software, so times and CPU are not those of hardware; memory figures hold.') : null);
  section('stops', 'What stopped each run', el('dl', { class: 'stops' }, data.runs.map((run) => el('div', null, el('dt', null, run.label),
    el('dd', null, run.stoppedBy ? el('strong', null, run.stoppedBy) : run.finished ? 'It ended without a reason' : 'It is unfinished: still running, or killed',
      run.stopReason ? `: ${run.stopReason}` : '')))));
}

/** The picture for each ground, of which the style sheet shows one: so the right one is there when a sheet is printed. */
function matrixPicture(matrix) {
  const image = (ground, dark) => el('img', {
    alt: `Bars for each row of ${matrix.path}; the tables hold the same figures`, class: `picture ${ground}`,
    src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(matrix.picture.replaceAll('(prefers-color-scheme:dark)', dark))}`,
  });
  return el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Picture of the matrix' },
    image('light', 'not all'), image('dark', 'all'));
}

export function matrixSections(data) {
  data.matrices.forEach((matrix, index) => {
    const several = data.matrices.length > 1;
    const title = matrix.ladder ? 'The ladder' : 'To exhaustion';
    const tables = matrix.tables.map(({ title: caption, headings, rows }) => table(caption, ['row', ...headings], rows.map((row) => (row.absence
      ? [row.label, { text: row.absence, span: headings.length }]
      : [row.label, ...row.cells.map((text, i) => ({ text, number: headings[i].number }))]))));
    section(`matrix-${index + 1}`, several ? `${title}: ${matrix.path}` : title,
      el('p', null, `${grouped(matrix.done)} of ${many(matrix.rows, 'row')} of ${matrix.path} done.`), tables,
      matrix.notes.map((note) => el('p', { class: 'muted' }, note)), matrixPicture(matrix),
      el('h3', null, 'What ended each row'), el('dl', { class: 'stops' }, matrix.endings.map(([label, reason]) => el('div', null, el('dt', null, label),
        el('dd', null, reason || '-')))),
      el('h3', null, 'The command'), el('pre', { tabindex: '0' }, matrix.command));
  });
}

export function hostSection(data) {
  if (data.hosts.length === 0) return;
  section('hosts', data.hosts.length > 1 ? 'The hosts' : 'The host', data.hosts.map((host, index) => {
    const on = data.runs.filter((run) => run.host === index).map((run) => run.label);
    return [data.hosts.length > 1 ? el('h3', null, `Host ${index + 1}: ${on.slice(0, 4).join('; ')}${on.length > 4 ? `; and ${on.length - 4} more` : ''}`) : null,
      facts(host)];
  }).flat());
}

export function runSection(data) {
  if (data.runs.length === 0) return;
  section('runs', 'The runs', el('p', null, 'The command that each was measured with, which measures it again, and what was in effect.'),
    data.runs.map((run) => el('details', { open: data.runs.length <= 3 }, el('summary', null, run.label),
      el('pre', { tabindex: '0' }, run.command || 'not known'), facts([['read from', run.path], ...run.facts]))));
}

export function classSection(data) {
  const used = new Set(data.runs.map((run) => run.class));
  section('classes', 'Class letters', el('p', null, 'What “a VM” is in a result. Figures of different classes are never put side by side without their letter.'),
    table('Classes', ['class', 'a VM is', 'in this report'], data.classes.map(([letter, meaning]) => [letter, meaning, used.has(letter) ? 'yes' : ''])));
}
