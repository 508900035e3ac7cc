"""A policy driven in real time: threads, a memory ledger, a watched process."""
