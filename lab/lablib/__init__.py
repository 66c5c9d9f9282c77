"""The lab: real hosts on one machine, fed from a mirror that is built here."""
