"""The Slack surface: commands, buttons, forms and Home tabs, over Socket Mode or HTTP.

::

    envelope ─► read the line ─┬─ a read ─► the gate ─► answered in the acknowledgement
                               ├─ something missing ─► acknowledged ─► a form
                               └─ a write ─► inbox row ─► acknowledged ─► confirmed ─► the gate ─► answered
"""
