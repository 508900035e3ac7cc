"""Small ML programs, and how a package and a folder of blocks are run."""

import coremltools as ct
import numpy as np
from coremltools.converters.mil.mil import Function, Program, types

from devsim.core.manifest import Manifest
from devsim.runtime.choose import open_runtime

mb = ct.converters.mil.Builder
TYPES = {"float32": types.fp32, "float16": types.fp16, "int32": types.int32}


def save(path, build, inputs, target=ct.target.iOS17):
    """What ``build`` makes of inputs shaped like these, with no pass that rewrites it."""
    ports = {k: mb.placeholder(v.shape, TYPES[v.dtype.name]) for k, v in inputs.items()}
    program = Program()
    with Function(ports, opset_version=target) as function:
        results = build(**function.inputs)
        function.set_outputs(list(results) if isinstance(results, tuple | list) else [results])
    program.add_function("main", function)
    model = ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        pass_pipeline=ct.PassPipeline.EMPTY,
        skip_model_load=True,
    )
    model.save(str(path))
    return path


def run(package, tensors):
    """The package's outputs."""
    loaded = open_runtime("reference", 1).load(package)
    try:
        return loaded.predict({spec.name: tensors[spec.name] for spec in loaded.inputs})
    finally:
        loaded.unload()


def run_blocks(folder, tensors):
    """Every tensor of a folder's stage after its blocks have run one after another."""
    tensors = dict(tensors)
    for block in stage_of(folder).blocks:
        given = {port.name: tensors[port.tensor] for port in block.inputs}
        for port in block.inputs:
            assert given[port.name].shape == port.shape
            assert given[port.name].dtype == port.dtype
        results = run(folder / block.package, given)
        assert results.keys() == {port.name for port in block.outputs}
        tensors |= {port.tensor: results[port.name] for port in block.outputs}
    return tensors


def stage_of(folder):
    (stage,) = Manifest.read(folder / "manifest.json").stages
    return stage


def packages_of(folder):
    return [folder / block.package for block in stage_of(folder).blocks]


def same_bits(whole, parts):
    """Whether every array of the first is in the second, bit for bit."""
    return all(
        np.array_equal(value.view(np.uint8), parts[name].view(np.uint8))
        for name, value in whole.items()
    )


def stored(package):
    """Every blob that a package's program names."""
    return list(each_stored(package))


def each_stored(package):
    """Likewise one after another, as coremltools' own reader gives them."""
    from coremltools.libmilstoragepython import _BlobStorageReader

    spec = ct.utils.load_spec(str(package))
    function = spec.mlProgram.functions["main"]
    offsets = {}
    for operation in function.block_specializations[function.opset].operations:
        for value in operation.attributes.values():
            if value.WhichOneof("value") == "blobFileValue":
                kind = value.type.tensorType.dataType
                offsets[value.blobFileValue.offset] = kind
    if not offsets:
        return
    path = package / "Data" / "com.apple.CoreML" / "weights" / "weight.bin"
    reader = _BlobStorageReader(str(path))
    read = {10: reader.read_fp16_data, 11: reader.read_float_data, 21: reader.read_int8_data}
    for offset, kind in sorted(offsets.items()):
        yield np.asarray(read[kind](offset)).tobytes()
