// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers for people, as the tables of mvm write them.

export function grouped(number) {
  return Math.round(number).toLocaleString('en-US');
}

/** Three significant digits, without an exponent where that can be read. */
export function digits(number, count = 3) {
  if (!Number.isFinite(number)) return 'unknown';
  if (number === 0) return '0';
  const size = Math.abs(number);
  if (size >= 1e15 || size < 1e-6) return number.toExponential(count - 1);
  if (size >= 10 ** count) return grouped(number);
  const text = Number(number.toPrecision(count)).toFixed(Math.max(0, count - 1 - Math.floor(Math.log10(size))));
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}

export function percent(number) {
  return `${Number.isFinite(number) ? number.toFixed(2) : '?'} %`;
}

/** Bytes in units of 1024. */
export function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  let value = number;
  while (Math.abs(value) >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    unit += 1;
  }
  return `${digits(value)} ${units[unit]}`;
}

export function seconds(number) {
  if (!Number.isFinite(number)) return 'unknown';
  if (number >= 7200) return `${digits(number / 3600)} h`;
  if (number >= 120) return `${digits(number / 60)} min`;
  if (number >= 1 || number === 0) return `${digits(number)} s`;
  if (number >= 1e-3) return `${digits(number * 1e3)} ms`;
  if (number >= 1e-6) return `${digits(number * 1e6)} µs`;
  return `${digits(number * 1e9)} ns`;
}

/** A number of VMs at an axis: 2M, 10k. */
export function shortCount(number) {
  for (const [size, unit] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) {
    if (Math.abs(number) >= size) return digits(number / (unit === 'k' ? 1e3 : size)) + unit;
  }
  return digits(number, 4);
}
