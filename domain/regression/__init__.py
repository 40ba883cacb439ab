"""Tripwires: a metric that falls stops what it measures, before anybody looks (spec/2, tripwire-detector.md).

What arrives is judged apart from what acts::

    an act, or a bulk of reports ──one transaction──► kpi_event + regression_arrival
    regression_arrival ──the sweep, within a fraction of a second──► counted into regression_state, and deleted
                                                                     └─ an alarm ► hold or kill switch, alert

An arrival is written with its events and deleted in the transaction that counts them, so that none is lost or counted
twice wherever a process dies; and nothing that acts waits for a metric's one row. An alarm that stops something takes
Prime Law's lock alone, as a person's pause does: what is under way commits before it, and nothing that has not seen it
after.

A tripwire::

    off ──enabled──► learning ──act_after events──► armed ◄──────────────── released (asked, approved)
                         └──────────► warned ◄──────┤  ▲                        ▲
                                        │ └─ over ──┼──┘                        │
                                        └───────────┴──── R >= act_n ──► tripped┘

While it is off it learns all the same. A release lifts its own hold only and begins clean: events from before it never
count again. A tripwire that is enabled begins clean too.

A release to a share::

    released with a share ──► trial ── its time, or enough events without a drop, or `risk.resume` ──► full speed
                                └──── R >= act_n ──► tripped: its hold takes the share's place
"""
