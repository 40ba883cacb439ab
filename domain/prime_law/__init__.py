"""Prime Law: the two switches, and what each execution class may do under them (spec/1, spec/5).

::

    go-live      off ──enable (runbook clear, approved)──► on ──disable (at once)──► off
    kill switch  clear ──engage (at once)──► engaged ──release (approved, within 1 h)──► clear

Production acts only while go-live is on and the kill switch clear. Every change of either adds one to the epoch
(`version`), to which requests are bound. Changes take Prime Law's lock alone; acts share it.
"""
