"""Numbers in files, each with the range in which arithmetic on it makes sense.

The ranges are far wider than any device or model needs. They exist so that a damaged or hostile
file is refused at its field, and not found out by a computation that never ends.
"""

from typing import Annotated

from pydantic import Field

Nanoseconds = Annotated[int, Field(strict=True, ge=0, le=10**16)]
"""At most 115 days."""
TotalNanoseconds = Annotated[int, Field(strict=True, ge=0, le=10**19)]
"""The sum of many durations."""
ByteCount = Annotated[int, Field(strict=True, ge=0, le=10**15)]
"""At most a petabyte."""
TotalBytes = Annotated[int, Field(strict=True, ge=0, le=10**21)]
"""The sum of many reads."""
PositiveByteCount = Annotated[int, Field(strict=True, gt=0, le=10**15)]
OperationCount = Annotated[int, Field(strict=True, ge=0, le=10**21)]
"""FLOPs of one compute."""
Index = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**15)]
"""Of parameters."""
IterationCount = Annotated[int, Field(strict=True, ge=1, le=10**6)]
LoaderCount = Annotated[int, Field(strict=True, ge=1, le=64)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=10**7)]
"""At most 115 days."""
Rate = Annotated[float, Field(strict=True, gt=0, le=1e18)]
"""Bytes, FLOPs or operations, in all or a second."""
Slowdown = Annotated[float, Field(strict=True, ge=1, le=1e6)]
