"""Any history of reserving, settling, voiding, ending, raising, holding, trial shares and midnights, beside a model."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.outcomes import Done, Refused
from domain.risk.service import place_share
from tests.domain.risk.books import check, current
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, World

ENGINES = ("WHOLESALE", "CAPITAL")
CENTS = st.sampled_from([1, 30, 50_00, 99_99, 100_00, 150_00, 200_00])
CAPS = ("max_daily_loss", "max_daily_exposure", "max_open_risk", "max_actions_per_day")


def dollars(cents: int) -> str:
    """Return cents as people type them."""
    return f"{cents // 100}.{cents % 100:02d}"


@dataclass
class Reservation:
    """What the model knows of one."""

    engine: str
    amount: int
    expires_at: Any
    day: Any
    state: str = "OPEN"


@dataclass
class Engine:
    """What the model knows of one engine, or of GLOBAL."""

    limits: dict[str, int | None]
    enabled: bool = True
    loss: int = 0
    exposure: int = 0
    actions: int = 0
    held: bool = False
    shares: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """By source: the percent and until when."""

    def limit(self, cap: str, now: Any) -> int | None:
        """Return what a cap counts: the strictest share of it that has not ended, rounded down."""
        limit = self.limits[cap]
        share = min((share for share, end in self.shares.values() if end > now), default=None)
        if limit is None or share is None:
            return limit
        part = limit * share // 100
        return max(part, 1) if cap == "max_actions_per_day" else part

    def first_full(self, open_risk: int, amount: int, now: Any) -> str | None:
        """Return the first cap without room."""
        used = (self.loss + amount, self.exposure + amount, open_risk + amount, self.actions + 1)
        for cap, after in zip(CAPS, used, strict=True):
            limit = self.limit(cap, now)
            if limit is not None and after > limit:
                return cap
        return None


@dataclass
class Model:
    """The whole of Risk Guard, in twenty lines that anybody can check against spec/2."""

    engines: dict[str, Engine] = field(default_factory=dict)
    reservations: dict[int, Reservation] = field(default_factory=dict)

    def open_risk(self, name: str) -> int:
        """Sum what is open of an engine."""
        return sum(
            one.amount for one in self.reservations.values() if one.state == "OPEN" and name in ("GLOBAL", one.engine)
        )

    def verdict(self, name: str, amount: int, now: Any) -> str | None:
        """Return why a reservation is denied, or None."""
        both = [self.engines["GLOBAL"], self.engines[name]]
        if not all(one.enabled for one in both):
            return "disabled"
        if any(one.held for one in both):
            return "on_hold"
        for of, one in (("GLOBAL", both[0]), (name, both[1])):
            if (cap := one.first_full(self.open_risk(of), amount, now)) is not None:
                return cap
        return None


def seeds() -> Model:
    """Return the model of the caps as Valhalla comes, with a cap on actions beside them."""
    limits = {
        "GLOBAL": (250_00, 1_500_00, None, 12), "WHOLESALE": (200_00, 1_000_00, 500_00, None),
        "CAPITAL": (150_00, 750_00, 300_00, 5),
    }  # fmt: skip
    return Model({name: Engine(dict(zip(CAPS, of, strict=True))) for name, of in limits.items()})


class Guard(RuleBasedStateMachine):
    """Does everything through the gate, and compares each answer with the model's."""

    make: Callable[[], World]

    @initialize()
    def begin(self) -> None:
        """Open a world with the seeds."""
        self.world = type(self).make()
        self.model = seeds()
        for name, engine in self.model.engines.items():
            self.world.execute(
                "UPDATE risk_policy SET max_actions_per_day = :cap WHERE engine = :engine",
                cap=engine.limits["max_actions_per_day"], engine=name,
            )  # fmt: skip

    def teardown(self) -> None:
        """Close it."""
        if hasattr(self, "world"):
            self.world.close()

    def today(self) -> Any:
        """Return the business day."""
        return self.world.clock().astimezone(self.world.settings.zone).date()

    def pick(self, number: int) -> int:
        """Return one of the reservations there are."""
        return sorted(self.model.reservations)[number % len(self.model.reservations)]

    @rule(engine=st.sampled_from(ENGINES), amount=CENTS, hours=st.sampled_from([None, 1, 20]))
    def reserve_something(self, engine: str, amount: int, hours: int | None) -> None:
        """Any amount."""
        self.reserve(engine, amount, hours)

    def reserve(self, engine: str, amount: int, hours: int | None) -> None:
        """It is given exactly where every cap has room, and booked on both or neither."""
        verdict = self.model.verdict(engine, amount, self.world.clock())
        more = {} if hours is None else {"ttl_hours": hours}
        outcome = self.world.run(OPERATOR, "risk.reserve", engine=engine.lower(), amount=dollars(amount), **more)
        if verdict is not None:
            assert isinstance(outcome, Refused)
            assert outcome.code == verdict
            return
        assert isinstance(outcome, Done), outcome
        expires = self.world.clock() + timedelta(hours=hours or 72)
        number = outcome.result.reservation_id  # type: ignore[attr-defined]
        self.model.reservations[number] = Reservation(engine, amount, expires, self.today())
        for name in ("GLOBAL", engine):
            of = self.model.engines[name]
            of.exposure += amount
            of.actions += 1
            used = (of.loss + amount, of.exposure, self.model.open_risk(name), of.actions)
            for cap, figure in zip(CAPS, used, strict=True):
                limit = of.limit(cap, self.world.clock())
                assert limit is None or figure <= limit, f"{name} {cap} went over its share"

    @rule(engine=st.sampled_from(ENGINES))
    def reserve_to_the_brim(self, engine: str) -> None:
        """What the room is in cents fits, if anything does; one cent more never."""
        most = 0
        for name in ("GLOBAL", engine):
            of, open_risk = self.model.engines[name], self.model.open_risk(name)
            left = [
                limit - used
                for limit, used in zip(
                    (of.limit(cap, self.world.clock()) for cap in CAPS[:3]),
                    (of.loss, of.exposure, open_risk),
                    strict=True,
                )
                if limit is not None
            ]
            most = min([*left, most] if name == engine else left)
        self.reserve(engine, max(most, 0) + 1, None)
        if most > 0:
            self.reserve(engine, most, None)

    @precondition(lambda self: self.model.reservations)
    @rule(number=st.integers(0, 50), share=st.sampled_from([0, 1, 50, 100, 130]), over=st.booleans())
    def settle(self, number: int, share: int, over: bool) -> None:
        """Once; the loss is booked whatever the caps say, also of one that had ended by itself."""
        chosen = self.pick(number)
        one = self.model.reservations[chosen]
        loss = one.amount * share // 100
        outcome = self.world.run(OPERATOR, "risk.settle", reservation_id=chosen, realized_loss=dollars(loss), over=over)
        if one.state not in {"OPEN", "EXPIRED"}:
            assert isinstance(outcome, Refused)
            assert outcome.code == f"already_{one.state.lower()}"
            return
        if loss > one.amount and not over:
            assert isinstance(outcome, Refused)
            assert outcome.code == "over_reserved"
            return
        assert isinstance(outcome, Done)
        one.state = "SETTLED"
        for name in ("GLOBAL", one.engine):
            self.model.engines[name].loss += loss

    @precondition(lambda self: self.model.reservations)
    @rule(number=st.integers(0, 50))
    def void(self, number: int) -> None:
        """Only what is open; the exposure comes back on the same day alone, the action never."""
        chosen = self.pick(number)
        one = self.model.reservations[chosen]
        outcome = self.world.run(OPERATOR, "risk.void", reservation_id=chosen)
        if one.state != "OPEN":
            assert isinstance(outcome, Refused)
            return
        assert isinstance(outcome, Done)
        one.state = "VOIDED"
        if one.day == self.today():
            for name in ("GLOBAL", one.engine):
                self.model.engines[name].exposure -= one.amount

    @rule(hours=st.sampled_from([1, 5, 14, 30]))
    def pass_time(self, hours: int) -> None:
        """Midnight empties what is counted a day, and forgets no open risk."""
        before = self.today()
        self.world.clock.advance(hours=hours)
        if self.today() != before:
            for engine in self.model.engines.values():
                engine.loss = engine.exposure = engine.actions = 0

    @rule()
    def expire(self) -> None:
        """Whatever is due ends, and nothing else."""
        due = [
            one for one in self.model.reservations.values()
            if one.state == "OPEN" and one.expires_at <= self.world.clock()
        ]  # fmt: skip
        assert self.world.system("risk.expire").expired == len(due)
        for one in due:
            one.state = "EXPIRED"

    @rule(engine=st.sampled_from(("GLOBAL", *ENGINES)), cap=st.sampled_from(CAPS[:3]), cents=CENTS)
    def tighten_or_loosen(self, engine: str, cap: str, cents: int) -> None:
        """Tighter takes effect at once, looser waits for a second person."""
        was = self.model.engines[engine].limits[cap]
        outcome = self.world.run(MANAGER, "risk.policy_set", engine=engine, reason="x", **{cap: dollars(cents)})
        if was is not None and cents > was:
            assert not isinstance(outcome, Done)
            asked = outcome.approval_id  # type: ignore[union-attr]
            assert isinstance(self.world.approve(SECOND, asked), Done)
        else:
            assert isinstance(outcome, Done)
        self.model.engines[engine].limits[cap] = cents

    @rule(engine=st.sampled_from(("GLOBAL", *ENGINES)))
    def pause_or_resume(self, engine: str) -> None:
        """A pause is at once, resuming waits for a second person."""
        held = self.model.engines[engine].held
        if held:
            asked = self.world.pending(ONCALL, "risk.resume", engine=engine, reason="x")
            assert isinstance(self.world.approve(SECOND, asked.approval_id), Done)
        else:
            self.world.done(OPERATOR, "risk.pause", engine=engine, reason="x")
        self.model.engines[engine].held = not held

    @rule(
        engine=st.sampled_from(("GLOBAL", *ENGINES)), source=st.sampled_from(("a", "b")),
        share=st.sampled_from([1, 25, 33, 50, 99, 100]), hours=st.sampled_from([1, 6, 40]),
    )  # fmt: skip
    def limit_to_a_share(self, engine: str, source: str, share: int, hours: int) -> None:
        """A later one of the same source takes the place of the one before; it ends by its time alone."""
        end = self.world.clock() + timedelta(hours=hours)
        with self.world.act(OWNER) as act:
            place_share(act, engine, source=f"tripwire:X.{source}", reason="x", share=share, ends_at=end)
        self.model.engines[engine].shares[source] = (share, end)

    @rule(engine=st.sampled_from(("GLOBAL", *ENGINES)), source=st.sampled_from(("a", "b")))
    def back_to_full_speed(self, engine: str, source: str) -> None:
        """Two people end one share, and no other."""
        _share, end = self.model.engines[engine].shares.get(source, (0, self.world.clock()))
        rows = self.world.rows(
            "risk_hold", "lifted_at IS NULL AND engine = :e AND source = :s", e=engine, s=f"tripwire:X.{source}"
        )
        if end <= self.world.clock() or not rows:
            return
        asked = self.world.pending(ONCALL, "risk.resume", engine=engine, hold_id=rows[0].id, reason="x")
        assert isinstance(self.world.approve(SECOND, asked.approval_id), Done)
        del self.model.engines[engine].shares[source]

    @rule(engine=st.sampled_from(ENGINES), enabled=st.booleans())
    def enable(self, engine: str, enabled: bool) -> None:
        """It lifts no hold, and a hold that is lifted enables nothing."""
        self.world.run(OWNER, "risk.policy_set", engine=engine, enabled=enabled, reason="x", break_glass="alone")
        self.model.engines[engine].enabled = enabled

    @invariant()
    def the_books_are_right(self) -> None:
        """Books, reservations and decisions say the same as each other and as the model."""
        if not hasattr(self, "world"):
            return
        check(self.world)
        for name, engine in self.model.engines.items():
            if not self.world.count("risk_ledger", "engine = :engine", engine=name):
                continue
            row = current(self.world, name)
            assert row.open_risk == self.model.open_risk(name)
            if row.day == self.today():
                assert (row.loss, row.exposure, row.actions) == (engine.loss, engine.exposure, engine.actions)


def test_any_history_keeps_the_books(sqlite_url: str, tmp_path: Path) -> None:
    """Given exactly where the caps have room; never over them; settled once; nothing leaks over midnight."""
    template = Path(sqlite_url.removeprefix("sqlite:///"))

    class Machine(Guard):
        @staticmethod
        def make() -> World:
            file = tmp_path / f"{uuid4().hex}.sqlite3"
            shutil.copyfile(template, file)
            world = World(f"sqlite:///{file}")
            world.staff()
            world.switches(live=True)
            return world

    run_state_machine_as_test(
        Machine, settings=settings(max_examples=25, stateful_step_count=30, deadline=None, derandomize=True)
    )
