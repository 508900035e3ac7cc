"""A profile at another size of the video: by hand, and against torch's own counts."""

import pytest

from devsim.core.errors import BadInputError
from devsim.core.profile import (
    BlockProfile,
    Bytes,
    Contention,
    Fitted,
    Profile,
    Samples,
    Source,
    StageProfile,
    Variant,
    Work,
)
from devsim.core.scaling import profile_at, with_work_of
from devsim.core.shipped import profile_path
from devsim.core.video import Latent, parse_video

WORK = (
    Work(kind="linear", amount=800, frames=1, area=1),
    Work(kind="linear", amount=100),
    Work(kind="attention", amount=60, frames=1, area=2),
    Work(kind="attention", amount=40, frames=2, area=1),
    Work(kind="traffic", amount=500, frames=1, area=1),
)


def made(work=WORK, fitted=(), dispatch=0, frames_per_iteration=0.0, iterations=3) -> Profile:
    def size(count):
        return Bytes(bytes=count, source="made")

    def took(*ns):
        return Samples(ns=ns, warmup=1, source="made")

    variant = Variant(
        package="p.mlpackage",
        digest="",
        weight_bytes=size(1000),
        resident_bytes=size(1000),
        transient_bytes=size(7),
        activation_bytes=size(60),
        bytes_moved=size(1200),
        flops=1000,
        work=work,
        cold_load=took(9),
        cached_load=took(5),
        unload=took(1),
        compute=took(1010, 2010),
    )
    return Profile(
        schema_version=1,
        workload="made",
        device="paper",
        size="tiny",
        shape="latent 4x8x8",
        environment={},
        sources={"made": Source(provenance="measured", text="made up for a test")},
        baseline_bytes=size(1),
        load_fixed=took(0),
        dispatch=took(dispatch),
        contention=Contention(load_slowdown=1, compute_slowdown=1, source="made"),
        fitted=fitted,
        stages=(
            StageProfile(
                name="stage",
                iterations=iterations,
                frames_per_iteration=frames_per_iteration,
                boundary_bytes=size(30),
                blocks=(BlockProfile(name="b", variants={"fp32": variant}),),
            ),
        ),
    )


def only(profile: Profile) -> Variant:
    return profile.stages[0].blocks[0].variants["fp32"]


def test_every_part_grows_by_its_own_powers():
    # frames x2, area x4: 800 * 8 + 100 + 60 * 2 * 16 + 40 * 4 * 4 = 6400 + 100 + 1920 + 640
    scaled = only(profile_at(made(), Latent(8, 16, 16)))
    assert [work.amount for work in scaled.work] == [6400, 100, 1920, 640, 4000]
    assert scaled.flops == 9060
    # without known speeds every FLOP takes as long, and traffic nothing: 9.06 times 1010, 2010
    assert scaled.compute.ns == (round(1010 * 9.06), round(2010 * 9.06))
    assert scaled.activation_bytes.bytes == 480
    assert scaled.bytes_moved.bytes == 1000 + 200 * 8
    for kept in ("weight_bytes", "resident_bytes", "transient_bytes", "cold_load", "cached_load"):
        assert getattr(scaled, kept) == getattr(only(made()), kept)


def test_a_dispatch_does_not_grow():
    scaled = only(profile_at(made(dispatch=10), Latent(8, 16, 16)))
    assert scaled.compute.ns == (10 + 9060, 10 + 2000 * 9060 // 1000)


def test_known_speeds_weigh_the_kinds_of_work():
    def speed(name, value):
        return Fitted(name=name, value=value, low=value, high=value, source="made")

    speeds = (speed("compute_linear_per_s", 100.0), speed("compute_attention_per_s", 10.0))
    # before: 900 / 100 + 100 / 10 = 19; after: 6500 / 100 + 2560 / 10 = 321
    scaled = only(profile_at(made(fitted=speeds), Latent(8, 16, 16)))
    assert scaled.compute.ns[0] == round(1010 * 321 / 19)


def test_changed_figures_are_modelled_and_the_shape_is_named():
    scaled = profile_at(made(), parse_video("128x128", frames="28"))
    assert scaled.shape == "128x128, 28 frames, latent 8x16x16"
    for figure in (only(scaled).compute, only(scaled).activation_bytes, only(scaled).bytes_moved):
        assert scaled.sources[figure.source].provenance == "modelled"
    Profile.model_validate(scaled.model_dump())


@pytest.mark.parametrize(("frames", "iterations"), [(4, 3), (8, 6), (5, 4), (1, 1)])
def test_a_decoder_runs_once_for_its_share_of_frames(frames, iterations):
    # 3 iterations for 4 latent frames, rounded up: 5 frames need 3.75
    scaled = profile_at(made(frames_per_iteration=4 / 3), Latent(frames, 8, 8))
    assert scaled.stages[0].iterations == iterations


def test_there_and_back_is_where_it_was():
    profile = made()
    back = profile_at(profile_at(profile, Latent(8, 16, 16)), Latent(4, 8, 8))
    assert only(back).compute.ns == only(profile).compute.ns
    assert only(back).flops == 1000


def test_work_that_nobody_counted_is_refused():
    with pytest.raises(BadInputError, match="nobody counted the work of stage b fp32"):
        profile_at(made(work=()), Latent(8, 16, 16))


def test_a_profile_of_an_unknown_latent_is_refused():
    with pytest.raises(BadInputError, match="does not say which latent"):
        profile_at(made().model_copy(update={"shape": "none"}), Latent(8, 16, 16))


def test_work_is_taken_over_at_the_profiles_own_latent():
    counted = profile_at(made(), Latent(8, 16, 16))
    filled = with_work_of(made(work=()), counted)
    assert only(filled).work == WORK


def test_work_of_other_weights_is_not_taken_over():
    other = made()
    block = other.stages[0].blocks[0]
    heavier = only(other).model_copy(update={"weight_bytes": Bytes(bytes=2000, source="made")})
    changed = block.model_copy(update={"variants": {"fp32": heavier}})
    stage = other.stages[0].model_copy(update={"blocks": (changed,)})
    filled = with_work_of(made(work=()), other.model_copy(update={"stages": (stage,)}))
    assert only(filled).work == ()


# FLOPs of one iteration, as torch's counter has them of the models in devsim/workloads (T5's and
# the spatial decoder's by transformers and diffusers): devsim workloads open-sora-v1.2 counts anew.
COUNTED = {
    "256x256": {
        "t5": 2_813_696_409_600,
        "stdit": 22_652_574_400_512,
        "vae_temporal": 2_451_277_250_560,
        "vae_spatial": 2_488_749_129_728,
    },
    "192x192": {
        "t5": 2_813_696_409_600,
        "stdit": 12_740_063_035_392,
        "vae_temporal": 1_378_843_453_440,
        "vae_spatial": 1_397_807_456_256,
    },
}


@pytest.mark.parametrize("resolution", COUNTED)
def test_shipped_work_is_what_torch_counts(resolution):
    shipped = Profile.read(profile_path("open-sora-v1.2", "iphone15pro"))
    scaled = profile_at(shipped, parse_video(resolution, frames="68"))
    flops = {
        stage.name: sum(next(iter(block.variants.values())).flops for block in stage.blocks)
        for stage in scaled.stages
    }
    assert flops == COUNTED[resolution]


def test_shipped_work_is_what_torch_counts_of_the_denoiser_now():
    table = pytest.importorskip("devsim.workloads.table")
    pipeline = pytest.importorskip("devsim.workloads.pipeline")
    video = parse_video("192x192", frames="68")
    shipped = profile_at(Profile.read(profile_path("open-sora-v1.2", "iphone15pro")), video)
    blocks = {block.name: block.variants for block in shipped.stages[1].blocks}
    options = pipeline.Options(video=video, depth=1, stages=("stdit",))
    row = table.describe("open-sora-v1.2", options).stages[0]
    for variant, counted in {"fp32": row.blocks, **row.alternatives}.items():
        for block in counted:
            assert blocks[block.name][variant].flops == block.flops.total
