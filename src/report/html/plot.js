// SPDX-License-Identifier: GPL-3.0-or-later
// A plot of curves, each with points of its own. uPlot has the axes, the scales and the pointer; the curves are
// drawn here, because those of several runs share no points.
import { el } from './dom.js';
import { ground, onTheme } from './palette.js';

const plots = new Set();

/** All plots again: the ground has changed, or the paper is narrower than the screen. */
export function redrawPlots(width) {
  for (const plot of plots) plot.build(width);
}

onTheme(() => redrawPlots());

/** The index of the value in ascending `xs` that is nearest to `x`. */
function nearestIndex(xs, x) {
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle;
    else high = middle;
  }
  return x - xs[low] <= xs[high] - x ? low : high;
}

function extent(curves, pick, positive) {
  let least = Infinity;
  let most = -Infinity;
  for (const curve of curves) {
    for (const values of pick(curve)) {
      for (const value of values || []) {
        if (value === null || !Number.isFinite(value) || (positive && value <= 0)) continue;
        if (value < least) least = value;
        if (value > most) most = value;
      }
    }
  }
  return least <= most ? [least, most] : null;
}

/** 1, 2 or 5 times a power of ten, at most `value`. */
function roundDown(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (value >= 5 * power ? 5 : value >= 2 * power ? 2 : 1);
}

function hatch(context, colour, scale) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(8 * scale);
  const on = tile.getContext('2d');
  on.strokeStyle = colour;
  on.lineWidth = 2 * scale;
  for (const shift of [-tile.width, 0, tile.width]) {
    on.moveTo(shift, tile.height);
    on.lineTo(shift + tile.width, 0);
  }
  on.stroke();
  return context.createPattern(tile, 'repeat');
}

const powersOfTwo = Array.from({ length: 61 }, (nothing, power) => 2 ** power);

export class Plot {
  /**
   * `options`: `name` (for readers of the screen), `x` and `y` as {label, log, text(value), tick(value)}, `y.base`
   * 'percent' (0 to 100 at least) or 'zero', `y.binary` where ticks are powers of two, `curves()` the shown ones as {name, colour, dash, xs, ys,
   * low, high, fill, hatched, note(index)}, `lines()` as {y, colour, text}, `height`, `lead` (elements before the
   * buttons).
   */
  constructor(options) {
    this.options = options;
    this.view = null;
    this.focus = null;
    this.tip = el('div', { class: 'tip', hidden: true });
    this.dot = el('div', { class: 'dot', hidden: true });
    this.spoken = el('div', { class: 'spoken', 'aria-live': 'polite' });
    this.box = el('div', {
      class: 'plot', tabindex: '0', role: 'group',
      'aria-label': `${options.name}. Left and right arrows go from point to point, up and down from curve to curve; `
        + 'plus and minus zoom, zero shows all.',
      onkeydown: (event) => this.key(event),
      onblur: () => this.hide(),
    });
    const button = (text, label, act) => el('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, text);
    this.tools = el('div', { class: 'tools' }, options.lead || null,
      button('+', 'Zoom in', () => this.zoom(0.5)),
      button('−', 'Zoom out', () => this.zoom(2)),
      button('All', 'Show all', () => this.reset()));
    this.element = el('div', { class: 'plot-part' }, this.tools, this.box, this.spoken);
    plots.add(this);
    // Drawn when it is in the page and its width is known, and again when that changes.
    new ResizeObserver(() => {
      const width = Math.floor(this.box.clientWidth);
      if (width > 0 && (!this.chart || width !== this.width)) this.build();
    }).observe(this.box);
  }

  full() {
    const curves = this.options.curves();
    const { x, y } = this.options;
    let [x0, x1] = extent(curves, (curve) => [curve.xs], x.log) || [x.log ? 1 : 0, 10];
    let reach = null;
    let [y0, y1] = extent(curves, (curve) => [curve.ys, curve.low, curve.high], y.log) || [y.log ? 0.1 : 0, 1];
    if (!x.log) x0 = Math.min(x0, 0);
    if (x0 === x1) x1 = x.log ? x0 * 10 : x0 + 1;
    // So that the last point does not lie on the edge.
    x1 = x.log ? x1 * (x1 / x0) ** 0.02 : x1 + 0.02 * (x1 - x0);
    if (x.log) x0 = roundDown(x0 * 0.999);
    if (y.log) {
      y0 = 10 ** Math.floor(Math.log10(y0));
      y1 = 10 ** Math.ceil(Math.log10(y1) + 1e-9);
      if (y0 === y1) y1 = y0 * 10;
    } else {
      // What passes 100 % by far would press all else together; zooming out shows it.
      const most = y.base === 'percent' ? Math.max(102, Math.min(130, y1)) : y1 * 1.06;
      y0 = Math.min(0, y.base === 'percent' ? Math.max(y0, -10) : y0);
      reach = [y0, Math.max(most, y1 * 1.02)];
      y1 = most > y0 ? most : y0 + 1;
    }
    return { x: [x0, x1], y: [y0, y1], reach: reach || [y0, y1] };
  }

  build(width) {
    this.width = Math.floor(width || this.box.clientWidth);
    if (!(this.width > 0)) return;
    const colours = ground();
    const { x, y } = this.options;
    const narrow = this.width < 520;
    const axis = (side) => ({
      stroke: colours.muted,
      grid: { stroke: colours.grid, width: 1 },
      ticks: { stroke: colours.grid, width: 1 },
      font: '12px system-ui, sans-serif',
      labelFont: '13px system-ui, sans-serif',
      label: side.label,
      labelSize: 24,
      values: (u, splits) => splits.map((value) => (value === null || value === undefined ? '' : (side.tick || side.text)(value))),
    });
    if (this.chart) this.chart.destroy();
    this.limits = this.view || this.full();
    this.hide();
    this.chart = new uPlot({
      width: this.width,
      height: this.options.height || (narrow ? 300 : 420),
      padding: [12, 16, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, distr: x.log ? 3 : 1, range: () => this.limits.x },
        y: { distr: y.log ? 3 : 1, range: () => this.limits.y },
      },
      axes: [{ ...axis(x), space: narrow ? 60 : 70 }, { ...axis(y), size: 74, ...(y.binary ? { incrs: powersOfTwo } : {}) }],
      series: [{}, { show: true, points: { show: false }, stroke: 'transparent', paths: () => null }],
      cursor: {
        points: { show: false }, drag: { x: true, y: true, uni: 30, setScale: false },
      },
      hooks: {
        draw: [(u) => this.draw(u)],
        setCursor: [(u) => this.hover(u)],
        setSelect: [(u) => this.select(u)],
      },
    }, [this.limits.x, [null, null]], this.box);
    this.chart.over.addEventListener('dblclick', () => this.reset());
    this.chart.over.addEventListener('mouseleave', () => this.hide());
    this.chart.over.append(this.tip, this.dot);
  }

  /** The same view with other curves. */
  refresh() {
    if (!this.chart) return;
    if (!this.view) this.limits = this.full();
    this.hide();
    this.chart.setData([this.limits.x, [null, null]], true);
  }

  setView(view) {
    this.view = view;
    this.limits = view || this.full();
    this.hide();
    this.chart.setData([this.limits.x, [null, null]], true);
  }

  reset() {
    this.setView(null);
  }

  /** Around the middle of what is shown. */
  zoom(factor) {
    const full = this.full();
    const part = (limits, log, bounds) => {
      const [a, b] = log ? limits.map(Math.log10) : limits;
      const middle = (a + b) / 2;
      const half = ((b - a) / 2) * factor;
      const ends = [middle - half, middle + half].map((value) => (log ? 10 ** value : value));
      return [Math.max(ends[0], bounds[0]), Math.min(ends[1], bounds[1])];
    };
    const next = {
      x: part(this.limits.x, this.options.x.log, full.x), y: part(this.limits.y, this.options.y.log, full.reach),
    };
    this.setView(next);
  }

  select(u) {
    const { left, top, width, height } = u.select;
    if (width < 3 && height < 3) return;
    const over = { width: u.over.clientWidth, height: u.over.clientHeight };
    const next = { x: [...this.limits.x], y: [...this.limits.y] };
    if (width >= 3 && width < over.width) next.x = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
    if (height >= 3 && height < over.height) next.y = [u.posToVal(top + height, 'y'), u.posToVal(top, 'y')];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.setView(next);
  }

  draw(u) {
    const context = u.ctx;
    const scale = window.devicePixelRatio || 1;
    const place = (x, y) => [u.valToPos(x, 'x', true), u.valToPos(y, 'y', true)];
    const usable = (x, y) => y !== null && Number.isFinite(y)
      && (!this.options.y.log || y > 0) && (!this.options.x.log || x > 0);
    context.save();
    context.beginPath();
    context.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    context.clip();
    context.lineJoin = 'round';
    const lines = this.options.lines ? this.options.lines() : [];
    // From below, so that the text, which is the uppermost's, lies on all of them.
    for (const line of lines.reverse()) {
      const [, y] = place(this.limits.x[0], line.y);
      context.strokeStyle = context.fillStyle = line.colour;
      context.lineWidth = 1.5 * scale;
      context.setLineDash([10 * scale, 4 * scale]);
      context.beginPath();
      context.moveTo(u.bbox.left, y);
      context.lineTo(u.bbox.left + u.bbox.width, y);
      context.stroke();
      context.setLineDash([]);
      context.textAlign = 'left';
      context.textBaseline = 'alphabetic';
      context.font = `${12 * scale}px system-ui, sans-serif`;
      // Above the line, unless that is outside.
      const above = y - 18 * scale > u.bbox.top;
      const at = [line.text, u.bbox.left + 6 * scale, y + (above ? -5 : 15) * scale];
      context.strokeStyle = ground().ground;
      context.lineWidth = 4 * scale;
      if (line.text) context.strokeText(...at);
      if (line.text) context.fillText(...at);
    }
    const curves = this.options.curves();
    // Many bands one upon the other are lighter each.
    const alpha = 0.16 * Math.min(1, 12 / curves.length);
    for (const curve of curves) this.drawCurve(context, scale, curve, alpha, place, usable);
    context.restore();
  }

  drawCurve(context, scale, curve, alpha, place, usable) {
    const { xs, ys, low, high } = curve;
    if (low && high) {
      const points = xs.map((x, i) => i).filter((i) => low[i] !== null && high[i] !== null && usable(xs[i], high[i]));
      const floor = this.limits.y[0];
      context.beginPath();
      points.forEach((i, at) => context[at ? 'lineTo' : 'moveTo'](...place(xs[i], high[i])));
      points.reverse().forEach((i) => context.lineTo(...place(xs[i], usable(xs[i], low[i]) ? low[i] : floor)));
      context.closePath();
      context.globalAlpha = curve.fill || alpha;
      context.fillStyle = curve.hatched ? hatch(context, curve.colour, scale) : curve.colour;
      context.fill();
      context.globalAlpha = 1;
    }
    if (curve.fill) return;
    context.strokeStyle = context.fillStyle = curve.colour;
    context.lineWidth = (xs.length > 400 ? 1.25 : 2) * scale;
    context.setLineDash((curve.dash || []).map((length) => length * scale));
    context.beginPath();
    let down = false;
    let shown = 0;
    for (let i = 0; i < xs.length; i += 1) {
      if (!usable(xs[i], ys[i])) {
        down = false;
        continue;
      }
      const [x, y] = place(xs[i], ys[i]);
      context[down ? 'lineTo' : 'moveTo'](x, y);
      down = true;
      shown += 1;
    }
    context.stroke();
    context.setLineDash([]);
    if (shown > 60) return;
    for (let i = 0; i < xs.length; i += 1) {
      if (!usable(xs[i], ys[i])) continue;
      context.beginPath();
      context.arc(...place(xs[i], ys[i]), 3 * scale, 0, 2 * Math.PI);
      context.fill();
    }
  }

  /** Per curve that has a point near `x` that point, nearest to the pointer first. */
  near(u, x, top) {
    const found = [];
    for (const curve of this.options.curves()) {
      if (curve.xs.length === 0) continue;
      const index = nearestIndex(curve.xs, x);
      const y = curve.ys[index];
      if (y === null || !Number.isFinite(y)) continue;
      const left = u.valToPos(curve.xs[index], 'x');
      const aside = Math.abs(left - u.valToPos(x, 'x'));
      if (aside <= 60) found.push({ curve, index, distance: Math.hypot(aside, u.valToPos(y, 'y') - top) });
    }
    return found.sort((a, b) => a.distance - b.distance);
  }

  hover(u) {
    const { left, top } = u.cursor;
    if (!this.chart || left === undefined || left < 0) {
      if (!this.focus) this.hide();
      return;
    }
    this.focus = null;
    this.show(u, this.near(u, u.posToVal(left, 'x'), top), left);
  }

  show(u, found, left) {
    const most = 8;
    if (found.length === 0) {
      this.hide();
      return;
    }
    const { x, y } = this.options;
    const [first] = found;
    const at = x.text(first.curve.xs[first.index]);
    const value = ({ curve, index }) => {
      const half = curve.high && curve.low && !curve.fill && curve.high[index] !== null ? (curve.high[index] - curve.low[index]) / 2 : 0;
      return `${y.text(curve.ys[index])}${half > 0 ? ` ± ${y.text(half)}` : ''}`;
    };
    this.tip.replaceChildren(el('strong', null, at), ...found.slice(0, most).map((point) => {
      const swatch = el('span', { class: 'swatch' });
      swatch.style.background = point.curve.colour;
      const own = x.text(point.curve.xs[point.index]);
      const note = point.curve.note ? point.curve.note(point.index) : value(point);
      return el('div', null, swatch, `${point.curve.name}: ${note}${own === at ? '' : ` (at ${own})`}`);
    }), found.length > most ? el('div', { class: 'muted' }, `and ${found.length - most} more`) : '');
    this.tip.hidden = this.dot.hidden = false;
    const px = u.valToPos(first.curve.xs[first.index], 'x');
    const py = u.valToPos(first.curve.ys[first.index], 'y');
    this.dot.style.transform = `translate(${px - 5}px, ${py - 5}px)`;
    this.dot.style.borderColor = first.curve.colour;
    // Beside the pointer where there is room, and never out of the window.
    const room = u.over.clientWidth;
    const before = u.over.offsetLeft;
    this.tip.style.maxWidth = `${Math.min(400, room + before)}px`;
    const width = this.tip.offsetWidth;
    const beside = left + 16 + width <= room ? left + 16 : left - 16 - width;
    this.tip.style.left = `${Math.max(-before, Math.min(beside, room - width))}px`;
    this.tip.style.top = '4px';
    return `${at}: ${first.curve.name} ${value(first)}`;
  }

  hide() {
    this.tip.hidden = this.dot.hidden = true;
    this.focus = null;
  }

  key(event) {
    const curves = this.options.curves();
    if (event.ctrlKey || event.altKey || event.metaKey || !this.chart) return;
    if (event.key === '+' || event.key === '=') this.zoom(0.5);
    else if (event.key === '-') this.zoom(2);
    else if (event.key === '0') this.reset();
    else if (event.key === 'Escape') this.hide();
    else if (curves.length > 0 && this.move(event.key, curves)) this.tell(curves);
    else return;
    event.preventDefault();
  }

  move(key, curves) {
    const focus = this.focus && this.focus.curve < curves.length ? this.focus : { curve: 0, index: -1 };
    const points = (curve) => curve.xs.length;
    const steps = {
      ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0],
      PageDown: [0, 10], PageUp: [0, -10], Home: [0, -Infinity], End: [0, Infinity],
    };
    if (!steps[key]) return false;
    const [other, step] = steps[key];
    const curve = (focus.curve + other + curves.length) % curves.length;
    let index = focus.index;
    if (curve !== focus.curve && index >= 0) index = nearestIndex(curves[curve].xs, curves[focus.curve].xs[index]);
    else index = focus.index + step;
    index = Math.max(0, Math.min(points(curves[curve]) - 1, index));
    this.focus = { curve, index };
    return points(curves[curve]) > 0;
  }

  tell(curves) {
    const { focus } = this;
    const u = this.chart;
    const curve = curves[focus.curve];
    const left = u.valToPos(curve.xs[focus.index], 'x');
    if (left < 0 || left > u.over.clientWidth) this.setView(null);
    const text = this.show(u, [{ curve, index: focus.index, distance: 0 }], left);
    this.focus = focus;
    this.spoken.textContent = text || '';
  }
}
