"""Fits a device's parameters to what was observed of it, and says what the data leave open."""
