"""Core ML packages as they lie on disk; everything in them is read as if an enemy wrote it."""
