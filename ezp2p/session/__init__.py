"""Who talks with whom: joining, consent, grants, the only loop over link and channels."""
