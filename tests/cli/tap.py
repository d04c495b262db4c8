# SPDX-License-Identifier: GPL-3.0-or-later
"""Test results in TAP, as meson reads them."""


class Tests:
    def __init__(self):
        self.count, self.failed = 0, 0

    def say(self, what, trouble=None):
        """One test; `trouble` is what is wrong, or nothing."""
        self.count += 1
        self.failed += bool(trouble)
        print(f"{'not ok' if trouble else 'ok'} {self.count} - {what}")
        if trouble:
            print("#", str(trouble).replace("\n", "\n# "))

    def skip(self, what, why):
        self.count += 1
        print(f"ok {self.count} - {what} # SKIP {why}")

    def end(self):
        """Says how many there were; returns the exit status."""
        print(f"1..{self.count}")
        return 1 if self.failed else 0
