"""On call: whose turn it is, and who is woken for an alert, step by step, until somebody acknowledges (spec/2).

The rota. At any moment the newest take-over that runs decides, else the newest single shift, else the newest weekly
one; a shift of somebody who may not be on call any more does not count. Weekly shifts repeat by the clock on the wall
of the business, so that they keep their hour when the clocks change.

The ladder of one alert. A round is planned as rows when the alert opens, is passed on, or was acknowledged until a
time that came; each later step is due five minutes after the one before::

    step 1  the person on call        direct message, and the telephone where VALHALLA_PAGE_URL is set
    step 2  the next person           the same ways
    step 3  the on-call channel       a message to everybody who is there
    step 4  every owner               the same ways as a person

Where the rota names nobody, steps 1 and 2 are people with the role oncall, who was paged longest ago first; where
nobody is left at all, the channel and the owners are told at once. One page, a row for each way::

    planned ──its time comes──► queued ──sender──► sending ──a yes──► sent
       │ ▲                         ▲                 │ │
       │ └─the step before failed: │                 │ └──a no, or no answer too often──► failed: the next step is
       │   due at once             └──no answer, 5xx─┘                                    due at once
       ├──acknowledged, passed, resolved──► stopped (queued telephone pages too)
       └──the person may not be on call any more──► skipped: the next step is due at once

A page by Slack is `queued` as soon as its message is in the outbox, whose own state machine sends it once; one by
telephone is sent by the pager under a lease, again and again with the same `Idempotency-Key`. The alert's row is the
lock of its ladder, so two who advance at once page once; everything that is due is in the database, so nobody's death
loses a step. A failed page starts no page of its own: it brings the next step forward and leaves a warning.
"""
