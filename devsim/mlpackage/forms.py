"""The forms that Core ML models come in: which ones are read, and what to do about the others."""

from pathlib import Path
from typing import Any

from devsim.core.errors import BadFileError

Message = Any
"""A protobuf message (coremltools' ``proto/Model.proto``)."""

_PROGRAM = "mlProgram"
_COMPILED = ("coremldata.bin", "model.mil")


def check_folder(root: Path) -> None:
    """Check that a path is of a package.

    Raises:
        BadFileError: it is of nothing, of a file, or of a compiled model.
    """
    if root.is_dir():
        compiled = any((root / name).exists() for name in _COMPILED)
        if compiled and not (root / "Manifest.json").exists():
            raise BadFileError(
                root,
                "is a compiled model, which only Core ML reads",
                "give the .mlpackage that it was compiled from",
            )
        return
    if not root.exists():
        raise BadFileError(root, "no such package", "give the path of an .mlpackage folder")
    if root.suffix == ".mlmodel":
        raise BadFileError(
            root,
            "is a model of one file, which cannot hold an ML program with weights",
            "convert the model with convert_to='mlprogram' and save it as an .mlpackage",
        )
    raise BadFileError(
        root, "is a file, not a package folder", "give the path of an .mlpackage folder"
    )


def check_readable(root: Path, model: Message) -> None:
    """Check that a model is an ML program or a pipeline.

    Raises:
        BadFileError: it is another kind of model.
    """
    kind = model.WhichOneof("Type")
    if kind != _PROGRAM and not is_pipeline(model):
        raise BadFileError(
            root,
            f"is a {kind or 'model of no type'}, not an ML program",
            "convert the model with convert_to='mlprogram'",
        )


def check_program(root: Path, model: Message) -> None:
    """Check that a model is an ML program and nothing else.

    Raises:
        BadFileError: it is a pipeline or another kind of model.
    """
    check_readable(root, model)
    if is_pipeline(model):
        raise BadFileError(
            root,
            f"is a pipeline of {len(members(model))} models",
            "take it apart with devsim split",
        )


def is_pipeline(model: Message) -> bool:
    """Whether a model is several, one after another."""
    return _pipeline(model) is not None


def members(model: Message) -> tuple[Message, ...]:
    """The models of a pipeline, in order; of any other model itself."""
    pipeline = _pipeline(model)
    return (model,) if pipeline is None else tuple(pipeline.models)


def _pipeline(model: Message) -> Message | None:
    kind = model.WhichOneof("Type")
    if kind == "pipeline":
        return model.pipeline
    if kind in ("pipelineClassifier", "pipelineRegressor"):
        return getattr(model, kind).pipeline
    return None
