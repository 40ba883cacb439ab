"""The follow-up ladder: six steps from a lead's arrival, each done once, by one person, within two hours (spec/2).

::

    step    open ──claim (20 min, one person)──► held ──complete──► done, with an outcome
             ▲ └────────complete (what happened is always recorded)──┘
             └────────── the lease passes ──────┘
            open or held ──stop, or an outcome that ends the ladder──► stopped

    ladder  open ──last step done, an outcome that ends it, stop──► ended      one open ladder per lead

A lease that passed is simply ignored, so nothing has to run for a claim to end. Completing locks the ladder's row first
and then its steps; claiming touches one step by its generation and locks nothing else.
"""
