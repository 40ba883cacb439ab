"""`valhalla doctor`: look at settings, database, Redis and Slack now, and say how to mend what is wrong."""

from dataclasses import dataclass

from bot.slack_api import Answer, SlackApi, said
from domain.database import Database, head_revision, schema_revision
from domain.runbook.rules import clock_data_right
from domain.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    cure: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a process needs; never raises for what it finds wrong."""
    return [_settings(settings), _database(settings), _redis(settings), _slack(settings), _clock()]


def _settings(settings: Settings) -> Finding:
    if not settings.owners:
        return Finding("settings", ok=False, detail="VALHALLA_OWNERS names nobody", cure="set it to your Slack user id")
    return Finding("settings", ok=True, detail=f"{settings.environment.value}, data in {settings.data_dir}")


def _database(settings: Settings) -> Finding:
    database = Database(settings.database)
    shown = database.url.render_as_string(hide_password=True)
    try:
        at = schema_revision(database)
    except Exception as error:
        return Finding("database", ok=False, detail=f"{shown}: {_line(error)}", cure="check DATABASE_URL")
    finally:
        database.close()
    if at != head_revision():
        return Finding(
            "database", ok=False, detail=f"{shown} is at revision {at or 'none'}, not {head_revision()}",
            cure="run `valhalla migrate`",
        )  # fmt: skip
    return Finding("database", ok=True, detail=f"{shown}, revision {at}")


def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("Redis", ok=True, detail="embedded: whichever process needs it first starts it")
    import redis

    try:
        redis.Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2).ping()
    except (redis.RedisError, ValueError) as error:
        return Finding("Redis", ok=False, detail=_line(error), cure="check REDIS_URL, or unset it for the embedded one")
    return Finding("Redis", ok=True, detail="answers")


def _slack(settings: Settings) -> Finding:
    if settings.slack_bot_token is None:
        return Finding(
            "Slack", ok=False, detail="SLACK_BOT_TOKEN is not set",
            cure="make the app from `valhalla manifest`, install it, copy the token",
        )  # fmt: skip
    api = SlackApi(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, timeout=5)
    trouble = api.trouble(list(settings.default_routes.values()))
    if trouble is not None:
        return Finding("Slack", ok=False, detail=trouble, cure="`valhalla manifest` lists the scopes; invite the bot")
    return _socket(settings) or Finding("Slack", ok=True, detail="token, scopes and channels are there")


def _socket(settings: Settings) -> Finding | None:
    """Say what is wrong with the token for Socket Mode; asking for a connection opens none."""
    cure = "make an app-level token (connections:write), or set SLACK_SIGNING_SECRET for `valhalla bot --http`"
    if settings.slack_app_token is None:
        found = None if settings.slack_signing_secret else "SLACK_APP_TOKEN is not set"
    else:
        api = SlackApi(settings.slack_app_token.get_secret_value(), settings.slack_api_url, timeout=5)
        answer = api.call("apps.connections.open")
        found = None if isinstance(answer, Answer) else f"SLACK_APP_TOKEN: {said(answer)}"
    return Finding("Slack", ok=False, detail=found, cure=cure) if found else None


def _clock() -> Finding:
    check = clock_data_right()
    return Finding("clock data", check.ok, check.detail, check.cure)


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
