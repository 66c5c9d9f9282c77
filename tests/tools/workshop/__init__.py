"""The workshop: what `make lint`, `make sanity` and the other checks do. One module per check; tests/tools/check.py starts them."""
