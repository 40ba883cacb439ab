"""How everything stands, in parts: each feature brings its own lines, and a frozen copy has a number.

::

    a part (`parts.Part`) ──read now──► `/snapshot`        (nothing is kept)
                          └──frozen───► snapshot S-48      (once for each kind and day: a review, a spot check)

A part is one entry of `domain.registry.PARTS`: its name (the word after `/snapshot`), a function that reads its lines,
and what it brings to the Monday review. A feature without a part is not named, rather than shown as fine.
"""
