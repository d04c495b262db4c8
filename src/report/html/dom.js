// SPDX-License-Identifier: GPL-3.0-or-later
// Elements. Whatever comes from a result gets in as text or as an attribute's value, never as markup.

/** An element with properties and children; a string becomes text, null is left out. */
export function el(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== 'string') element[name] = value;
    else if (name === 'class') element.className = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A table in a box that scrolls sideways by itself when the screen is narrow. `head` and the cells of `rows` are
 * strings, elements, or {text, number, span, warn}. */
export function table(caption, head, rows) {
  const cell = (tag, content, scope) => {
    const plain = typeof content === 'string' || content instanceof Node || content === null;
    const { text, number, span, warn } = plain ? { text: content } : content;
    return el(tag, {
      scope, class: [number ? 'number' : '', warn ? 'warn' : ''].join(' ').trim() || null,
      colSpan: span || undefined,
    }, text === null ? '' : text);
  };
  const body = rows.map((row) => el('tr', null, row.map((content, i) =>
    i === 0 ? cell('th', content, 'row') : cell('td', content))));
  return el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', null, el('caption', null, caption),
      el('thead', null, el('tr', null, head.map((content) => cell('th', content, 'col')))),
      el('tbody', null, body)));
}

/** Adds a section with a heading to the page and to its contents. */
export function section(id, title, ...children) {
  const heading = el('h2', { id: `${id}-title` }, title);
  const part = el('section', { id, 'aria-labelledby': `${id}-title` }, heading, children);
  document.getElementById('main').append(part);
  document.getElementById('contents').append(el('a', { href: `#${id}` }, title), ' ');
  return part;
}

/** A name-and-value list. */
export function facts(pairs) {
  return el('dl', { class: 'facts' }, pairs.map(([name, value]) =>
    el('div', null, el('dt', null, name), el('dd', null, value))));
}
