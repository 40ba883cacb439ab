"""Access: who may do what. Roles are ordered, each includes the ones before it (spec/5, "Roles").

Managers give and take operator, oncall and auditor; owners the rest. Making someone manager or owner needs a second
person once two people hold manager or above and the set-up is over. Taking away is immediate.
"""
