"""Slack's rate limits, as token buckets that can be set or switched off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from bot.slack_double.registry import Method


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a minute, of which `burst` may come at once."""

    per_minute: float
    burst: int


_TIERS = {
    "tier1": Rate(1, 1),
    "tier2": Rate(20, 20),
    "tier3": Rate(50, 50),
    "tier4": Rate(100, 100),
    "special": Rate(600, 600),
    "post": Rate(60, 4),
}
WORKSPACE_POSTS = Rate(300, 100)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: datetime


class RateLimits:
    """Counts calls by method, and posts by channel too."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._rates: dict[str, Rate] = {}
        self._buckets: dict[str, _Bucket] = {}

    def set(self, method: str, per_minute: float, burst: int) -> None:
        """Give one method another rate, and start its count afresh."""
        self._rates[method] = Rate(per_minute, burst)
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not key.startswith(method)}

    def retry_after(self, method: Method, channel: str, now: datetime) -> int | None:
        """Count one call; the seconds to wait if it came too soon."""
        if not self.enabled:
            return None
        rate = self._rates.get(method.name) or _TIERS[method.tier]
        if method.tier != "post":
            return self._take(method.name, rate, now)
        return self._take(f"{method.name} {channel}", rate, now) or self._take("every post", WORKSPACE_POSTS, now)

    def _take(self, key: str, rate: Rate, now: datetime) -> int | None:
        bucket = self._buckets.setdefault(key, _Bucket(rate.burst, now))
        refill = max((now - bucket.filled_at).total_seconds(), 0) * rate.per_minute / 60
        bucket.tokens, bucket.filled_at = min(rate.burst, bucket.tokens + refill), now
        if bucket.tokens < 1:
            return max(1, math.ceil((1 - bucket.tokens) * 60 / rate.per_minute))
        bucket.tokens -= 1
        return None
