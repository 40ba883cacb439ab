"""The cadence: the Monday review, its decision, what was escalated, and the daily spot check (spec/2, cards 7).

::

    Monday 09:00 ──► posted, undecided ──Continue / Pause / Escalate──► decided, on the card and in the audit
    (holiday: the       │        ▲                                          │
     next working day)  └─noon───┘ asked again, once           Escalate ──► item ──done──► gone
                                                                             └──not done: on every next review

A review is one row for each Monday, a spot check one row for each working day: whoever makes the row posts, so two
schedulers, a restart or a late start make neither two nor none. What comes late says so. The hours are the business's
clock, whatever that did in between. A review is frozen: its figures stay those of its snapshot.
"""
