"""The inbox: what people sent that changes something, done at most once and never behind their backs (spec/5).

::

    (Slack sends) ──one insert, unique trigger id──► received ──acknowledged, then begun──► running ──► done
                                                       │  ▲                                  │  │
                              2 s unacknowledged ──► refused                                 │  └──► refused
                              10 min not runnable ──► expired ◄──────────────────────────────┘
                                                          (`running` with its lease passed is begun again)

A row is recorded before Slack gets its acknowledgement and begun only once that acknowledgement is recorded as well:
whoever was told "failed" by Slack never finds it done later. The process that acknowledged runs the row; where it
died, the sweep (`inbox.recover`) runs it with the same idempotency key, and the answer goes to the sender directly.
"""
