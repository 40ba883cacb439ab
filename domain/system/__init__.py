"""Valhalla about itself: what can be done here, and whether everything is in order."""
