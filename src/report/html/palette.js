// SPDX-License-Identifier: GPL-3.0-or-later
// Colours of runs and dashes of resources, the same as in the SVG pictures (src/report/svg_style.c). Colour is never
// the only sign: names stand beside it, and resources differ by dash.

const light = ['#0072b2', '#c44e00', '#00805e', '#a8478a', '#24292f', '#8f6400', '#3a8fc7', '#6b6b00'];
const dark = ['#56b4e9', '#f28e4b', '#2fc59a', '#e08dc0', '#e6e6e6', '#f0c040', '#9fb4ff', '#f0e442'];

const grounds = {
  light: { ground: '#ffffff', text: '#1b1f24', muted: '#57606a', grid: '#dfe3e8', warn: '#b3261e' },
  dark: { ground: '#0d1117', text: '#e6edf3', muted: '#9da7b1', grid: '#272d36', warn: '#ff7b72' },
};

const wantsDark = window.matchMedia('(prefers-color-scheme: dark)');
let printing = false;

const listeners = [];

/** Paper is light. */
export function setPrinting(now) {
  printing = now;
  listeners.forEach((call) => call());
}

export function isDark() {
  return wantsDark.matches && !printing;
}

/** `call` when the ground has become another, or may have. */
export function onTheme(call) {
  listeners.push(call);
  wantsDark.addEventListener('change', () => call());
}

export function ground() {
  return grounds[isDark() ? 'dark' : 'light'];
}

/** More runs than there are colours get hues as far apart as so many can be. */
export function runColour(index, count) {
  const colours = isDark() ? dark : light;
  if (count <= colours.length) return colours[index % colours.length];
  return `hsl(${Math.round((index * 137.508) % 360)} ${isDark() ? '70% 65%' : '80% 33%'})`;
}

const dashes = {
  cpu: [], memory: [8, 4], swap: [2, 3], pressure: [8, 3, 2, 3], pids: [5, 2], files: [12, 3], maps: [4, 4],
  disk: [8, 3, 2, 3, 2, 3], network: [14, 4, 2, 4], sockets: [3, 5], latency: [10, 2, 4, 2],
};

export function dashOf(resource) {
  return dashes[resource] || [];
}

/** Kinds of memory, in the order of the accounting; what is unexplained is hatched in the colour of warnings. */
const kinds = {
  light: ['#0072b2', '#56b4e9', '#00805e', '#7ccfb5', '#a8478a', '#c44e00', '#e3a857', '#8f6400', '#8b949e'],
  dark: ['#3a8fc7', '#9fd0f0', '#2fa583', '#8fe0c8', '#c874ab', '#e0733a', '#f0c07a', '#b58a2e', '#8b949e'],
};

export function kindColour(index, name) {
  return name === 'unexplained' ? ground().warn : kinds[isDark() ? 'dark' : 'light'][index % 9];
}
