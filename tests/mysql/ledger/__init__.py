"""The ledger: proof that the MySQL pair loses no acknowledged transaction and never has two writable members.

writer, probe   processes that use the pair as the application does, and keep on disk what was acknowledged
faults          what happens to hosts, each with its undo
look            what the servers hold
judge           the verdict, from plain data
cycle, failovers   one crash failover, and N of them in a row
"""
