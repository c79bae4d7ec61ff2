"""The doctor: what is wrong with a dataset, before anything is learnt from it."""
