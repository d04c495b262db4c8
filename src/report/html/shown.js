// SPDX-License-Identifier: GPL-3.0-or-later
// Which runs are shown, for all pictures at once.
import { runColour } from './palette.js';
import { switches } from './switches.js';

/** The runs with their switches: `runs()` those that are on as {run, index, colour}. */
export function shownRuns(runs) {
  const listeners = [];
  let states = runs.map(() => true);
  const boxes = switches('Runs', runs.map((run, index) => ({
    name: run.label,
    on: true,
    swatch: (swatch) => {
      swatch.style.background = runColour(index, runs.length);
    },
  })), (next) => {
    states = next;
    listeners.forEach((call) => call());
  });
  return {
    element: boxes.element,
    paint: boxes.paint,
    onChange: (call) => listeners.push(call),
    runs: () => runs.map((run, index) => ({ run, index, colour: runColour(index, runs.length) }))
      .filter(({ index }) => states[index]),
  };
}

/** Whether populations are so far apart that the smallest would be a line on a linear axis. */
export function wantsLogarithmic(runs) {
  const most = runs.map((run) => Math.max(0, ...run.intervals.vms)).filter((vms) => vms > 0);
  return most.length > 0 && Math.max(...most) > 20 * Math.min(...most);
}
