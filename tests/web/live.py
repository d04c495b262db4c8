#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a run in a real browser: prints TAP. The program is $MVM; runs are in a private directory and are ended."""
import json
import os
import subprocess
import sys
import tempfile
import urllib.request

from chromium import Chromium

MVM = os.environ.get("MVM", os.path.join(os.path.dirname(__file__), "../../build/mvm"))
HERE = os.path.dirname(os.path.abspath(__file__))
checks = []


def check(function):
    checks.append(function)
    return function


def run(*words):
    """Starts a run in the background; what it says of itself."""
    done = subprocess.run([MVM, "run", "--detach", "--json", "--quiet", "--web", "127.0.0.1:0", *words],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def stop(line):
    subprocess.run([MVM, "stop", "--run", line["run"], "--quiet"], check=True, stdout=subprocess.DEVNULL)


def own(page, line):
    """Everything that was asked for is the run's own."""
    foreign = [url for url in page.requests if not url.startswith(line["web"]["page"])]
    assert foreign == [], foreign


@check
def figures_move_and_a_click_reaches_a_vm(browser):
    line = run("--guest", "web", "--route", "/=Hello", "--count", "5000", "--http", "127.0.0.1:0")
    try:
        page = browser.open(line["web"]["page"])
        page.wait("document.querySelector('#running').textContent === '5,000 of 5,000'")
        page.wait("document.querySelector('#link').textContent === 'live'")
        page.wait("document.querySelector('#map-title').textContent.startsWith('Wakes in 2,500 cells of 2 VMs')")
        page.wait("/^[0-9.]+\\/s$/.test(document.querySelector('#wakes').textContent)")
        url = f"http://127.0.0.1:{line['doors'][0]['port']}/vm/4321/"
        # As long as it takes until the page has seen a busy moment.
        seen = "document.querySelector('#busiest [data-vm=\"4321\"]') !== null && !document.querySelector('#latency').textContent.includes('–')"
        for _ in range(600):
            for _ in range(20):
                assert urllib.request.urlopen(url, timeout=60).read() == b"Hello"
            if page.evaluate(seen):
                break
        assert page.evaluate(seen), page.text("body")
        assert int(page.text("#connections").split(",", 1)[1].split()[0].replace(",", "")) > 0, page.text("#connections")
        # A click in the middle of the map, on a VM of that cell, on "Is it alive?".
        page.click("#heat")
        page.wait("!document.querySelector('#cell-vms').hidden")
        number = page.evaluate("document.querySelector('#vm-list button').dataset.vm")
        assert 1000 < int(number) < 4000, number
        page.click("#vm-list button")
        page.wait("!document.querySelector('#vm').hidden")
        assert page.text("#vm-title") == f"VM {int(number):,}"
        page.click("#vm-challenge")
        page.wait("document.querySelector('#vm-said').textContent.startsWith('alive')")
        page.click("#vm-serial")
        page.wait("document.querySelector('#vm-said').textContent.startsWith('its serial port')")
        assert page.evaluate("document.querySelector('#vm-serial').getAttribute('aria-pressed')") == "true"
        own(page, line)
        assert page.complaints == [], page.complaints
    finally:
        stop(line)
    page.wait("document.querySelector('#link').textContent !== 'live'")


@check
def the_keyboard_does_what_the_mouse_does(browser):
    line = run("--count", "10000")
    try:
        page = browser.open(line["web"]["page"], 390, 844, dark=True)
        page.wait("document.querySelector('#map-title').textContent.includes('cells of 4 VMs')")
        page.evaluate("document.querySelector('#heat').focus()")
        for name in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
            page.key(name)
        assert page.text("#cell").startswith("VMs 4 to 7:"), page.text("#cell")
        page.key("Enter")
        page.wait("document.activeElement.dataset.vm === '4'")
        page.key("Tab")
        page.key("Enter")
        page.wait("document.querySelector('#vm-title').textContent === 'VM 5'")
        page.key("Escape")
        page.wait("document.querySelector('#vm').hidden && document.activeElement.id === 'heat'")
        page.key("End")
        assert page.text("#cell").startswith("VMs 9,996 to 9,999:"), page.text("#cell")
        # Nothing is wider than a phone.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        colours = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colours == "rgb(19, 19, 21)", colours
        own(page, line)
        assert page.complaints == [], page.complaints
    finally:
        stop(line)


@check
def what_a_hostile_vm_says_stays_text_and_a_token_is_asked_for(browser):
    image, token = os.path.abspath("hostile.img"), os.path.abspath("token")
    subprocess.run(["nasm", "-f", "bin", "-o", image, os.path.join(HERE, "hostile.asm")], check=True)
    with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write("a-token-of-23-characters\n")
    line = run("--image", image, "--web-token", token)
    try:
        page = browser.open(line["web"]["page"])
        page.wait("!document.querySelector('#ask-token').hidden")
        assert page.evaluate("document.querySelector('#main').hidden")
        page.evaluate("document.querySelector('#token').value = 'a-token-of-23-characters'")
        page.click("#ask-token button")
        page.wait("document.querySelector('#running').textContent === '1 of 1'")
        assert "token" not in page.evaluate("location.href"), page.evaluate("location.href")
        assert all("a-token" not in url for url in page.requests), page.requests
        page.complaints.clear()  # the answer 401, which was to be
        page.evaluate("document.querySelector('#number').value = '0'")
        page.click("#go button")
        page.click("#vm-serial")
        page.wait("document.querySelector('#console').textContent.includes('<script>document.title=2</script>·[31mÿ\\n')")
        page.click("#vm-screen")
        page.wait("document.querySelector('#console').textContent.includes('<img src=x onerror=')")
        assert page.evaluate("document.querySelectorAll('#console img, #console script').length") == 0
        assert page.evaluate("document.title").endswith("mvm"), page.evaluate("document.title")
        own(page, line)
        assert page.complaints == [], page.complaints
    finally:
        stop(line)


def main():
    if Chromium.missing():
        print(f"1..0 # SKIP {Chromium.missing()}")
        return 0
    failed = 0
    with tempfile.TemporaryDirectory(prefix="mvm-live-") as folder, Chromium() as browser:
        os.chdir(folder)
        os.environ["XDG_RUNTIME_DIR"] = folder
        print(f"1..{len(checks)}", flush=True)
        for number, function in enumerate(checks, 1):
            result = "ok"
            try:
                function(browser)
            except Exception as error:  # told as a failure, and the next one is tried
                result = "not ok"
                failed = 1
                print("# " + f"{type(error).__name__}: {error}".replace("\n", "\n# "))
            print(f"{result} {number} - {function.__name__.replace('_', ' ')}", flush=True)
        os.chdir("/")
    return failed


sys.exit(main())
