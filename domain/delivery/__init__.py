"""The outbox: what goes to Slack, exactly once or flagged, whatever dies on the way (spec/5, "The edges").

::

    (an act commits) ──► queued ──taken by the lane's sender──► sending ──Slack has it──► sent
                           ▲ ▲                                   │ │ │
                           │ └──429, away, an edit without answer┘ │ │
                           └──no answer: unknown, asked first──────┘ │
    queued/sending ──refused for good──► dead ──retry──► queued      │
    queued ──unknown and unreadable──► held ──retry──► queued        │
    held, dead ──drop──► dropped      held, dead, queued ──a newer version was sent──► sent ("superseded by N")

One lane per channel: whoever leases it sends its rows one at a time, the most urgent first, of an edited card only
the newest version. A row is `sending` before Slack is called and `sent` after Slack has answered; a sender that dies
in between leaves it `sending` until its lease has passed, and the next one asks Slack's history for the row's id
before it posts anything again. `attempts` counts up with every try and fences late writers off.
"""
