"""The audit log: written in the acting transaction, sealed into a hash chain within a second, open to anyone's check.

An event carries the hash of its own content. One sealer links events into `audit_chain` in batches, so that the chain
never serialises the business. What is not linked yet stands in `audit_unsealed`, put there by a trigger with the event
and taken out with its link; ids commit out of order, so "greater than the last" would miss some.
"""
