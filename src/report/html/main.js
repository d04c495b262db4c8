// SPDX-License-Identifier: GPL-3.0-or-later
// The page: its sections in their order.
import { redrawPlots } from './plot.js';
import { onTheme, setPrinting } from './palette.js';
import { memorySection } from './memory.js';
import { resourceSection, samplesSection } from './resources.js';
import { serviceSection } from './service.js';
import { shownRuns } from './shown.js';
import {
  classSection, heading, hostSection, matrixSections, runSection, summarySection,
} from './tables.js';

// A sheet of A4 or Letter between its margins, in CSS pixels.
const paperWidth = 660;

const data = JSON.parse(document.getElementById('figures').textContent);
const shown = shownRuns(data.runs);

heading(data);
summarySection(data);
resourceSection(data, shown);
samplesSection(data, shown);
memorySection(data);
serviceSection(data, shown);
matrixSections(data);
hostSection(data);
runSection(data);
classSection(data);
onTheme(shown.paint);

let closed = [];
window.addEventListener('beforeprint', () => {
  setPrinting(true);
  closed = [...document.querySelectorAll('details:not([open])')];
  for (const part of closed) part.open = true;
  redrawPlots(paperWidth);
});
window.addEventListener('afterprint', () => {
  setPrinting(false);
  for (const part of closed) part.open = false;
  redrawPlots();
});
