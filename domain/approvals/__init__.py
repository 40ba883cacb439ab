"""Approvals: the dangerous direction needs a second person.

::

    (none) ──ask──► pending ──approve──► deciding ──► approved
                       │                     └──────► failed      a binding changed, or a gate no longer holds
                       ├──reject───► rejected
                       ├──withdraw─► withdrawn                    by its requester, or because he lost his role
                       ├──time─────► expired
                       └──ask again, other parameters, or break glass──► superseded

`deciding` exists inside one transaction only: it is the compare-and-set that makes a second click lose.
"""
