"""Searches plans and states a lower bound."""
