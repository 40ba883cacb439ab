"""What every policy has beside its figures: a version, who changed it and why, its whole history, and fields that
go back by themselves (spec/2, "Every policy row").

::

    set ──► version n+1 in the history
     └─ until= ──► the changed fields wait, each with the value it goes back to
                     ├─ the time comes (`policy.revert`) ──► version n+2, by the program
                     ├─ set again with until= ──► waits for the new time, goes back to the same value
                     └─ set again without ──► waits no longer
"""
