"""The scheduler process: claims slots and puts them into the queue, and does nothing else.

Any number may run: a slot is one row. While Redis is away the row is enough, since the sweep finds it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import redis
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from dramatiq import DramatiqError
from dramatiq.brokers.redis import RedisBroker

from domain.database import Unavailable
from domain.gate import Gate
from domain.schedules import EPOCH, At, Schedule, schedules
from domain.settings import Settings
from domain.start import start
from domain.ticks import service as ticks
from workers.actors import Actors, declare
from workers.broker import Queue, QueueAway
from workers.heartbeat import Heartbeat, process_id
from workers.process import Stop, drain, leave

log = structlog.get_logger(__name__)

GRACE_SECONDS = 30
THREADS = 4


def trigger_of(schedule: Schedule) -> Any:
    """Return APScheduler's trigger: aligned to the slots, in a named zone, on named weekdays."""
    when = schedule.when
    if isinstance(when, At):
        return CronTrigger(
            day_of_week=",".join(when.days), hour=when.hour, minute=when.minute, timezone=ZoneInfo(when.zone)
        )
    return IntervalTrigger(seconds=when.seconds, start_date=EPOCH, timezone=UTC)


class Clockwork:
    """APScheduler with every schedule on it."""

    def __init__(self, gate: Gate, queue: "TickQueue", planned: Sequence[Schedule]) -> None:
        """Plan; nothing runs yet."""
        self._gate = gate
        self._queue = queue
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": {"type": "threadpool", "max_workers": THREADS}},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_SECONDS},
        )
        for schedule in planned:
            self._scheduler.add_job(self.fire, trigger_of(schedule), args=[schedule], id=schedule.job)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Tick no more; a claim under way ends first."""
        self._scheduler.shutdown(wait=True)

    def fire(self, schedule: Schedule) -> None:
        """Claim the newest slot and put it into the queue; without a queue the row is left for the sweep."""
        try:
            if ticks.fire(self._gate.database, schedule, self._queue.enqueue, self._gate.clock()):
                log.debug("tick.fired", job=schedule.job)
        except Unavailable as error:
            log.warning("tick.database_away", job=schedule.job, reason=str(error))
        except (QueueAway, DramatiqError, redis.RedisError) as error:
            log.warning("tick.left_to_the_sweep", job=schedule.job, reason=f"{type(error).__name__}: {error}")


class TickQueue:
    """The scheduler's end of the queue; `on_ready` is called once there is a broker."""

    def __init__(self, gate: Gate, runner: str, on_ready: Callable[[], None]) -> None:
        """Have no broker yet."""
        self._gate = gate
        self._runner = runner
        self._on_ready = on_ready
        self._actors: Actors | None = None
        self.queue = Queue(gate.settings, self._ready)

    def _ready(self, broker: RedisBroker) -> None:
        self._actors = declare(broker, self._gate, self._runner)
        self._on_ready()

    def enqueue(self, job: str, slot: Any) -> None:
        """Put a slot into the queue; raises where that cannot be done now."""
        if self._actors is None:
            raise QueueAway("no broker yet")
        self._actors.enqueue_tick(job, slot)


def run_scheduler(settings: Settings, *, planned: Sequence[Schedule] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    stop = Stop()
    gate, runner = start(settings), process_id()
    stops = _start(gate, runner, schedules(settings) if planned is None else planned)
    log.info("scheduler.started", runner=runner)
    stop.wait()
    log.info("scheduler.stopping", runner=runner)
    drained = drain(stops)
    gate.database.close()
    return leave(drained=drained)


def _start(gate: Gate, runner: str, planned: Sequence[Schedule]) -> list[Callable[[], None]]:
    mine = TickQueue(gate, runner, lambda: heartbeat.note("redis", mine.queue.look()))
    clockwork = Clockwork(gate, mine, planned)
    heartbeat = Heartbeat(gate.database, "scheduler", runner, gate.clock, looks={"redis": mine.queue.look})
    heartbeat.start()
    mine.queue.start()
    clockwork.start()
    return [_stop_in_order(clockwork, mine), heartbeat.stop]


def _stop_in_order(clockwork: Clockwork, mine: TickQueue) -> Callable[[], None]:
    def stop() -> None:
        clockwork.stop()
        mine.queue.close()

    return stop
