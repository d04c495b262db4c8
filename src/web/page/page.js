// SPDX-License-Identifier: GPL-3.0-or-later
// The page: what the run says, and where it is shown.
import { Refused, setToken, stream } from "./feed.js";
import { History, age, bytes, drawLine, group, short, time } from "./figures.js";
import { Heat } from "./heat.js";
import { Vm } from "./vm.js";

const find = (id) => document.getElementById(id);
const history = new History();
const vm = new Vm(find);
const STATES = ["running", "booting", "failed", "stopped"];
const LISTED = 24; // VMs of a cell that are listed at once
let listFrom = 0;
let cellOpen = false;

const heat = new Heat(find("heat"), find("ramp"), tellCell, openCell);
vm.closed = () => find("heat").focus({ preventScroll: true });

function put(id, text) {
  const at = find(id);
  if (at.textContent !== text) at.textContent = text;
}

function showRow(table, name, cells) {
  const row = document.createElement("tr"), head = row.appendChild(document.createElement("th"));
  head.scope = "row";
  head.append(name);
  for (const cell of cells) {
    const at = row.appendChild(document.createElement("td"));
    at.append(cell);
    if (cell instanceof HTMLMeterElement) at.className = "meter";
  }
  table.append(row);
}

function meter(part, name) {
  const at = document.createElement("meter");
  at.value = Math.min(Math.max(part, 0), 1);
  at.setAttribute("aria-label", name);
  return at;
}

function showStates(live) {
  const vms = live.vms, parts = STATES.filter((state) => vms[state] > 0);
  const all = Math.max(live.wanted, STATES.reduce((sum, state) => sum + vms[state], 0), 1);
  put("running", `${group(vms.running)} of ${group(live.wanted)}`);
  find("states").setAttribute("aria-label", parts.map((state) => `${state} ${group(vms[state])}`).join(", ") || "none");
  const bar = [], legend = [];
  for (const state of parts) {
    const piece = document.createElement("span"), item = document.createElement("li"), key = document.createElement("i");
    piece.className = key.className = state;
    piece.style.width = (100 * vms[state]) / all + "%";
    item.append(key, `${state} ${group(vms[state])}`);
    bar.push(piece);
    legend.push(item);
  }
  find("states").replaceChildren(...bar);
  find("state-legend").replaceChildren(...legend);
}

const perSecond = (rate) => (rate === null ? "not known" : short(rate) + "/s");
const asked = (live) => Object.entries(live.asks).reduce((sum, [name, value]) => (typeof value === "number" && !name.startsWith("latency") ? sum + value : sum), 0);
const requests = (live) => (live.doors ? live.doors.requests : asked(live));
const ran = (live) => live.cpu.run_seconds;
const busyHost = (live) => live.cpu.host_seconds && Object.entries(live.cpu.host_seconds).reduce((sum, [name, value]) => (name === "idle" || name === "iowait" ? sum : sum + value), 0);

function showTiles(live) {
  const first = !history.before();
  put("wakes", live.wakes === null ? (live.state === "starting" ? "…" : "not known") : first ? "…" : perSecond(history.rate((at) => at.wakes, history.before(1.5))));
  put("requests", first ? "…" : perSecond(history.rate(requests, history.before(1.5))));
  put("connections", live.doors ? `${group(live.doors.connections)} ${live.doors.connections === 1 ? "connection" : "connections"}, ${group(live.doors.requests)} in all` : `${group(asked(live))} asked in all`);
  const latency = history.latency([50, 99]);
  put("latency", latency ? time(latency[0]) : "–");
  put("latency-more", latency ? `median of 10 s; p99 ${time(latency[1])}` : "nothing answered in 10 s");
  const cpu = history.rate(ran, history.before(1.5)), host = history.rate(busyHost, history.before(1.5));
  put("cpu", cpu === null ? "…" : `${(100 * cpu).toFixed(1)} %`);
  put("cpu-host", host === null ? "of one CPU" : `of one CPU; host ${(100 * host / live.cpu.host_cpus).toFixed(0)} % of ${live.cpu.host_cpus}`);
  const run = live.memory.run_bytes, taken = run.anonymous + run.file + run.shared + run.page_tables;
  put("memory", bytes(taken));
  const own = live.memory.vm_bytes;
  put("memory-vm", own && live.vms.running > 0 ? `${(own.held / live.vms.running).toFixed(1)} bytes a VM` : "of mvm itself");
  drawLine(find("wakes-line"), history.rates((at) => at.wakes));
  drawLine(find("requests-line"), history.rates(requests));
  drawLine(find("cpu-line"), history.rates(ran));
}

const KINDS = { anonymous: "anonymous", shared: "shared", page_tables: "page tables", secondary_page_tables: "secondary page tables",
  kernel_stacks: "kernel stacks", slab: "slab", per_cpu: "per CPU", vmalloc: "vmalloc", file_cache: "file cache", unexplained: "unexplained" };

function showKinds(memory) {
  const table = document.createDocumentFragment(), taken = memory.taken_bytes;
  // Some kinds may have shrunk meanwhile: meters are of what grew.
  const grown = taken ? Object.keys(KINDS).reduce((sum, kind) => sum + Math.max(taken[kind], 0), 1) : 1;
  if (memory.vm_bytes) showRow(table, "VMs' own state", [bytes(memory.vm_bytes.used), ""]);
  for (const [kind, name] of Object.entries(KINDS))
    if (taken && Math.abs(taken[kind]) >= 4096)
      showRow(table, name, [bytes(taken[kind]), meter(taken[kind] / grown, name)]);
  if (taken) showRow(table, "taken of the host since the run began", [bytes(taken.all), ""]);
  if (memory.host_bytes) showRow(table, "available on the host", [bytes(memory.host_bytes.available),
    meter(memory.host_bytes.available / memory.host_bytes.total, "available")]);
  find("kinds").replaceChildren(table);
}

const PRESSURES = { cpu_some: "CPU", memory_some: "memory, some", memory_full: "memory, all", io_some: "I/O, some", io_full: "I/O, all" };

function showPressure(live) {
  const table = document.createDocumentFragment();
  if (!live.pressure_seconds) showRow(table, "this host does not tell", []);
  else
    for (const [kind, name] of Object.entries(PRESSURES)) {
      const part = history.rate((at) => at.pressure_seconds && at.pressure_seconds[kind], history.before(4)) || 0;
      showRow(table, name, [`${(100 * part).toFixed(1)} % of the time`, meter(part, name)]);
    }
  find("pressure").replaceChildren(table);
}

function vmButton(number) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.vm = number;
  button.textContent = group(number);
  button.setAttribute("aria-label", "VM " + group(number));
  return button;
}

function showBusiest(live) {
  const table = document.createDocumentFragment(), focused = document.activeElement && document.activeElement.closest("#busiest button");
  const list = live.busiest || [];
  if (list.length === 0) showRow(table, live.busiest ? "no VM did anything in the last second" : live.state === "starting" ? "the VMs are being started" : "not known", []);
  for (const busy of list.slice(0, 10)) {
    const wakes = "wakes_per_second" in busy, work = busy.instructions_per_second;
    showRow(table, vmButton(busy.vm), [short(wakes ? busy.wakes_per_second : busy.asks_per_second) + (wakes ? " wakes/s" : " asks/s"),
      typeof work === "number" ? short(work) + " instr/s" : ""]);
  }
  find("busiest").replaceChildren(table);
  if (focused) (find("busiest").querySelector(`[data-vm="${focused.dataset.vm}"]`) || find("busiest").querySelector("button") || find("heat")).focus({ preventScroll: true });
}

function showHeat(live) {
  const cells = history.cells();
  if (!cells || cells.length === 0) {
    put("cell", live.heat ? "" : live.state === "starting" ? "the VMs are being started" : "what this engine's VMs do is not known");
    return;
  }
  heat.set(cells, live.heat.vms_each, live.numbers);
  put("map-title", `${live.heat.of === "wakes" ? "Wakes" : "Asks"} in ${group(cells.length)} cells of ${group(live.heat.vms_each)} ${live.heat.vms_each === 1 ? "VM" : "VMs"}`);
  put("most", heat.most > 0 ? short(heat.most) + "/s" : "most");
  tellCell(heat.selected);
}

function tellCell(cell) {
  const [from, to] = heat.range(cell), rate = heat.rates[cell] || 0;
  put("cell", `${from === to ? "VM " + group(from) : `VMs ${group(from)} to ${group(to)}`}: ${short(rate)}/s`);
}

function openCell(cell) {
  const [from, to] = heat.range(cell);
  cellOpen = true;
  listFrom = from;
  listVms();
  if (from === to) openVm(from);
  else find("vm-list").querySelector("button").focus({ preventScroll: true });
}

function listVms() {
  const [from, to] = heat.range(heat.selected), last = Math.min(listFrom + LISTED - 1, to);
  const busy = new Set(((history.now && history.now.busiest) || []).map((entry) => entry.vm));
  find("cell-vms").hidden = !cellOpen || from === to;
  put("cell-title", `VMs ${group(listFrom)} to ${group(last)} of ${group(from)} to ${group(to)}`);
  find("earlier").disabled = listFrom <= from;
  find("later").disabled = last >= to;
  find("vm-list").replaceChildren(...Array.from({ length: last - listFrom + 1 }, (_, i) => {
    const button = vmButton(listFrom + i);
    if (busy.has(listFrom + i)) button.className = "busy";
    return button;
  }));
}

function turnPage(by) {
  const [from, to] = heat.range(heat.selected);
  listFrom = Math.max(from, Math.min(listFrom + by * LISTED, to));
  listVms();
}

function openVm(number) {
  vm.open(number);
}

function show(live) {
  history.add(live);
  document.title = `${live.run} – mvm`;
  put("run", live.run);
  put("what", `${live.engine}, class ${live.class}, guest ${live.image}; ${live.state === "starting" ? "starting" : "up"} for ${age(live.age_seconds)}`);
  const why = live.stop_reason ? "No more VMs were started: " + live.stop_reason : "";
  put("notice", why);
  find("notice").hidden = !why;
  find("main").hidden = false;
  showStates(live);
  showTiles(live);
  showHeat(live);
  showBusiest(live);
  showKinds(live.memory);
  showPressure(live);
}

function say(state, text) {
  find("link").className = state;
  put("link", text);
}

function askToken() {
  find("ask-token").hidden = false;
  find("token").focus();
  return new Promise((done) =>
    find("ask-token").addEventListener("submit", (event) => {
      event.preventDefault();
      setToken(find("token").value);
      find("ask-token").hidden = true;
      done();
    }, { once: true }));
}

async function live() {
  for (;;) {
    let ended = false, refused = null;
    try {
      await stream("figures", undefined, (event, data) => {
        if (event === "end") ended = true;
        if (event !== "figures") return;
        const figures = JSON.parse(data);
        if (figures.ok) show(figures);
        say("live", "live");
      });
    } catch (error) {
      if (error instanceof Refused && error.status === 401) {
        say("lost", "the token is missing or wrong");
        await askToken();
        continue;
      }
      // What fetch() and its streams throw when the run has gone is a TypeError as well: those of this page are to be seen.
      refused = error instanceof Refused ? error.message : null;
      if (!(error instanceof Refused) && !/network|fetch/i.test(error.message)) console.error(error);
    }
    say("lost", ended ? "the run has ended" : refused || "the run does not answer; trying again");
    await new Promise((done) => setTimeout(done, 2000));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-vm]");
  if (button) openVm(Number(button.dataset.vm));
});
find("earlier").addEventListener("click", () => turnPage(-1));
find("later").addEventListener("click", () => turnPage(1));
find("go").addEventListener("submit", (event) => {
  event.preventDefault();
  openVm(Number(find("number").value));
});
live();
