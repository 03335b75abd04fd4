from __future__ import annotations

import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from bot.adapters.embedded_valkey import LONGEST_SOCKET, EmbeddedValkey, ValkeyUnavailable, socket_path


@contextmanager
def running(server: EmbeddedValkey) -> Iterator[subprocess.Popen[bytes]]:
    server.prepare()
    process = subprocess.Popen(server.command())
    try:
        server.await_ready()
        yield process
    finally:
        process.kill()
        process.wait()
        server.release()


def client(server: EmbeddedValkey) -> Redis:
    return Redis.from_url(server.url)


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    with running(EmbeddedValkey(tmp_path)) as process, client(EmbeddedValkey(tmp_path)) as redis:
        for number in range(100):
            redis.xadd("stream", {"n": number})
        process.send_signal(signal.SIGKILL)
        process.wait()
    with running(EmbeddedValkey(tmp_path)), client(EmbeddedValkey(tmp_path)) as redis:
        assert [fields[b"n"] for _, fields in redis.xrange("stream")] == [str(n).encode() for n in range(100)]


def test_two_do_not_share_one_folder(tmp_path: Path) -> None:
    first = EmbeddedValkey(tmp_path)
    first.prepare()
    with pytest.raises(ValkeyUnavailable, match="already running"):
        EmbeddedValkey(tmp_path).prepare()
    first.release()
    second = EmbeddedValkey(tmp_path)
    second.prepare()
    second.release()


def test_the_lock_of_a_killed_process_does_not_stay(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from bot.adapters.embedded_valkey import EmbeddedValkey\n"
        "held = EmbeddedValkey(Path(sys.argv[1])); held.prepare(); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(ValkeyUnavailable):
        EmbeddedValkey(tmp_path).prepare()
    holder.kill()
    holder.wait()
    EmbeddedValkey(tmp_path).prepare()


def test_a_home_too_deep_for_a_socket_gets_a_short_private_one(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 30)
    assert len(str(home / "valkey.sock")) > LONGEST_SOCKET
    path = socket_path(home)
    assert len(str(path).encode()) <= LONGEST_SOCKET
    assert path == socket_path(home), "every process finds it"
    assert path != socket_path(tmp_path / ("deep" * 31))
    with running(EmbeddedValkey(home)), client(EmbeddedValkey(home)) as redis:
        assert redis.ping()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert redis.config_get("dir")["dir"] == str(home / "valkey"), "the data stays at home"
    shutil.rmtree(path.parent)


def test_nobody_else_may_connect(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    with running(server), client(server) as redis:
        assert stat.S_IMODE(socket_path(tmp_path).stat().st_mode) == 0o700
        assert redis.config_get("port")["port"] == "0"


def test_what_has_no_room_is_refused_and_not_thrown_away(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    with running(server), client(server) as redis:
        assert redis.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_a_server_that_does_not_come_up_is_said_so(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    with pytest.raises(ValkeyUnavailable, match=r"valkey\.log"):
        server.await_ready(0.1)
