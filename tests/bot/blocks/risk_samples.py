"""Results of Risk Guard, one or more of every kind that is shown."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.outcomes import Button, Kind, Refused, Result
from domain.policies.results import FieldChange, Temporary
from domain.risk.results import (
    CapDenial,
    CapLine,
    CapWarning,
    Closed,
    EngineLine,
    HoldLine,
    Ledger,
    LedgerLine,
    OtherRoom,
    Paused,
    PolicyLine,
    PolicyList,
    PolicySet,
    ReservationLine,
    ReservationList,
    Reserved,
    RiskSnapshot,
    RoomAppeared,
    RoomHolder,
    Watching,
)

AT = datetime(2026, 11, 24, 15, 42, tzinfo=UTC)
DAY = date(2026, 11, 24)
HOSTILE = "<!channel> <@U9> *bold* `code` &amp; <https://evil.example|click>\n> quoted"
TRIPWIRE = HoldLine(
    hold_id=4, engine="WHOLESALE", source="tripwire:WHOLESALE.contract_rate", reason="it fell", followups=False,
    placed_at=AT,
)  # fmt: skip

TRIAL = HoldLine(
    hold_id=9, engine="WHOLESALE", source="tripwire:WHOLESALE.contract_rate", followups=False, placed_at=AT, share=25,
    reason="WHOLESALE.contract_rate was released: the multiplier is back", ends_at=AT + timedelta(days=3),
)  # fmt: skip


def hold(**changes: Any) -> HoldLine:
    base: dict[str, Any] = {
        "hold_id": 3, "engine": "WHOLESALE", "source": "person:U1", "person": "U1",
        "reason": "wrong deposit on the template", "followups": False, "placed_at": AT,
    }  # fmt: skip
    return HoldLine(**{**base, **changes})


def policy(**changes: Any) -> PolicyLine:
    base: dict[str, Any] = {
        "engine": "WHOLESALE", "enabled": True, "max_daily_loss": Decimal(200), "max_daily_exposure": Decimal(1000),
        "max_open_risk": Decimal(500), "max_actions_per_day": "uncapped", "version": 3, "changed_by": "U5",
        "reason": "a quiet week", "updated_at": AT,
    }  # fmt: skip
    return PolicyLine(**{**base, **changes})


def caps(*, open_risk: int = 100) -> tuple[CapLine, ...]:
    return (
        CapLine(cap="max_daily_loss", limit=Decimal(200), used=Decimal(0), room=Decimal(200), share=0.0),
        CapLine(cap="max_daily_exposure", limit=Decimal(1000), used=Decimal(600), room=Decimal(400), share=0.6),
        CapLine(
            cap="max_open_risk", limit=Decimal(500), used=Decimal(open_risk), room=Decimal(500 - open_risk),
            share=open_risk / 500,
        ),
        CapLine(cap="max_actions_per_day", limit="uncapped", used=6, room=None, share=None),
    )  # fmt: skip


def trial_caps() -> tuple[CapLine, ...]:
    return (
        CapLine(
            cap="max_open_risk", limit=Decimal(125), at_full_speed=Decimal(500), used=Decimal(100), room=Decimal(25),
            share=0.8,
        ),
        CapLine(cap="max_actions_per_day", limit=5, at_full_speed=20, used=5, room=0, share=1.0),
    )  # fmt: skip


def engine(**changes: Any) -> EngineLine:
    base: dict[str, Any] = {
        "engine": "WHOLESALE", "enabled": True, "is_throttled": False, "acts": True, "day": DAY, "caps": caps(),
        "current_net_loss": Decimal(0), "daily_limit": Decimal(200), "open_risk": Decimal(100),
        "exposure": Decimal(600), "actions": 6, "reservations": 1, "next_expiry": AT, "most": Decimal(200),
        "unit": "offer", "unit_amount": Decimal(100), "units": 4, "version": 3,
    }  # fmt: skip
    return EngineLine(**{**base, **changes})


def snapshot(*items: EngineLine, is_throttled: bool = False) -> RiskSnapshot:
    return RiskSnapshot(
        as_of=AT, day=DAY, current_net_loss=Decimal(0), daily_limit=Decimal(250), is_throttled=is_throttled, items=items
    )


GLOBAL = engine(engine="GLOBAL", unit=None, units=None)
CAPITAL = engine(engine="CAPITAL", unit=None, units=None)
BOOK = LedgerLine(
    engine="GLOBAL", day=DAY, opening=Decimal(100), reserved=Decimal(500), settled=Decimal(200), voided=Decimal(100),
    expired=Decimal(0), closing=Decimal(300), exposure=Decimal(400), realized_loss=Decimal("12.50"), actions=5,
    denied=2, is_closed=False,
)  # fmt: skip


def reservation(number: int = 12, **changes: Any) -> ReservationLine:
    base: dict[str, Any] = {
        "reservation_id": number, "engine": "WHOLESALE", "amount": Decimal(100), "state": "OPEN",
        "about": "O-2029 Kitchener", "created_by": "U1", "created_at": AT - timedelta(days=7), "expires_at": AT,
    }  # fmt: skip
    return ReservationLine(**{**base, **changes})


RESERVED = Reserved(
    reservation_id=12, engine="WHOLESALE", amount=Decimal(100), state="OPEN", expires_at=AT, caps=caps(), unit="offer",
    units=4,
)  # fmt: skip
SETTLED = Closed(
    reservation_id=12, engine="WHOLESALE", amount=Decimal(100), state="SETTLED", realized_loss=Decimal(30),
    freed=Decimal(100),
)  # fmt: skip
PAUSED = Paused(hold=hold(), engine_enabled=True, requested_by="U1", reason="wrong deposit on the template", at=AT)
RESUMED = PAUSED.model_copy(
    update={"is_lifted": True, "requested_by": "U2", "approved_by": "U3", "reason": "it is fixed",
            "at": AT + timedelta(hours=2)}
)  # fmt: skip
SET = PolicySet(
    engine="WHOLESALE", policy=policy(), changed_by="U5", approved_by="U3", until=AT,
    changes=(
        FieldChange(field="max_open_risk", before="500.00", after="1000.00"),
        FieldChange(field="enabled", before=False, after=True),
        FieldChange(field="max_actions_per_day", before="uncapped", after=20),
    ),
)  # fmt: skip
WATCHING = Watching(engine="WHOLESALE", amount=Decimal(100), expires_at=AT)


def holder(number: int, **changes: Any) -> RoomHolder:
    base: dict[str, Any] = {
        "reservation_id": number, "amount": Decimal(100), "about": "O-2029 Kitchener", "created_by": "U1",
        "created_at": AT - timedelta(days=7), "expires_at": AT, "yours": False,
    }  # fmt: skip
    return RoomHolder(**{**base, **changes})


def denial(**changes: Any) -> Refused:
    base: dict[str, Any] = {
        "engine": "WHOLESALE", "asked_engine": "WHOLESALE", "cap": "max_open_risk", "amount": Decimal(100),
        "used": Decimal(500), "limit": Decimal(500), "unit": "offer",
        "holders": (holder(29, yours=True), holder(33, about="O-2033 Red Deer", created_by="U2")), "others": 3,
        "others_amount": Decimal(300), "others_since": AT, "frees_itself": 29, "frees_itself_at": AT,
        "deciders": ("U3", "U4"), "other": OtherRoom(engine="GLOBAL", used=Decimal(700), limit=Decimal(1500)),
        "policy_version": 3, "changed_by": "U5", "changed_at": AT, "ask_cap": "1000.00", "ask_until": AT,
    }  # fmt: skip
    made = CapDenial(**{**base, **changes})
    return Refused(
        kind=Kind.REFUSED, code=made.cap, layer="Risk Guard", detail="no room", reference="7F3K",
        figures={"denial": made.to_json()},
        buttons=(
            Button(label="Ask for more room…", operation="risk.raise", form=True, style="primary",
                   params={"engine": "WHOLESALE", "max_open_risk": "1000.00", "until": AT.isoformat()}),
            Button(label="Try again", operation="risk.reserve", params={"engine": "WHOLESALE", "amount": "100.00"}),
            Button(label="Tell me when there is room", operation="risk.watch",
                   params={"engine": "WHOLESALE", "amount": "100.00"}),
        ),
    )  # fmt: skip


WARNING = CapWarning(
    engine="WHOLESALE", cap="max_open_risk", percent=80, used=Decimal(400), limit=Decimal(500), day=DAY, at=AT,
    is_daily=False, unit="offer", units=1, reservations=4,
)  # fmt: skip
AT_A_SHARE = WARNING.model_copy(
    update={"percent": 100, "used": Decimal(125), "limit": Decimal(125), "at_full_speed": Decimal(500), "units": 0,
            "trial": TRIAL}
)  # fmt: skip
CARDS: dict[str, list[Result]] = {
    "risk_hold": [
        PAUSED, RESUMED, PAUSED.model_copy(update={"hold": hold(followups=True, reason=HOSTILE), "already": True}),
        PAUSED.model_copy(update={"hold": hold(engine="GLOBAL"), "others": (TRIPWIRE,), "engine_enabled": False}),
        RESUMED.model_copy(update={"others": (TRIPWIRE,), "engine_enabled": False, "approved_by": None}),
        RESUMED.model_copy(update={"hold": TRIAL}),
        RESUMED.model_copy(update={"hold": TRIAL, "others": (TRIPWIRE,)}),
    ],
    "cap_warning": [
        WARNING, WARNING.model_copy(update={"percent": 100, "used": Decimal(500), "units": 0}),
        WARNING.model_copy(update={"engine": "GLOBAL", "cap": "max_daily_exposure", "is_daily": True, "unit": None}),
        WARNING.model_copy(update={"cap": "max_actions_per_day", "used": 20, "limit": 20, "is_daily": True}),
        AT_A_SHARE, AT_A_SHARE.model_copy(update={"percent": 80, "used": Decimal(100)}),
    ],
    "room_appeared": [
        RoomAppeared(engine="WHOLESALE", amount=Decimal(100), most=most, at=AT, asked_at=AT)
        for most in (Decimal(200), None)
    ],
}  # fmt: skip
REPLIES: dict[str, list[Result]] = {
    "risk.snapshot": [
        snapshot(GLOBAL, CAPITAL, engine()), snapshot(),
        snapshot(engine(is_throttled=True, acts=False, holds=(hold(reason=HOSTILE), TRIPWIRE)), GLOBAL),
        snapshot(engine(engine="GLOBAL", is_throttled=True, acts=False, holds=(hold(engine="GLOBAL"),)),
                 is_throttled=True),
        snapshot(GLOBAL, engine(trials=(TRIAL, TRIAL), caps=trial_caps(), units=0)),
        snapshot(engine(enabled=False, acts=False, units=0, most=None, caps=()), engine(units=0, most=Decimal(0))),
    ],
    "risk.policies": [
        PolicyList(items=(policy(), policy(
            engine="GLOBAL", max_open_risk="uncapped", reason=HOSTILE, holds=(hold(), TRIPWIRE), trials=(TRIAL,),
            temporary=(
                Temporary(field="max_open_risk", base="500.00", until=AT),
                Temporary(field="enabled", base=False, until=AT),
                Temporary(field="max_actions_per_day", base="uncapped", until=AT)))) * 8),
    ],
    "risk.policy_set": [SET, SET.model_copy(update={"changed": False, "changes": ()})],
    "risk.raise": [SET],
    "risk.pause": [PAUSED],
    "risk.resume": [RESUMED],
    "risk.ledger": [
        Ledger(day=DAY, items=(BOOK, BOOK.model_copy(update={"engine": "WHOLESALE", "is_closed": True}))),
        Ledger(day=DAY, items=()),
    ],
    "risk.reserve": [
        RESERVED, RESERVED.model_copy(update={"already": True, "state": "SETTLED"}),
        RESERVED.model_copy(update={"unit": None, "units": None}),
    ],
    "risk.settle": [
        SETTLED, SETTLED.model_copy(update={"was_expired": True, "freed": Decimal(0)}),
        SETTLED.model_copy(update={"realized_loss": Decimal(130), "is_over": True}),
    ],
    "risk.void": [
        SETTLED.model_copy(update={"state": "VOIDED", "realized_loss": None, "exposure_given_back": Decimal(100)}),
        SETTLED.model_copy(update={"state": "VOIDED", "realized_loss": None}),
    ],
    "risk.reservations": [
        ReservationList(items=tuple(reservation(n, about=HOSTILE) for n in range(50)), total=80, amount=Decimal(8000),
                        as_of=AT),
        ReservationList(engine="CAPITAL", items=(), total=0, amount=Decimal(0), as_of=AT),
        ReservationList(engine="WHOLESALE", items=(reservation(about=None),), total=1, amount=Decimal(100), as_of=AT),
    ],
    "risk.watch": [WATCHING],
}  # fmt: skip
