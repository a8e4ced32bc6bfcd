"""Run a function in a forked process, as a host that forks would."""

import os
import traceback
from collections.abc import Callable


def run_in_child(function: Callable[[], bool]) -> Callable[[], bool]:
    """Fork, and call the function in the child; return a function that waits for it and says whether it returned true."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if function() else 1
        except BaseException:  # noqa: BLE001 (the child must not run the tests that follow)
            traceback.print_exc()
        finally:
            os._exit(code)

    def wait() -> bool:
        return os.waitpid(pid, 0)[1] == 0

    return wait
