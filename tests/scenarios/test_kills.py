"""Every process killed with -9 in the middle of the talk, and nothing lost, doubled or out of order."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.scenarios.harness import Sigap

SENTENCES = (
    "where is my parcel, it should have been here on monday",
    "kartu saya belum sampai juga, gmn ya",
    "AR-20301",
    "what does a transfer to another bank cost",
    "asdf qwer zxcv",
    "mau ngomong sama orang aja",
    "how do i reset my password??",
    "refund saya kapan masuk",
)
RATE = "1.5"  # customers keep coming for forty seconds, longer than all the killing takes
KILLED = ("worker", "gateway", "courier", "valkey")


def recording(path: Path, conversations: int) -> Path:
    """Short conversations of one to three messages, each text once in a conversation."""
    with path.open("w") as file:
        for number in range(conversations):
            texts = [SENTENCES[(number + step * 3) % len(SENTENCES)] for step in range(1 + number % 3)]
            turns = [{"role": "customer", "text": text} for text in texts]
            file.write(json.dumps({"id": str(number), "turns": turns}) + "\n")
    return path


@pytest.mark.timeout(400)
@pytest.mark.parametrize("channel", ["webchat", "telegram"])
def test_nothing_is_lost_doubled_or_reordered(channel: str, tmp_path: Path) -> None:
    file = recording(tmp_path / "talk.jsonl", 60)
    with Sigap(tmp_path / "home") as sigap:
        replay = sigap.start_command("replay", str(file), "--channel", channel, "--rate", RATE, "--json")
        killed = []
        for name in KILLED:
            time.sleep(2.5)
            assert replay.poll() is None, "the replay was over before everything had been killed"
            killed.append(sigap.kill(name))
            sigap.wait_until_ok()
        out, err = replay.communicate(timeout=300)
        log = sigap.log()
    figures = json.loads(out)
    assert len(set(killed)) == len(KILLED)
    assert log.count("killed by signal 9") == len(KILLED), log[-3000:]
    assert figures["sent"] == 60 * 2, "1, 2, 3, 1, 2, 3 … messages a conversation"
    assert (figures["lost"], figures["duplicated"], figures["reordered"]) == (0, 0, 0), err
    assert figures["answered"] + figures["handed_off"] == figures["sent"]
    assert figures["answered"] > 0
    assert figures["handed_off"] > 0
