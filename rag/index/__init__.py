"""The two indexes and how their lists become one. Both can be deleted at any moment; the registry rebuilds them."""
