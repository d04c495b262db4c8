// SPDX-License-Identifier: GPL-3.0-or-later
// The heat map: a cell for each share of the VMs, its colour by what they did since the last picture.

const STEPS = 64;

export class Heat {
  constructor(canvas, ramp, choose, open) {
    this.canvas = canvas;
    this.ramp = ramp;
    this.rates = []; // events a second of each cell, which fade
    this.vmsEach = 1;
    this.numbers = 0;
    this.selected = 0;
    this.choose = choose;
    this.open = open;
    this.most = 0;
    this.columns = 1;
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("pointermove", (event) => this.point(event));
    canvas.addEventListener("click", (event) => {
      if (this.point(event)) open(this.selected);
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    this.paint();
  }

  // Colours come from the style sheet, so that light and dark have each its own.
  paint() {
    const style = getComputedStyle(document.documentElement);
    const stops = [0, 1, 2, 3, 4].map((at) => {
      const hex = style.getPropertyValue("--heat-" + at).trim();
      return [1, 3, 5].map((from) => parseInt(hex.slice(from, from + 2), 16));
    });
    this.colours = Array.from({ length: STEPS }, (_, step) => {
      const at = (step / (STEPS - 1)) * (stops.length - 1);
      const low = Math.min(Math.floor(at), stops.length - 2);
      const mix = stops[low].map((from, i) => Math.round(from + (stops[low + 1][i] - from) * (at - low)));
      return `rgb(${mix})`;
    });
    this.edge = style.getPropertyValue("--ink").trim();
    const pen = this.ramp.getContext("2d");
    this.colours.forEach((colour, step) => {
      pen.fillStyle = colour;
      pen.fillRect((step * this.ramp.width) / STEPS, 0, this.ramp.width / STEPS + 1, this.ramp.height);
    });
    this.draw();
  }

  // `rates` are those since the last picture.
  set(rates, vmsEach, numbers) {
    const same = vmsEach === this.vmsEach && rates.length === this.rates.length;
    this.rates = rates.map((rate, i) => (same && this.rates[i] * 0.55 > rate ? this.rates[i] * 0.55 : rate));
    this.rates.forEach((rate, i) => { if (rate < 0.01) this.rates[i] = 0; });
    this.vmsEach = vmsEach;
    this.numbers = numbers;
    this.most = this.rates.reduce((most, rate) => Math.max(most, rate), 0);
    this.selected = Math.min(this.selected, Math.max(this.rates.length - 1, 0));
    this.draw();
  }

  range(cell) {
    return [cell * this.vmsEach, Math.min((cell + 1) * this.vmsEach, this.numbers) - 1];
  }

  draw() {
    const scale = devicePixelRatio || 1, count = this.rates.length;
    const width = this.canvas.clientWidth * scale, height = this.canvas.clientHeight * scale;
    if (width === 0 || count === 0) return;
    if (this.canvas.width !== Math.round(width) || this.canvas.height !== Math.round(height)) {
      this.canvas.width = Math.round(width);
      this.canvas.height = Math.round(height);
    }
    this.columns = Math.min(count, Math.max(1, Math.ceil(Math.sqrt((count * width) / height))));
    const rows = Math.ceil(count / this.columns);
    const pen = this.canvas.getContext("2d"), across = width / this.columns, down = height / rows;
    const gap = Math.min(across, down) > 6 * scale ? scale : 0;
    const full = Math.log1p(this.most);
    pen.clearRect(0, 0, width, height);
    for (let i = 0; i < count; i++) {
      const step = full > 0 ? Math.ceil((Math.log1p(this.rates[i]) / full) * (STEPS - 1)) : 0;
      const left = Math.round((i % this.columns) * across), top = Math.round(Math.floor(i / this.columns) * down);
      pen.fillStyle = this.colours[step];
      pen.fillRect(left, top, Math.round(((i % this.columns) + 1) * across) - left - gap,
                   Math.round((Math.floor(i / this.columns) + 1) * down) - top - gap);
    }
    pen.strokeStyle = this.edge;
    pen.lineWidth = 2 * scale;
    pen.strokeRect((this.selected % this.columns) * across + scale, Math.floor(this.selected / this.columns) * down + scale,
                   Math.max(across - 2 * scale, 2), Math.max(down - 2 * scale, 2));
  }

  select(cell) {
    if (cell < 0 || cell >= this.rates.length) return false;
    this.selected = cell;
    this.draw();
    this.choose(cell);
    return true;
  }

  point(event) {
    const rows = Math.ceil(this.rates.length / this.columns);
    const column = Math.floor((event.offsetX / this.canvas.clientWidth) * this.columns);
    const row = Math.floor((event.offsetY / this.canvas.clientHeight) * rows);
    return this.select(row * this.columns + Math.min(Math.max(column, 0), this.columns - 1));
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
                    Home: -this.selected, End: this.rates.length - 1 - this.selected };
    if (event.key === "Enter" || event.key === " ") this.open(this.selected);
    else if (event.key in steps) this.select(this.selected + steps[event.key]);
    else return;
    event.preventDefault();
  }
}
