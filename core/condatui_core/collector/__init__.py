"""The stand-alone collector: writes a snapshot of a machine that has no condatui, in docs/snapshots.md's format.

Its modules run in whatever Python a machine has, from 3.6 on, and import only the standard library and each other:
`condatui fleet` joins them to one script, which it pipes to a `python3`. They read and write nothing.
"""
