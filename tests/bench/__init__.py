"""Benchmarks: each row against its limit or a peer in the same run, in interleaved pairs (`make bench`)."""
