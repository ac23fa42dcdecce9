# SPDX-License-Identifier: Apache-2.0
#
# What scripts of cases ask about the build that they run: GALE's build directory is in the variable `build`.
import os


def sanitized():
    """Whether it is a sanitizer's, which is slow, and whose shadow takes a few bytes for each."""
    with open(os.path.join(os.environ["build"], "CMakeCache.txt"), encoding="utf-8") as cache:
        return any(line.startswith("GALE_SANITIZE:") and line.strip().split("=", 1)[1] for line in cache)
