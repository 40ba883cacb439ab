"""The command line's way to operations: the local owner's hand, the same gate."""
