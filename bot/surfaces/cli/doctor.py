"""`valhalla doctor`: look at settings, database, Redis and Slack now, and say how to mend what is wrong."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.slack_api import Answer, Refused, SlackApi, said
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
    return [
        _settings(settings), _database(settings), _redis(settings), _slack(settings), *_paging(settings),
        *_groups(settings), _clock(),
    ]  # fmt: skip


def _settings(settings: Settings) -> Finding:
    detail = f"{settings.environment.value}, data in {settings.data_dir}"
    if settings.owners:
        return Finding("settings", ok=True, detail=detail)
    if settings.is_production:
        return Finding("settings", ok=False, detail="VALHALLA_OWNERS names nobody", cure="set it to your Slack user id")
    return Finding(
        "settings", ok=True, detail=f"{detail}; VALHALLA_OWNERS names nobody: who owns the workspace, is owner"
    )


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
    who = api.auth_test()
    if not isinstance(who, Answer):
        cure = (
            "copy the bot's token again from “OAuth & Permissions” of the app"
            if isinstance(who, Refused)
            else "check SLACK_API_URL, and whether this machine reaches it"
        )
        return Finding("Slack", ok=False, detail=f"auth.test: {said(who)}", cure=cure)
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


def _paging(settings: Settings) -> list[Finding]:
    """Say whether whoever wakes people listens; nothing is sent there: `/oncall drill` tries the way itself."""
    if settings.page_url is None:
        return []
    if settings.page_secret is None:
        return [Finding("pages", ok=False, detail="they are not signed", cure="set VALHALLA_PAGE_SECRET")]
    found = urlsplit(settings.page_url)
    port = found.port or (443 if found.scheme == "https" else 80)
    try:
        socket.create_connection((found.hostname or "", port), timeout=3).close()
    except OSError as error:
        return [Finding("pages", ok=False, detail=f"{found.hostname}: {_line(error)}", cure="check VALHALLA_PAGE_URL")]
    return [Finding("pages", ok=True, detail=f"{found.hostname} listens; `/oncall drill` tries a page")]


def _groups(settings: Settings) -> list[Finding]:
    """Say whether the user groups that give roles are there."""
    if not settings.groups or settings.slack_bot_token is None:
        return []
    api = SlackApi(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, timeout=5)
    answer = api.call("usergroups.list", include_disabled=True)
    if not isinstance(answer, Answer):
        cure = "install the app again from `valhalla manifest`, which asks for usergroups:read"
        return [Finding("user groups", ok=False, detail=said(answer), cure=cure)]
    there = {key for entry in answer.data.get("usergroups", ()) for key in (entry["id"], entry["handle"])}
    missing = [f"@{group}" for group in settings.groups.values() if group not in there]
    cure = "check VALHALLA_GROUP_AUDITOR, _OPERATOR and _ONCALL" if missing else ""
    detail = f"there is no {', '.join(missing)}" if missing else "all there"
    return [Finding("user groups", ok=not missing, detail=detail, cure=cure)]


def _clock() -> Finding:
    check = clock_data_right()
    return Finding("clock data", check.ok, check.detail, check.cure)


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
