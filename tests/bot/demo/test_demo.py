"""The whole demo for real: the story a newcomer is shown, and the processes behind it."""

import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from bot.demo.controls import controls_of
from bot.demo.place import free_port
from bot.demo.workspace import Workspace
from tests.bot.demo.running import COMMAND, DEADLINE, Demo, environment, is_alive, wait_until
from tests.servers import locked

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow, pytest.mark.timeout(300)]

FIRST = """\
/killswitch engage drill
wait KILL SWITCH ENGAGED
as dana
/golive enable ready
/killswitch release

over
wait APPROVAL WANTED: release the kill switch
press approve
y
as omar
press approve
y
"""
SECOND = """\
wait APPROVED
as maria
in #followups
/followup create L-77 AB Calgary phone=403-555-0142
as dana
/golive enable ready
wait APPROVAL WANTED: go live
as marc
press approve
y
wait GO-LIVE IS ON
as maria
/followup create L-77 AB Calgary phone=403-555-0142
/due
read #followups
press claim
press no answer
wait 1 FOLLOW-UP IS LATE
as omar
/due
press claim
press no answer
wait NO FOLLOW-UP IS LATE
/audit verify
"""


@pytest.fixture(scope="module")
def data(run_dir: Path) -> Path:
    """The data directory of both starts, shared by every process of this test run."""
    folder = run_dir / "demo"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def story(data: Path) -> str:
    """What the terminal printed while the story was typed into it; told once in a run."""
    told = data / "story.txt"
    with locked(data / "story.lock"):
        if not told.exists():
            told.write_text(_told(data), encoding="utf-8")
    return told.read_text(encoding="utf-8")


def _told(data: Path) -> str:
    demo = Demo(data, free_port(0))
    try:
        demo.types(FIRST)
        demo.sees(r"you are an operator")
        _press_twice(demo)
        demo.sees(r"was already approved")
        demo.types(SECOND)
        assert demo.ends() == 0, demo.output
        return demo.output
    finally:
        demo.discard()


def _press_twice(demo: Demo) -> None:
    """Let marc press Approve twice at once, as an impatient person does."""
    workspace = Workspace(f"http://127.0.0.1:{demo.port}")
    message = workspace.read("messages", channel="governance")[-1]
    approve = next(c for block in message["blocks"] for c in controls_of(block) if c.label.startswith("Approve"))
    place = {"channel": "governance", "ts": message["ts"], "action_id": approve.action_id, "value": approve.value}
    clicks = [threading.Thread(target=workspace.act, args=("click",), kwargs={"user": "marc", **place}) for _ in "12"]
    demo.types("as marc\n")
    demo.sees(r"as marc")
    for click in clicks:
        click.start()
    for click in clicks:
        click.join(DEADLINE)
    workspace.close()


def _in_order(text: str, *patterns: str) -> None:
    """Assert that the patterns are found one after the other."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.DOTALL).search(text, at)
        assert found is not None, f"no {pattern!r} after:\n{text[:at][-500:]}\n--- in ---\n{text[at:]}"
        at = found.end()


def test_a_va_stops_everything_and_both_channels_say_so(story: str) -> None:
    _in_order(story, r"maria #general> /killswitch engage drill", r"KILL SWITCH ENGAGED")
    for channel in ("governance", "oncall"):
        assert re.search(rf"── #{channel} · valhalla [^\n]*\n  KILL SWITCH ENGAGED", story)


def test_go_live_names_its_blockers(story: str) -> None:
    _in_order(story, r"dana #general> /golive enable ready", r"NOT DONE", r"kill switch clear: engaged")


def test_the_missing_reason_is_asked_for_in_a_form(story: str) -> None:
    _in_order(
        story, r"/killswitch release\n", r"── form: ", r"✗ this field must be filled in", r"APPROVAL WANTED", r"“over”"
    )


def test_a_release_needs_another_manager(story: str) -> None:
    _in_order(
        story,
        r"APPROVAL WANTED: release the kill switch",
        r"dana #general> press approve", r"You asked for this yourself: a second person must decide",
        r"omar #general> press approve", r"you are an operator",
        r"as marc", r"APPROVED: the kill switch is released", r"@dana asked", r"@marc approved, \w+ \d+ \w+ \d\d:\d\d",
    )  # fmt: skip


def test_a_second_click_changes_nothing(story: str) -> None:
    assert re.search(r"was already approved by @marc\. Nothing changed", story)
    assert story.count("KILL SWITCH RELEASED") == 2, "once in each channel"


def test_prime_law_refuses_a_ladder_until_go_live(story: str) -> None:
    _in_order(
        story,
        r"/followup create L-77", r"Go-live is off: nothing in production can act", r"golive enable",
        r"GO-LIVE IS ON",
        r"/followup create L-77", r"LADDER CREATED: lead L-77",
        r"maria #followups> /due", r"DUE FOR YOU: ", r"Calgary AB",
    )  # fmt: skip


def test_late_steps_are_one_card_and_done_removes_them(story: str) -> None:
    _in_order(
        story,
        r"2 FOLLOW-UPS ARE LATE", r"@omar", r"Helen Penner", r"@maria", r"Ruth Cardinal",
        r"maria #followups> press no answer", r"1 FOLLOW-UP IS LATE",
        r"omar #followups> press no answer", r"NO FOLLOW-UP IS LATE ANY MORE",
        r"The audit is whole",
    )  # fmt: skip


def test_what_dies_comes_back_and_ctrl_c_ends_everything(story: str, data: Path) -> None:
    demo = Demo(data, free_port(0), "--no-open")
    try:
        demo.sees(r"Valhalla is at work in a local Slack workspace at http://127\.0\.0\.1:\d+")
        _keeps_its_data(demo)
        _lets_nobody_in_beside(demo, data)
        _brings_the_worker_back(demo)
        everything = demo.everything()
        assert len(everything) >= 6
        demo.sends(signal.SIGINT)
        assert demo.ends() == 0
        assert "All ended." in demo.output
        wait_until(lambda: not any(map(is_alive, everything)), "every process is gone", 10)
    finally:
        demo.discard()


def _keeps_its_data(demo: Demo) -> None:
    workspace = Workspace(f"http://127.0.0.1:{demo.port}")
    said = [message["text"] for message in workspace.read("messages", channel="governance")]
    workspace.close()
    assert any("GO-LIVE IS ON" in text for text in said)
    assert "Telling the week" not in demo.output


def _lets_nobody_in_beside(demo: Demo, data: Path) -> None:
    """A busy port, and data that is in use, are one line each that says what to do."""
    for place, words in ((data / "other", f"--port {demo.port + 1}"), (data, "VALHALLA_DATA_DIR")):
        place.mkdir(exist_ok=True)
        second = subprocess.run(
            [*COMMAND, "--port", str(demo.port)], env=environment(place), cwd=place, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=DEADLINE, check=False,
        )  # fmt: skip
        assert second.returncode == 2
        assert second.stdout == ""
        (line,) = second.stderr.splitlines()
        assert line.startswith("valhalla: ")
        assert words in line


def _brings_the_worker_back(demo: Demo) -> None:
    worker = demo.child("worker")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    demo.sees(r"The worker was ended by SIGKILL; it is started again")
    wait_until(lambda: demo.child("worker") not in {None, worker}, "a new worker")
