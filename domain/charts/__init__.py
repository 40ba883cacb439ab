"""Charts on cards: what they show is left by the act, drawn and uploaded by a worker, and shown by an edit.

::

    (an act commits) ──► queued ──a worker takes it──► drawing ──Slack has the bytes──► uploading
                           ▲ ▲                           │ │                                │
                           │ └─────429, no answer────────┘ └──cannot be drawn──► failed     │ completed
                           │                                                       ▲        ▼
         a newer chart of the same thing                        refused for good ──┴── uploaded ──► shown
                                                                                   every card of the thing shows it

The text of a card never waits for its chart. One row a thing: a newer chart takes the older one's place, whatever
became of it, and the cards go on showing the older file until the newer one is there. A worker that dies leaves the
row with a lease that passes; what it had uploaded and not written down is a file that nobody shows, at most three a
chart. An upload is written down before the cards are ordered to show it, and the cards are compared with the row until
each shows its file: an order that is lost is given again. Slack away, Redis gone: the row stays.
"""
