"""What is refused of every policy alike."""

from datetime import datetime, timedelta

from domain.outcomes import Kind, Refused, refused

LONGEST = timedelta(days=366)


def judge_until(until: datetime | None, now: datetime, *, name: str, is_new: bool) -> Refused | None:
    """Return why a policy cannot be set until then: it must be a time to come, within a year, and not of a new one."""
    if until is None:
        return None
    if is_new:
        detail = f"{name} is new: there is nothing it could go back to. Nothing changed."
    elif not now < until <= now + LONGEST:
        detail = "`until` is not a time to come, within a year. Nothing changed."
    else:
        return None
    return refused(
        Kind.INVALID, "bad_value", detail, layer="input", field="until",
        remedy="Leave it out, or give a time like `2026-11-27T18:00`.", until=until.isoformat(), now=now.isoformat(),
    )  # fmt: skip


def changed_meanwhile(name: str, layer: str) -> Refused:
    """Refuse a change that loosens, though it did not when it was judged: somebody was quicker."""
    return refused(
        Kind.CONFLICT, "changed_meanwhile",
        f"Somebody changed {name} at the same moment, and beside that it loosens. Nothing changed.", layer=layer,
        remedy="Look at it and set it again: then a second person is asked.",
    )  # fmt: skip
