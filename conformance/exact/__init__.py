"""What a program as written gives in exact arithmetic; shares nothing with the runtimes."""
