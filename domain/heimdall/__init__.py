"""Heimdall: whether what a model recommends may be used for real, by domain of recommendation (spec/2).

::

    sandbox ──promote: asked with its evidence, approved──► production
       ▲                                                        │
       ├── demote, at once, by anyone on call ──────────────────┤
       └── by itself: success under the threshold, no evidence ─┘
           for 14 days, or another model

    recommendation:  made ──require, every gate passes──► used        (once; the gates are judged at both ends)
                      └──────────outcome───────┴────────► known       (once; it counts as a trial, marked production)

What a trial leaves is added to its day's scorecard in one statement, so that no two trials can lose each other.
"""
