// SPDX-License-Identifier: GPL-3.0-or-later
// One VM: is it alive, what does it say, what is on its screen. What a VM says is hostile until proven otherwise: it becomes
// text (textContent) and never markup.
import { askJson, stream } from "./feed.js";
import { group } from "./figures.js";

const MOST = 64 * 1024; // characters of a console that are kept
const COLUMNS = 80, ROWS = 25;

// Code page 437 above 7Fh, and below 20h, where it has pictures too.
const LOW = "\u00a0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
const HIGH = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

function character(code) {
  if (code < 0x20) return LOW[code];
  return code < 0x7f ? String.fromCharCode(code) : code === 0x7f ? "⌂" : HIGH[code - 0x80];
}

const decode = (text) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));

// What a terminal would act on is shown as a dot; lines and tabs stay.
function printable(bytes) {
  let text = "";
  for (const byte of bytes)
    if (byte === 0x0a || byte === 0x09 || (byte >= 0x20 && byte < 0x7f) || byte >= 0xa0) text += String.fromCharCode(byte);
    else if (byte !== 0x0d) text += "·";
  return text;
}

export class Vm {
  constructor(find) {
    this.panel = find("vm");
    this.title = find("vm-title");
    this.said = find("vm-said");
    this.console = find("console");
    this.serial = find("vm-serial");
    this.screen = find("vm-screen");
    this.stop = null;
    this.ended = -Infinity; // when a console was closed
    this.serial.addEventListener("click", () => this.toggle(this.serial, false));
    this.screen.addEventListener("click", () => this.toggle(this.screen, true));
    find("vm-challenge").addEventListener("click", () => this.challenge());
    find("vm-close").addEventListener("click", () => this.close());
    this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  open(number) {
    this.end();
    this.number = number;
    this.title.textContent = "VM " + group(number);
    this.said.textContent = "";
    this.console.hidden = true;
    this.panel.hidden = false;
    this.panel.scrollIntoView({ block: "nearest" });
    this.serial.focus({ preventScroll: true });
  }

  close() {
    this.end();
    this.panel.hidden = true;
    if (this.closed) this.closed();
  }

  end() {
    if (this.stop) {
      this.stop.abort();
      this.ended = performance.now();
    }
    this.stop = null;
    for (const button of [this.serial, this.screen]) button.setAttribute("aria-pressed", "false");
  }

  async challenge() {
    const number = this.number, began = performance.now();
    this.said.textContent = "asked";
    let text;
    try {
      const answer = await askJson("challenge?vm=" + number);
      if (answer.ok === false) text = answer.error;
      else if (answer.alive > 0) text = `alive: it answered the challenge in ${(performance.now() - began).toFixed(0)} ms, this page included`;
      else if (answer.wrong > 0) text = "not proven: it gave a wrong answer";
      else if (answer.ended > 0) text = "it has ended";
      else text = "not proven: it gave no answer in time";
    } catch (error) {
      text = error.message;
    }
    if (number === this.number) this.said.textContent = text;
  }

  async toggle(button, screen) {
    const again = button.getAttribute("aria-pressed") === "true";
    this.end();
    if (again) {
      this.said.textContent = "the console is closed";
      return;
    }
    const stop = (this.stop = new AbortController());
    button.setAttribute("aria-pressed", "true");
    this.console.textContent = "";
    this.console.className = screen ? "screen" : "";
    this.console.hidden = false;
    this.said.textContent = "opening";
    // The run hears a moment later that another console was closed just now, and a VM has one at a time.
    let refused;
    for (let tries = 0; tries < 10 && !stop.signal.aborted; tries++) {
      refused = await this.follow(screen, stop);
      if (refused === null || performance.now() - this.ended > 3000) break;
      await new Promise((done) => setTimeout(done, 200));
    }
    if (stop.signal.aborted) return;
    if (refused) this.said.textContent = refused;
    this.end();
  }

  // Shows what comes until the console ends; why it was refused, or null.
  async follow(screen, stop) {
    let refused = null;
    try {
      await stream(`console?vm=${this.number}${screen ? "&screen" : ""}`, stop.signal, (event, data) => {
        if (stop.signal.aborted) return;
        if (event === "open")
          this.said.textContent = screen ? "its text screen, live" : "its serial port, live; what it said before is not repeated";
        else if (event === "refused") refused = JSON.parse(data).error;
        else if (event === "bytes") this.say(printable(decode(data)));
        else if (event === "screen") this.show(decode(data));
        else if (event === "end" && refused === null) this.said.textContent = "the console has ended";
      });
    } catch (error) {
      refused = error.message;
    }
    return refused;
  }

  say(text) {
    const at = this.console, follows = at.scrollTop + at.clientHeight >= at.scrollHeight - 30;
    at.textContent = (at.textContent + text).slice(-MOST);
    if (follows) at.scrollTop = at.scrollHeight;
  }

  // A picture: the cell of the cursor, then characters and attributes (docs/control-protocol.md).
  show(picture) {
    const cursor = picture[0] | (picture[1] << 8), pieces = document.createDocumentFragment();
    for (let row = 0; row < ROWS; row++) {
      let piece = null, now = "";
      for (let column = 0; column < COLUMNS; column++) {
        const cell = row * COLUMNS + column, attribute = picture[2 + 2 * cell + 1];
        const look = `f${attribute & 15} b${(attribute >> 4) & 7}${cell === cursor ? " cursor" : ""}`;
        if (look !== now) {
          piece = pieces.appendChild(document.createElement("span"));
          piece.className = now = look;
        }
        piece.textContent += character(picture[2 + 2 * cell]);
      }
      if (row < ROWS - 1) pieces.append("\n");
    }
    this.console.replaceChildren(pieces);
  }
}
