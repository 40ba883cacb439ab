"""Logs never carry a secret."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from domain.logs import configure
from domain.settings import Settings


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_production_writes_one_json_object_a_line_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by the name of a value nor by its look."""
    configure(Settings.model_validate({"VALHALLA_ENV": "production"}))
    structlog.get_logger("test").info(
        "something.happened", outbox_id=7, bot_token="xoxb-1-secret", reason="said xoxb-2-secret to redis://u:pw@host",
        response_url="https://hooks.slack.com/commands/T1/2/3",
    )  # fmt: skip
    logging.getLogger("library").warning("with xapp-3-secret")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["outbox_id"], first["level"]) == ("something.happened", 7, "info")
    assert not [word for word in ("secret", "hooks.slack", "pw") if word in json.dumps([first, second])]
