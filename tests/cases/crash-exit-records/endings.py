# SPDX-License-Identifier: Apache-2.0
#
# `gale worker` processes without a starter, brought to each of their endings; each leaves the record that says so.
import os
import re
import signal
import subprocess
import sys
import time

gale = os.path.join(os.environ["build"], "bin", "gale")
cases = os.path.join(os.environ["source"], "tests", "cases")
plugins = os.path.join(os.environ["build"], "tests", "plugins")


def worker(name, *arguments):
    home = os.path.join(os.getcwd(), name)
    os.mkdir(home)
    return home, subprocess.Popen([gale, "worker", os.path.join(cases, "probe.yaml"), "--plugins", plugins, "--workers", "1",
                                   "--worker", "1", "--incarnation", "3", "--dir", home, "--home", home, *arguments],
                                  stderr=subprocess.PIPE, text=True)


def until(what, true_now):
    deadline = time.monotonic() + 30
    while not true_now():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within 30 s")
        time.sleep(0.02)


def numbers():
    return os.path.exists("numbers") and os.path.getsize("numbers") > 0


def check(name, home, process, status, *wanted):
    _, err = process.communicate(timeout=60)
    record = os.path.join(home, "exit.3")
    text = open(record, encoding="utf-8").read() if os.path.exists(record) else "(none)"
    missing = [w for w in ("^gale exit 1$", "^end$", *wanted) if not re.search(w, text, re.M)]
    if process.returncode != status or missing:
        sys.exit(f"{name}: status {process.returncode}, wanted {status}; its record lacks {missing}:\n{text}\n{err}")


home, process = worker("drained", "--set", "count=100000000")
until("a worker that runs", numbers)
process.send_signal(signal.SIGTERM)
check("TERM", home, process, 0, "^kind drained$", "^status 0$")

home, process = worker("cannot-start", "--set", "throws_in=open")
check("throw in open", home, process, 2, "^kind cannot-start$", "^status 2$", "^why bolt#0: open: asked to throw in open$")

home, process = worker("bad-topology", "--set", "nobody=1")
check("bad topology", home, process, 2, "^kind cannot-start$", "^why .*nobody")

home, process = worker("exits", "--set", "how=exit")
check("exit()", home, process, 1, "^kind failed$", r"^why bolt#0 called exit\(\)")

home, process = worker("crashes", "--set", "how=abort")
check("abort()", home, process, -signal.SIGABRT, "^kind crash$", "^signal 6$", "^task bolt bolt#0$", "^call execute$",
      "^input 3$", "^from numbers/default$", "^bytes 9203a0$", "^frame .*probe.so$")
