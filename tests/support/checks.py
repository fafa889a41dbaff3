"""Checks, a line each, and their sum at the end."""
import sys
import time

passed, failed = [], []


def check(what, good, detail=""):
    print("%s %s%s" % ("ok  " if good else "FAIL", what, "" if good else ": %s" % (detail,)), flush=True)
    (passed if good else failed).append(what)


def wait_until(condition, seconds=10):
    """Poll; False when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def finish(skip=None):
    """Print the sum, and why the rest was not tried; ends the process."""
    if skip:
        print("skip: " + skip)
    print("%d passed, %d failed" % (len(passed), len(failed)))
    sys.exit(1 if failed else 0)
