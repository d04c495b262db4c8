// SPDX-License-Identifier: GPL-3.0-or-later
// From the run's counters to what people read. The run counts since its beginning; differences are made here.

const KEPT = 120; // pictures, for the lines

export const group = (number) => Math.round(number).toLocaleString("en-US");

export function short(number) {
  if (number < 100) return number === 0 ? "0" : number < 10 ? number.toFixed(1) : number.toFixed(0);
  for (const [size, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (number >= size * 0.9995) return (number / size).toPrecision(3) + " " + name;
  return number.toFixed(0);
}

export function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; Math.abs(number) >= 1023.5 && at < units.length - 1; at++) number /= 1024;
  return (at === 0 ? Math.round(number) : number.toPrecision(Math.abs(number) >= 999.5 ? 4 : 3)) + " " + units[at];
}

export function time(seconds) {
  if (seconds < 1e-3) return (seconds * 1e6).toPrecision(3) + " µs";
  return seconds < 1 ? (seconds * 1e3).toPrecision(3) + " ms" : seconds.toPrecision(3) + " s";
}

export function age(seconds) {
  const whole = Math.floor(seconds), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  if (hours >= 48) return Math.floor(hours / 24) + " days";
  return hours > 0 ? `${hours} h ${minutes % 60} min` : minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

// Pictures in the order they came, and what happened between them.
export class History {
  constructor() {
    this.list = [];
  }

  add(live) {
    const last = this.list[this.list.length - 1];
    live.at_seconds = live.at_ns / 1e9;
    // Another run at the same address begins anew.
    if (last && (last.pid !== live.pid || live.at_seconds <= last.at_seconds)) this.list = [];
    this.list.push(live);
    // What is old keeps no map.
    if (this.list.length > 2) this.list[this.list.length - 3].heat = null;
    if (this.list.length > KEPT) this.list.shift();
  }

  get now() { return this.list[this.list.length - 1]; }

  // The picture before, or the one `back` seconds ago.
  before(back = 0) {
    for (let i = this.list.length - 2; i >= 0; i--)
      if (this.now.at_seconds - this.list[i].at_seconds >= back) return this.list[i];
    return this.list.length > 1 ? this.list[0] : null;
  }

  // A counter's change a second; null: not known.
  rate(counter, from = this.before(), to = this.now) {
    const first = from && counter(from), last = to && counter(to);
    if (typeof first !== "number" || typeof last !== "number") return null;
    return (last - first) / (to.at_seconds - from.at_seconds);
  }

  rates(counter) {
    return this.list.slice(1).map((to, i) => this.rate(counter, this.list[i], to));
  }

  // Percentiles of what was answered in the last seconds.
  latency(percents, back = 10) {
    const from = this.before(back), now = this.now;
    if (!from || !now.asks.latency_counts) return null;
    const counts = now.asks.latency_counts.map((count, i) => count - from.asks.latency_counts[i]);
    const all = counts.reduce((sum, count) => sum + count, 0);
    if (all === 0) return null;
    return percents.map((percent) => percentile(counts, all, now.asks.latency_bounds_ns, percent) / 1e9);
  }

  cells() {
    const now = this.now.heat, from = this.before() && this.before().heat;
    if (!now) return null;
    const seconds = from ? this.now.at_seconds - this.before().at_seconds : 0;
    const same = from && from.vms_each === now.vms_each;
    return now.cells.map((count, i) => (same ? Math.max(count - (from.cells[i] || 0), 0) / seconds : 0));
  }
}

function percentile(counts, all, bounds, percent) {
  let below = 0;
  const rank = (all * percent) / 100;
  for (let i = 0; i < counts.length; i++) {
    if (below + counts[i] >= rank && counts[i] > 0) {
      const low = i > 0 ? bounds[i - 1] : 0, high = i < bounds.length ? bounds[i] : low;
      return low + ((high - low) * (rank - below)) / counts[i];
    }
    below += counts[i];
  }
  return bounds[bounds.length - 1];
}

export function drawLine(canvas, values) {
  const scale = devicePixelRatio || 1, width = canvas.clientWidth * scale, height = canvas.clientHeight * scale;
  if (width === 0) return;
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d"), most = Math.max(...values.map((value) => value || 0), 1e-9);
  pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--running");
  pen.lineWidth = 2 * scale;
  pen.lineJoin = "round";
  pen.beginPath();
  values.forEach((value, i) =>
    pen.lineTo((i / Math.max(values.length - 1, 1)) * width, height - scale - ((value || 0) / most) * (height - 3 * scale)));
  pen.stroke();
}
