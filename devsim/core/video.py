"""Sizes of a video as people name them: resolution, aspect ratio and length, and its latent.

Source: Open-Sora 1.2 (hpcaitech/Open-Sora, branch opensora/v1.2): its table of sizes, its frames
a length, and the compression of its autoencoder.
"""

import re
from typing import NamedTuple

from devsim.core.errors import BadInputError

PIXELS_PER_LATENT = 8
MICRO_FRAMES = 17  # frames that the temporal autoencoder takes at a time,
MICRO_LATENTS = 5  # and the latent frames that it makes of them: ceil(17 / 4)
_FRAMES_PER_LATENT = 4

# Height:width, from the flattest to the tallest.
_RATIOS = "3:8 9:21 12:25 1:2 9:17 27:50 9:16 5:8 2:3 3:4 1:1 4:3 3:2 16:9 17:9 2:1 50:27"
ASPECT_RATIOS = tuple(_RATIOS.split())

# Height x width at each aspect ratio, as the model was trained on them.
_SIZES = {
    "144p": "117x312 125x291 133x277 135x270 139x262 141x260 144x256 151x241 156x234 166x221 "
    "192x192 221x165 235x156 256x144 263x139 271x135 277x132",
    "240p": "196x522 210x490 222x462 226x452 232x438 236x436 240x426 252x404 262x393 276x368 "
    "320x320 370x278 392x262 426x240 440x232 452x226 462x222",
    "360p": "294x784 314x732 332x692 340x680 350x662 352x652 360x640 380x608 392x588 416x554 "
    "480x480 554x416 588x392 640x360 660x350 678x340 692x332",
    "480p": "392x1046 420x980 444x925 452x904 466x880 470x870 480x854 506x810 522x784 554x738 "
    "640x640 740x555 784x522 854x480 880x466 906x454 924x444",
    "720p": "588x1568 628x1466 666x1388 678x1356 698x1318 706x1306 720x1280 758x1212 784x1176 "
    "832x1110 960x960 1108x832 1176x784 1280x720 1320x698 1358x680 1386x666",
}
RESOLUTIONS = tuple(_SIZES)
_FRAMES = {"2s": 51, "4s": 102, "8s": 204, "16s": 408, "32s": 816}
_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


class Latent(NamedTuple):
    """The size of a latent video: frames, rows and columns."""

    frames: int
    height: int
    width: int

    @property
    def rows(self) -> int:
        """Rows of 2x2 patches; an odd height is padded."""
        return -(-self.height // 2)

    @property
    def columns(self) -> int:
        """Columns of 2x2 patches; an odd width is padded."""
        return -(-self.width // 2)

    @property
    def tokens(self) -> int:
        """Tokens of all frames."""
        return self.frames * self.rows * self.columns


class Video(NamedTuple):
    """The size of a video: frames, and the height and width of each in pixels."""

    frames: int
    height: int
    width: int

    @property
    def latent(self) -> Latent:
        """The latent of Open-Sora 1.2: 17 frames become 5, and 8x8 pixels one, rounded down."""
        whole, rest = divmod(self.frames, MICRO_FRAMES)
        frames = MICRO_LATENTS * whole + -(-rest // _FRAMES_PER_LATENT)
        return Latent(frames, self.height // PIXELS_PER_LATENT, self.width // PIXELS_PER_LATENT)

    @property
    def label(self) -> str:
        """Such as ``256x256, 68 frames, latent 20x32x32``."""
        latent = "x".join(map(str, self.latent))
        return f"{self.height}x{self.width}, {self.frames} frames, latent {latent}"


def video_of_latent(latent: Latent) -> Video:
    """The largest video of a latent that its height and width divide into evenly."""
    whole, rest = divmod(latent.frames, MICRO_LATENTS)
    return Video(
        MICRO_FRAMES * whole + _FRAMES_PER_LATENT * rest,
        PIXELS_PER_LATENT * latent.height,
        PIXELS_PER_LATENT * latent.width,
    )


def parse_video(
    resolution: str = "256x256", aspect_ratio: str | None = None, frames: str = "68"
) -> Video:
    """Read a size as Open-Sora names it.

    Args:
        resolution: ``144p`` to ``720p``, or height by width in pixels such as ``192x192``.
        aspect_ratio: height:width, for a named resolution; ``9:16`` when None.
        frames: a length such as ``4s``, or a number of frames.

    Raises:
        BadInputError: one of them is unknown, or the latent would be empty.
    """
    height, width = _pixels(resolution, aspect_ratio)
    return Video(_frames(frames), height, width)


def _pixels(resolution: str, aspect_ratio: str | None) -> tuple[int, int]:
    size = _SIZE.fullmatch(resolution)
    if size is not None:
        if aspect_ratio is not None:
            raise BadInputError(
                f"resolution {resolution} has its aspect ratio already",
                f"leave --aspect-ratio out, or name one of: {', '.join(RESOLUTIONS)}",
            )
        height, width = int(size[1]), int(size[2])
        if min(height, width) < PIXELS_PER_LATENT:
            raise BadInputError(
                f"resolution {resolution} is smaller than one latent pixel",
                f"give at least {PIXELS_PER_LATENT}x{PIXELS_PER_LATENT}",
            )
        return height, width
    if resolution not in _SIZES:
        raise BadInputError(
            f"no resolution '{resolution}'",
            f"give height by width such as 256x256, or one of: {', '.join(RESOLUTIONS)}",
        )
    ratio = aspect_ratio or "9:16"
    if ratio not in ASPECT_RATIOS:
        raise BadInputError(
            f"no aspect ratio '{ratio}'", f"choose one of: {', '.join(ASPECT_RATIOS)}"
        )
    pair = _SIZES[resolution].split()[ASPECT_RATIOS.index(ratio)]
    height, width = map(int, pair.split("x"))
    return height, width


def _frames(text: str) -> int:
    if text in _FRAMES:
        return _FRAMES[text]
    if re.fullmatch(r"[1-9]\d{0,5}", text) is None:
        raise BadInputError(
            f"'{text}' is no length of a video",
            f"give a number of frames such as 68, or one of: {', '.join(_FRAMES)}",
        )
    return int(text)
