"""From torch modules to block packages."""
