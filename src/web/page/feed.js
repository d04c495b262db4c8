// SPDX-License-Identifier: GPL-3.0-or-later
// What the run says, over server-sent events. They are read with fetch() and not with EventSource, which cannot send the
// token in a header; in the address it would end up in logs.

let token = takeToken();

// Behind '#', where no server sees it; out of the address bar at once.
function takeToken() {
  const found = /[#&]token=([^&]+)/.exec(location.hash);
  if (found) {
    sessionStorage.setItem("token", decodeURIComponent(found[1]));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
}

export function setToken(text) {
  token = text;
  sessionStorage.setItem("token", text);
}

function ask(path, signal) {
  const headers = { "X-Mvm-Page": "1" };
  if (token) headers.Authorization = "Bearer " + token;
  return fetch(path, { headers, signal, cache: "no-store", redirect: "error" });
}

export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

async function asked(path, signal) {
  const answer = await ask(path, signal);
  if (!answer.ok) throw new Refused(answer.status, (await answer.text()).trim());
  return answer;
}

export async function askJson(path) {
  return (await asked(path)).json();
}

// Calls take(event, data) for each event until the stream ends. An event here has one line of data.
export async function stream(path, signal, take) {
  const reader = (await asked(path, signal)).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      let end;
      while ((end = rest.indexOf("\n\n")) >= 0) {
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        const found = /^event: (.*)\ndata: (.*)$/.exec(block);
        if (found) take(found[1], found[2]);
      }
    }
  } finally {
    // A browser has few connections to one place: none is left behind.
    reader.cancel().catch(() => {});
  }
}
