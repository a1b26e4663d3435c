"""A throw-away cluster of real dqlite nodes on this machine.

`node` runs one node in a process of its own, because a failed assertion in libdqlite ends the
process it happens in. `processes` starts those processes, tells them from all others, ends them,
and cleans up after an owner that was killed. `membership` makes one cluster of the nodes. `local`
is the sandbox as a whole.

Linux only, like libdqlite itself. Nothing is imported here: the sandbox costs nothing to who does
not use it.
"""
