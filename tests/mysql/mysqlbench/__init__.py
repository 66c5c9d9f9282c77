"""`make bench-mysql`: what durability costs, how long roles take to change, how long a run takes that has nothing to do."""
