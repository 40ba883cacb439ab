"""What Valhalla knows and decides: operations, the gate they pass, their rules and their rows.

Nothing here knows Slack, Redis, HTTP or a queue. Surfaces (`bot`) and workers depend on this package, never the
other way round. One folder a feature, with the same file names inside:

``tables.py``      rows, and nothing else
``rules.py``       pure functions on plain values and the time
``results.py``     frozen models: what a surface renders, what a card carries, what an idempotent retry returns
``service.py``     loads, asks the rules, writes; never commits
``operations.py``  the typed declarations that the registry collects
"""

import zoneinfo

# Zone arithmetic uses the packaged tzdata, never the operating system's, which may not know of the clock changes
# of 2026 (spec/2, Market Policy; the runbook's canaries check it).
zoneinfo.reset_tzpath(to=())
