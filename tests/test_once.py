"""What the processes of a run do only once: under a lock that threads, processes and their deaths respect."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from filelock import Timeout

from cpi_conformance.control.once import Notes, Once

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["cpi_conformance.control.once"])

AT_ONCE = 4
PATIENCE = 20.0


def counting(folder: Path, note: str) -> Callable[[], Notes]:
    """What leaves a line behind each time it is done."""

    def make() -> Notes:
        with (folder / "done").open("a", encoding="utf-8") as stream:
            stream.write(f"{note}\n")
        return {"by": note}

    return make


def times(folder: Path) -> int:
    """How often it was done."""
    return len((folder / "done").read_text(encoding="utf-8").splitlines())


def race(folder: Path, barrier: Barrier) -> None:
    """One process among several that begin at the same moment; each thing is done with two others in its way."""
    barrier.wait(PATIENCE)
    for name in ("mark", "before", "oauth"):
        found = Once(folder / "run").get(name, counting(folder, f"{name} {os.getpid()}"))
        with (folder / f"found-{name}").open("a", encoding="utf-8") as stream:
            stream.write(f"{found['by']}\n")


def hold(folder: Path, name: str) -> None:
    """Take a lock, say so, and die with it."""
    with Once(folder / "run").alone(name):
        (folder / "held").touch()
        os.kill(os.getpid(), signal.SIGKILL)


def die(folder: Path) -> None:
    """Die in the midst of doing it."""

    def make() -> Notes:
        counting(folder, "dead")()
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    Once(folder / "run").get("mark", make)


def ended(target: Callable[..., None], *arguments: object) -> int | None:
    """How a process of its own has ended."""
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    process.join(PATIENCE)
    return process.exitcode


def test_once_for_all_processes(tmp_path: Path) -> None:
    """One does it, and all of them learn what came of it."""
    barrier = CONTEXT.Barrier(AT_ONCE)
    processes = [CONTEXT.Process(target=race, args=(tmp_path, barrier)) for _ in range(AT_ONCE)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0] * AT_ONCE
    assert times(tmp_path) == 3
    for name in ("mark", "before", "oauth"):
        found = (tmp_path / f"found-{name}").read_text(encoding="utf-8").splitlines()
        assert len(found) == AT_ONCE
        assert len(set(found)) == 1


@pytest.mark.parametrize("shared", [True, False], ids=["one object", "one each"])
def test_once_for_all_threads(shared: bool, tmp_path: Path) -> None:
    """Whether they share an object or have one each; nobody else is at it meanwhile."""
    everybody = threading.Barrier(8)
    common = Once(tmp_path / "run")
    inside = threading.Lock()

    def make() -> Notes:
        assert inside.acquire(blocking=False), "two threads are at it at the same time"
        try:
            return counting(tmp_path, str(threading.get_ident()))()
        finally:
            inside.release()

    def thread(_: int) -> Notes:
        once = common if shared else Once(tmp_path / "run")
        everybody.wait(PATIENCE)
        return once.get("mark", make)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(thread, range(8)))
    assert times(tmp_path) == 1
    assert all(each == found[0] for each in found)


def test_one_name_does_not_wait_for_another(tmp_path: Path) -> None:
    """A key is made while its instance is, and inside of one thing another may be done."""
    once = Once(tmp_path)
    assert once.get("outer", lambda: once.get("inner", lambda: {"a": "1"})) == {"a": "1"}
    with once.alone("outer"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(once.get, "other", lambda: {"b": "2"}).result(PATIENCE) == {"b": "2"}


def test_exception_leaves_nothing_behind(tmp_path: Path) -> None:
    """It reaches the caller; the next one tries again."""
    once = Once(tmp_path)

    def fail() -> Notes:
        raise LookupError("gone")

    for _ in range(2):
        with pytest.raises(LookupError, match="gone"):
            once.get("mark", fail)
        assert not once.done("mark")
        assert {each.name for each in tmp_path.iterdir()} <= {"mark.lock"}
    assert once.get("mark", lambda: {"run": "1"}) == {"run": "1"}
    assert once.done("mark")
    assert once.get("mark", fail) == {"run": "1"}


def test_done(tmp_path: Path) -> None:
    """Asking does nothing, and says nothing of other names."""
    once = Once(tmp_path)
    assert not once.done("mark")
    once.get("mark", lambda: {"text": "ä ✓ \n"})
    assert Once(tmp_path).done("mark")
    assert not once.done("before")
    assert Once(tmp_path).get("mark", dict) == {"text": "ä ✓ \n"}


def test_killed_while_doing_it(tmp_path: Path) -> None:
    """The operating system frees the lock, nothing half-done is believed, and the next one does it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mark.draft").write_text('{"run": "a draft that is longer than what comes after it"', "utf-8")
    assert ended(die, tmp_path) == -signal.SIGKILL
    once = Once(tmp_path / "run")
    assert not once.done("mark")
    assert once.get("mark", counting(tmp_path, "next")) == {"by": "next"}
    assert times(tmp_path) == 2


def test_alone(tmp_path: Path) -> None:
    """Others are kept out, until the lock is given back or its holder dies."""
    once = Once(tmp_path / "run")

    def taken() -> bool:
        try:
            with Once(tmp_path / "run").alone("spare").acquire(timeout=0):
                return False
        except Timeout:
            return True

    with ThreadPoolExecutor(1) as another_thread:
        with once.alone("spare"):
            assert another_thread.submit(taken).result(PATIENCE)
        assert not another_thread.submit(taken).result(PATIENCE)
    assert ended(hold, tmp_path, "spare") == -signal.SIGKILL
    assert (tmp_path / "held").exists()
    assert not taken()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """The refresh token is among it; the user's umask does not matter."""
    before = os.umask(0)
    try:
        Once(tmp_path / "run").get("login", lambda: {"refresh_token": "hush-hush"})
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "run").iterdir()}
    assert modes == {"login.json": 0o600, "login.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
