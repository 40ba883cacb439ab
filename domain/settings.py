"""Settings from the environment and `.env`, read once by whoever starts a process (spec/4)."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

GROUP = r"^@?[A-Za-z0-9._-]{1,80}$"
"""A user group's handle, with or without its @, or its id."""
SHORTEST_SECRET = 16


class Environment(StrEnum):
    """Where the program runs; `production` refuses what only development may do."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SettingsError(Exception):
    """A setting is wrong; the message is one line that names it and says what was expected."""


def _variable(name: str, default: Any = ..., **more: Any) -> Any:
    return Field(default, validation_alias=name, **more)


class Settings(BaseSettings):
    """Every setting, typed; secrets never show in `repr`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    slack_bot_token: SecretStr | None = _variable("SLACK_BOT_TOKEN", None)
    slack_app_token: SecretStr | None = _variable("SLACK_APP_TOKEN", None)
    slack_signing_secret: SecretStr | None = _variable("SLACK_SIGNING_SECRET", None)
    slack_api_url: str = _variable("SLACK_API_URL", "https://slack.com/api/")
    database_url: str | None = _variable("DATABASE_URL", None, repr=False)
    redis_url: str | None = _variable("REDIS_URL", None, repr=False)
    environment: Environment = _variable("VALHALLA_ENV", Environment.DEVELOPMENT)
    owners: Annotated[tuple[str, ...], NoDecode] = _variable("VALHALLA_OWNERS", ())
    business_tz: str = _variable("VALHALLA_BUSINESS_TZ", "America/Toronto")
    business_name: str = _variable("VALHALLA_BUSINESS_NAME", "Northern Door Homes")
    data_dir: Path = _variable("VALHALLA_DATA_DIR", Path(".valhalla"))
    socket_connections: int = _variable("VALHALLA_SOCKET_CONNECTIONS", 2, ge=1, le=10)
    channel_governance: str = _variable("VALHALLA_CHANNEL_GOVERNANCE", "governance")
    channel_oncall: str = _variable("VALHALLA_CHANNEL_ONCALL", "oncall")
    channel_followups: str = _variable("VALHALLA_CHANNEL_FOLLOWUPS", "followups")
    channel_deals: str = _variable("VALHALLA_CHANNEL_DEALS", "deals")
    group_auditor: str | None = _variable("VALHALLA_GROUP_AUDITOR", None, pattern=GROUP)
    group_operator: str | None = _variable("VALHALLA_GROUP_OPERATOR", None, pattern=GROUP)
    group_oncall: str | None = _variable("VALHALLA_GROUP_ONCALL", None, pattern=GROUP)
    page_url: str | None = _variable("VALHALLA_PAGE_URL", None, repr=False)
    page_secret: SecretStr | None = _variable("VALHALLA_PAGE_SECRET", None)
    command_prefix: str = _variable("VALHALLA_COMMAND_PREFIX", "", pattern=r"^[a-z0-9_-]{0,12}$")
    dual_control: bool = _variable("VALHALLA_DUAL_CONTROL", True)
    hold_seconds: float = _variable("VALHALLA_HOLD_SECONDS", 3600.0, ge=0, le=86_400)
    lease_seconds: float = _variable("VALHALLA_LEASE_SECONDS", 15.0, ge=1, le=300)

    @field_validator("owners", mode="before")
    @classmethod
    def _split_owners(cls, value: Any) -> Any:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("owners")
    @classmethod
    def _are_user_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for owner in value:
            if not re.fullmatch(r"[UW][A-Z0-9]+", owner):
                raise ValueError(f"{owner!r} is not a Slack user id like U012AB3CD")
        return value

    @field_validator("business_tz")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not a time zone name like America/Toronto") from error
        return value

    @field_validator("data_dir")
    @classmethod
    def _fits_into_an_address(cls, value: Path) -> Path:
        if "?" in str(value.resolve()):
            raise ValueError("must not have a “?” in its path")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("is not an http(s) address like https://slack.com/api/")
        if not _has_right_port(value):
            raise ValueError("names a port that is none")
        return value if value.endswith("/") else value + "/"

    @field_validator("page_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = urlsplit(value)
        if found.scheme not in {"http", "https"} or not found.hostname or found.fragment:
            raise ValueError("is not an http(s) address like https://pager.example.org/hooks/valhalla")
        if not _has_right_port(value):
            raise ValueError("names a port that is none")
        return value

    @field_validator("page_secret")
    @classmethod
    def _is_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"is shorter than {SHORTEST_SECRET} characters")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError as error:
            raise ValueError("is not a database address like postgresql+psycopg://user@host/name") from error
        if backend not in {"postgresql", "sqlite"}:
            raise ValueError(f"names {backend!r}; PostgreSQL and SQLite are supported")
        if backend == "sqlite" and make_url(value).drivername != "sqlite":
            raise ValueError("names another driver; a SQLite file is written sqlite:///path")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("is not an address like redis://host:6379/0")
        if value is not None and not _has_right_port(value):
            raise ValueError("names a port that is none")
        return value

    @model_validator(mode="after")
    def _production_rules(self) -> "Settings":
        if self.environment is Environment.PRODUCTION and not self.dual_control:
            raise ValueError("VALHALLA_DUAL_CONTROL=off is refused in production: a second person must approve")
        return self

    @model_validator(mode="after")
    def _paging_rules(self) -> "Settings":
        if self.environment is Environment.PRODUCTION and self.page_url is not None:
            if self.page_secret is None:
                raise ValueError("VALHALLA_PAGE_SECRET: must be set in production where VALHALLA_PAGE_URL is")
            if not self.page_url.startswith("https://"):
                raise ValueError("VALHALLA_PAGE_URL: must begin with https:// in production")
        return self

    @property
    def groups(self) -> dict[str, str]:
        """Which user group of Slack gives which role, by the role's word; at most oncall."""
        named = {"auditor": self.group_auditor, "operator": self.group_operator, "oncall": self.group_oncall}
        return {role: group.removeprefix("@") for role, group in named.items() if group}

    @property
    def is_production(self) -> bool:
        """Whether VALHALLA_ENV says production."""
        return self.environment is Environment.PRODUCTION

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which a business day begins."""
        return ZoneInfo(self.business_tz)

    @property
    def database(self) -> str:
        """The database's address; a SQLite file in the data directory where none is set."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'valhalla.db'}"

    @property
    def lease(self) -> timedelta:
        """How long a process may be silent before another takes over what it had begun."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def default_routes(self) -> dict[str, str]:
        """Which channel each kind of message goes to where `route.set` said nothing else."""
        return {
            "governance": self.channel_governance,
            "oncall": self.channel_oncall,
            "followups": self.channel_followups,
            "deals": self.channel_deals,
        }


def _has_right_port(address: str) -> bool:
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`; raise `SettingsError` with one line that names the wrong setting."""
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{name}: {reason}" if name else reason) from None
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"VALHALLA_DATA_DIR: cannot be made a folder ({error.strerror})") from None
    return settings
