"""Held work: production actions of workers that met Prime Law.

::

    (stopped) ──► held ──run (a manager)──► run       passes every gate again
                   ├──drop──► dropped
                   └──time (`not_after`)──► expired   shown, never run

Releasing the kill switch runs nothing. What a person typed is refused, never held.
"""
