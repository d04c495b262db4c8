#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of mvm report --html in a real browser: it opens without a complaint, and pointer, switches and keys do
what they are for. TAP; skipped where Chromium, or the page, is not there.

usage: page.py MVM [--keep FOLDER]     FOLDER gets screenshots
"""
import json
import os
import subprocess
import sys
import tempfile

import browser

HERE = os.path.dirname(os.path.realpath(__file__))
DATA = os.path.join(HERE, "..", "unit", "data", "report")
LADDER = os.path.join(HERE, "..", "..", "docs", "results", "ladder")
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 2\">&amp;"
RESOURCES = "#resources .plot"


class Failed(Exception):
    pass


def hold(condition, told):
    if not condition:
        raise Failed(told)


def picture(page, place=RESOURCES):
    return page.run(f"document.querySelector('{place} canvas').toDataURL()")


def over(page, place=RESOURCES):
    """The plot's inner rectangle in the window: left, top, width, height."""
    page.run(f"document.querySelector('{place}').scrollIntoView({{block: 'center'}})")
    return page.run(f"(({{x, y, width, height}}) => [x, y, width, height])(document.querySelector('{place} .u-over').getBoundingClientRect())")


def tip(page, place=RESOURCES):
    return page.run(f"(t => t.hidden ? '' : t.innerText)(document.querySelector('{place} .tip'))")


def click(page, place, at=0):
    page.run(f"document.querySelectorAll('{place}')[{at}].click()")


def view(page, width, dark=False):
    """The window so wide, and the plots drawn for it."""
    page.view(width, 900, dark, mobile=width < 500)
    page.until(f"innerWidth === {width}")
    page.until("[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('.uplot').offsetWidth === Math.floor(plot.clientWidth))")


def opens(page):
    hold(not page.problems(), f"the console tells {page.problems()}")
    sections = page.run("[...document.querySelectorAll('section')].map(part => part.id)")
    wanted = ["summary", "stops", "resources", "samples", "memory", "service", "matrix-1", "hosts", "runs", "classes"]
    hold(sections == wanted, f"sections {sections}")
    hold(page.run("[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('canvas').width > 200)"), "a plot is not drawn")
    text = page.run("document.body.innerText")
    for words in ("11.5 MiB (11.4 to 11.7)", "memory reached 90.1 % of the share", "own live hypervisor object, booted", "Example CPU 3000",
                  "mvm scale --engine qemu --guest tick", "stock QEMU, its own defaults", "unexplained 1.0 %"):
        hold(words in text, f"the page does not tell '{words}'")


def text_is_text(page):
    hold(page.run("typeof window.hacked") == "undefined", "a label ran as a script")
    hold(HOSTILE in page.run("document.querySelector('#summary tbody th').textContent"), "the label is not there as it was given")
    page.run("(() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 3'; document.body.append(s); })()")
    hold(page.run("typeof window.hacked") == "undefined", "the content security policy lets a script in")
    page.events.clear()


def hovers(page):
    x, y, width, height = over(page)
    page.mouse("mouseMoved", x + width / 2, y + height / 2)
    told = tip(page)
    hold("VMs" in told and "CPU" in told and "±" in told, f"the pointer is told '{told}'")
    page.mouse("mouseMoved", x + width / 2, y - 200)
    hold(tip(page) == "", "what is told stays when the pointer has left")


def switches(page):
    before = picture(page)
    click(page, "#resources .switches:nth-of-type(2) input")
    after = picture(page)
    hold(before != after, "a resource that is switched off is drawn")
    x, y, width, height = over(page)
    page.mouse("mouseMoved", x + width / 2, y + height / 2)
    hold("CPU" not in tip(page) and "memory" in tip(page), f"a resource that is switched off is told: '{tip(page)}'")
    click(page, "#resources .switches:nth-of-type(2) input")
    hold(picture(page) == before, "switched on again the picture is another")
    click(page, "#resources .all button", 1)
    hold(picture(page) != before, "'none' leaves the curves")
    click(page, "#resources .all button", 0)
    click(page, "#resources .tools input")
    hold(picture(page) != before, "the logarithmic axis is like the linear one")
    click(page, "#resources .tools input")


def zooms(page):
    before = picture(page)
    x, y, width, height = over(page)
    page.drag(x + width * 0.3, y + height * 0.3, x + width * 0.6, y + height * 0.7)
    near = picture(page)
    hold(near != before, "dragging does not zoom")
    click(page, "#resources .tools button", 2)
    hold(picture(page) == before, "'All' does not show all")
    click(page, "#resources .tools button", 0)
    hold(picture(page) != before, "'+' does not zoom")
    page.mouse("mousePressed", x + width / 2, y + height / 2, button="left", clickCount=1)
    page.mouse("mouseReleased", x + width / 2, y + height / 2, button="left", clickCount=1)
    page.mouse("mousePressed", x + width / 2, y + height / 2, button="left", clickCount=2)
    page.mouse("mouseReleased", x + width / 2, y + height / 2, button="left", clickCount=2)
    page.mouse("mouseMoved", x, y - 200)
    hold(picture(page) == before, "a double click does not show all")


def keys(page):
    page.run(f"document.querySelector('{RESOURCES}').focus()")
    said = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "End", "Home"):
        page.key(key)
        said.append(page.run("document.querySelector('#resources .spoken').textContent"))
    hold(all("VMs" in words and "%" in words for words in said), f"keys tell {said}")
    hold(len(set(said)) >= 4, f"keys do not move: {said}")
    before = picture(page)
    page.key("+", "+")
    hold(picture(page) != before, "the key + does not zoom")
    page.key("0", "0")
    hold(picture(page) == before, "the key 0 does not show all")
    page.key("Escape")
    hold(tip(page) == "", "Escape does not hide what is told")
    # What can be clicked can be reached by Tab.
    page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = set()
    for _ in range(60):
        page.key("Tab")
        reached.add(page.run("(e => e.className.split(' ')[0] || e.tagName)(document.activeElement)"))
    hold({"INPUT", "plot", "BUTTON", "wide", "SELECT", "SUMMARY"} <= reached, f"Tab reaches {reached}")


def measures(page):
    widths = "[...document.querySelectorAll('#memory .part')].map(part => part.style.width).join()"
    before = page.run(widths)
    page.run("(s => { s.selectedIndex = 2; s.dispatchEvent(new Event('change')); })(document.querySelector('#memory select'))")
    hold(page.run(widths) != before, "the bars do not change with their measure")
    hold(page.run("document.querySelectorAll('#memory .part.hatched').length") >= 2, "the unexplained is not drawn")


# Text that lies beyond the window, or beyond its box unless that scrolls.
CUT = """(() => {
  const cut = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const own = node.parentElement;
    if (!node.data.trim() || own.closest('script, noscript, style, .spoken, .skip, .wide, option, [hidden]') || !own.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.left < -1 || box.right > document.documentElement.clientWidth + 1) cut.push(node.data.trim().slice(0, 40));
  }
  return cut;
})()"""


def widths(page):
    for width in (1280, 768, 375, 320):
        view(page, width)
        hold(page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), f"the page is wider than {width} pixels")
        hold(not page.run(CUT), f"at {width} pixels cut: {page.run(CUT)}")
    view(page, 1280)


def dark(page):
    light = picture(page)
    view(page, 1280, True)
    page.until("getComputedStyle(document.body).backgroundColor === 'rgb(13, 17, 23)'")
    # Never, when the plots stay light on a dark ground; then the other way round.
    page.until(f"document.querySelector('{RESOURCES} canvas').toDataURL() !== {json.dumps(light)}")
    view(page, 1280)
    page.until(f"document.querySelector('{RESOURCES} canvas').toDataURL() === {json.dumps(light)}")


def prints(page, keep):
    path = os.path.join(keep, "page.pdf")
    page.pdf(path)
    with open(path, "rb") as file:
        hold(file.read(5) == b"%PDF-", "nothing is printed")
    page.until("document.querySelector('#resources canvas').width > 700")


def make(mvm, folder):
    """A run of two with samples and a load, made of the canned ones."""
    for name in ("sleep", "tick"):
        os.makedirs(os.path.join(folder, name))
        with open(os.path.join(DATA, name, "result.json"), encoding="utf-8") as file:
            result = json.load(file)
        for number, interval in enumerate(result["intervals"]):
            interval["load"] = {"rate": 100, "due": 500, "sent": 500, "answered": 499, "wrong": 0, "timeouts": 1, "errors": 0, "throughput": 99.8,
                                "p50_seconds": 0.001 * (number + 1), "p90_seconds": 0.002 * (number + 1), "p99_seconds": 0.004 * (number + 1),
                                "p999_seconds": 0.01 * (number + 1), "max_seconds": 1, "from_sent_p99_seconds": 0.004, "lag_p99_seconds": 1e-5}
        result["plan"]["load"] = {"rate": 100, "targets": "uniform", "path": "", "timeout_seconds": 1, "p99_limit_seconds": 0}
        with open(os.path.join(folder, name, "result.json"), "w", encoding="utf-8") as file:
            json.dump(result, file)
        with open(os.path.join(folder, name, "samples.csv"), "w", encoding="ascii") as file:
            file.write("interval,vms,unix_seconds,cpu_percent,memory_percent\n")
            for second in range(3000):
                file.write(f"{second // 150},{second},{1735786800 + second},{second % 17},{second / 40}\n")
    path = os.path.join(folder, "page.html")
    subprocess.run([mvm, "report", "--html", "sleep", "tick", LADDER, "--label", HOSTILE, "--out", path], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    return path


def main(arguments):
    mvm = os.path.realpath(arguments[0])
    tests = [opens, text_is_text, hovers, switches, zooms, keys, measures, widths, dark, prints]
    if not browser.find():
        print("1..0 # SKIP chromium is not installed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        refused = subprocess.run([mvm, "report", "--html", os.path.join(DATA, "sleep"), "--out", os.path.join(folder, "try.html")],
                                 capture_output=True, text=True, check=False)
        if "built without" in refused.stderr:
            print("1..0 # SKIP " + refused.stderr.strip().split(": ", 1)[1])
            return 0
        keep = arguments[2] if len(arguments) > 2 else folder
        failed = 0
        print(f"1..{len(tests)}")
        path = make(mvm, folder)
        with browser.Browser() as page:
            page.open(path)
            page.until("document.querySelectorAll('.plot canvas').length === document.querySelectorAll('.plot').length")
            for number, test in enumerate(tests, 1):
                try:
                    test(*([page, keep] if test is prints else [page]))
                    hold(not page.problems(), f"the console tells {page.problems()}")
                    print(f"ok {number} - {test.__name__.replace('_', ' ')}", flush=True)
                except Failed as told:
                    failed += 1
                    print(f"not ok {number} - {test.__name__.replace('_', ' ')}\n# {told}", flush=True)
            if keep != folder:
                page.screenshot(os.path.join(keep, "page.png"))
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
