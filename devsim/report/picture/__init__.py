"""Pictures: drawn once on a canvas, written as SVG, HTML or PNG by the file's extension."""
