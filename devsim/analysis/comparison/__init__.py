"""What changed between two profiles, two plans or two traces, and whether it got worse."""
