"""Risk Guard: how much may be at stake, on one day and at any moment (spec/2).

A reservation::

    reserve ──► OPEN ── settle ──► SETTLED   frees the room, books the loss, once
                  ├──── void ────► VOIDED    frees the room; on the same day gives the exposure back, never the action
                  └──── its time ► EXPIRED   frees the room, with an alert
                                     └─ settle ──► SETTLED   books the loss, and frees nothing again

An engine's business day: the newest row of its ledger is open, everybody books on it, and its lock is what makes two
clients one after the other. The first booking of a new day closes it and opens the next with its open risk, so nothing
is forgotten at midnight. Books are locked GLOBAL first, then the engine; reservations after both.

An engine acts only where it has a policy, is enabled, and no hold is in force on it or on GLOBAL. A hold belongs to
its source and is lifted alone; enabling lifts none, and lifting enables nothing. A hold with a `share` does not stop
its engine: until its time, or until it is lifted, the engine's own caps count at that share of what the policy says,
the strictest where there are several. `place_hold` and `place_share` lock no book: whoever places a hold, a person's
pause or a tripwire, has taken Prime Law's lock alone, as the kill switch does: when it commits, nothing that acts is
under way; a share takes the place of its source's hold in one transaction. What waited for a book meanwhile looks for
holds and stricter shares again in the statement that writes.
"""
