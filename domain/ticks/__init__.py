"""Ticks: scheduled work, each slot done once whoever schedules, and none lost when the queue is (spec/5).

::

    (a slot's time comes) ──one insert per job and slot──► claimed ──into the queue──► enqueued ──run──► done
                                                             └──────────run by the sweep──────────────► done
    claimed, enqueued ──a newer slot of the same interval job──► done ("coalesced")
    claimed, enqueued ──an hour without success──► done ("given up", with an alert)

The slot is the *scheduled* time, so two schedulers find the same row. The queue is a convenience: what it loses, the
sweep finds here after some seconds. Whoever runs a slot takes it under a lease first, and its operation passes the
gate with the key `tick:JOB:SLOT`, so that a second run repeats the answer and nothing else.
"""
