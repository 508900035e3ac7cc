"""Apple's own operation tests, from the coremltools wheel, run against the reference runtime."""
