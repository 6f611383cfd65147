"""Measures: arrays in, numbers out; neither files nor networks."""
