"""The Slack surface: commands, buttons and forms, over Socket Mode.

::

    envelope ─► read the line ─┬─ a read ─► the gate ─► answered in the acknowledgement
                               ├─ something missing ─► acknowledged ─► a form
                               └─ a write ─► inbox row ─► acknowledged ─► confirmed ─► the gate ─► answered
"""
