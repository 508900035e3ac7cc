"""ML programs as files: cut into blocks and joined to chunks, without torch or coremltools' MIL."""
