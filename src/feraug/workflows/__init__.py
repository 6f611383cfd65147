"""Workflows: one a command.  They join the rooms and return result objects; they never print."""
