# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium for tests of web pages, driven by its DevTools protocol over a pipe: no driver, no port.

    with Chromium() as browser:
        page = browser.open("http://127.0.0.1:9000/")
        page.wait("document.querySelector('#running').textContent !== ''")
        page.screenshot("page.png")
        assert page.complaints == []

`Chromium.missing()` says why there is none, or is None. Waits have generous limits and raise `TimeoutError` with what they waited for.
"""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds


class Chromium:
    @staticmethod
    def program():
        return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

    @classmethod
    def missing(cls):
        return None if cls.program() else "chromium is not installed"

    def __init__(self, *flags):
        self.folder = tempfile.mkdtemp(prefix="mvm-chromium-")
        self.number = 0
        self.waiting = b""
        self.events = []
        self.pages = {}
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        theirs_in, self.out = os.pipe()
        self.come, theirs_out = os.pipe()
        command = [self.program(), "--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + self.folder,
                   "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                   "--disable-component-update", "--disable-sync", "--no-default-browser-check", "--mute-audio",
                   "--no-proxy-server", "--force-color-profile=srgb", "--hide-scrollbars", *flags]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        shell = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash"]
        # A session of its own: Chromium is many processes, which end together.
        self.process = subprocess.Popen(shell + command, pass_fds=(theirs_in, theirs_out), start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, TimeoutError, EOFError, RuntimeError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.out)
        os.close(self.come)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, session=None, **parameters):
        self.number += 1
        number = self.number
        command = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self.receive(deadline, method)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def receive(self, deadline, what):
        """The next message; events go to their pages as well."""
        while b"\0" not in self.waiting:
            if not select.select([self.come], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(what)
            piece = os.read(self.come, 1 << 20)
            if not piece:
                raise EOFError("chromium has ended")
            self.waiting += piece
        message, self.waiting = self.waiting.split(b"\0", 1)
        message = json.loads(message)
        page = self.pages.get(message.get("sessionId"))
        if page and "method" in message:
            page.event(message["method"], message["params"])
        return message

    def open(self, url, width=1280, height=900, dark=False, script=None):
        """A page of that size. `script` runs before any of the page's own."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(domain + ".enable")
        page.resize(width, height)
        page.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        if script:
            page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        page.call("Page.navigate", url=url)
        page.wait("location.href !== 'about:blank' && document.readyState === 'complete'")
        return page


class Page:
    def __init__(self, browser, session):
        self.browser = browser
        self.session = session
        self.complaints = []  # errors, warnings and what the security policy refused
        self.requests = []  # addresses that were asked for

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def event(self, method, parameters):
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(word.get("value", word.get("description"))) for word in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"] + " " + parameters["entry"].get("url", ""))
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def resize(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=width < 600)

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression, patience=PATIENCE):
        """Until the expression is true; its value."""
        deadline = time.monotonic() + patience
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            if time.monotonic() > deadline:
                raise TimeoutError(f"in vain: {expression}; the page says: " +
                                   " | ".join(self.evaluate("document.body.innerText").split("\n\n"))[:2000])
            time.sleep(0.05)

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def click(self, selector, x=0.5, y=0.5):
        """A real click, at a place in the element given in parts of its size. What a page draws anew meanwhile may move the
        element away: then it is tried again."""
        find = f"document.querySelector({json.dumps(selector)})"
        for _ in range(20):
            box = self.evaluate(f"(() => {{ const at = {find}; at.scrollIntoView({{block: 'center'}}); window.testClicked = false;"
                                " at.addEventListener('click', () => { window.testClicked = true; }, {once: true, capture: true});"
                                " const box = at.getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; })()")
            at = {"x": box[0] + box[2] * x, "y": box[1] + box[3] * y}
            self.call("Input.dispatchMouseEvent", type="mouseMoved", **at)
            for kind in ("mousePressed", "mouseReleased"):
                self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)
            if self.evaluate("window.testClicked"):
                return
            time.sleep(0.2)
        raise TimeoutError(f"no click reaches {selector}")

    def key(self, name, code=None, text=None):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
                 "Home": 36, "End": 35}
        more = {"text": "\r"} if name == "Enter" else {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=code or name,
                  windowsVirtualKeyCode=codes.get(name, 0), **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=code or name,
                  windowsVirtualKeyCode=codes.get(name, 0))

    def screenshot(self, path, whole=True):
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))
