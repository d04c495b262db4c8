// SPDX-License-Identifier: GPL-3.0-or-later
// Which runs and which curves are shown.
import { el } from './dom.js';

/** A group of check boxes. `entries` are {name, on, swatch()}; `changed(states)` is called at once after a change. */
export function switches(title, entries, changed) {
  const boxes = [];
  const tell = () => changed(boxes.map((box) => box.checked));
  const paints = [];
  const rows = entries.map((entry) => {
    const box = el('input', { type: 'checkbox', checked: Boolean(entry.on), onchange: tell });
    const swatch = entry.swatch ? el('span', { class: 'line' }) : null;
    if (swatch) paints.push(() => entry.swatch(swatch));
    boxes.push(box);
    return el('label', null, box, swatch, ` ${entry.name}`);
  });
  const all = (on) => () => {
    for (const box of boxes) box.checked = on;
    tell();
  };
  const buttons = entries.length > 3 ? el('span', { class: 'all' },
    el('button', { type: 'button', onclick: all(true) }, 'all'),
    el('button', { type: 'button', onclick: all(false) }, 'none')) : null;
  const paint = () => paints.forEach((call) => call());
  paint();
  return {
    element: el('fieldset', { class: 'switches' }, el('legend', null, title, ' ', buttons), el('div', { class: 'list' }, rows)),
    states: () => boxes.map((box) => box.checked),
    paint,
  };
}

/** One box with a label. */
export function toggle(name, on, changed) {
  const box = el('input', { type: 'checkbox', checked: on, onchange: () => changed(box.checked) });
  return el('label', { class: 'toggle' }, box, ` ${name}`);
}

/** A choice of one of several, by index. */
export function choice(name, entries, changed) {
  const select = el('select', { onchange: () => changed(select.selectedIndex) }, entries.map((text) => el('option', null, text)));
  return el('label', { class: 'toggle' }, `${name} `, select);
}
