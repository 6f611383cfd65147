"""The protocol of ``reproduce_fer2013.py``: its steps, what runs them, what is kept of them, the page."""
