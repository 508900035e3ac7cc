import logging

logging.getLogger("coremltools").setLevel(logging.ERROR)
