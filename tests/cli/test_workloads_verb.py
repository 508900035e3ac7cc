"""``devsim workloads``: what a workload is made of, by hand-counted figures."""

import json


def test_open_sora_is_counted(devsim):
    sizes = ("--resolution", "192x192", "--resolution", "256x256", "--frames", "17")
    result = devsim("workloads", "open-sora-v1.2", *sizes, "--json")
    assert result.returncode == 0, result.stderr
    (workload,) = json.loads(result.stdout)["workloads"]
    stages = {stage["name"]: stage for stage in workload["stages"]}
    assert {name: stage["blocks"] for name, stage in stages.items()} == {
        "t5": 26,
        "stdit": 30,
        "vae_temporal": 9,
        "vae_spatial": 9,
    }
    assert stages["stdit"]["alternatives"] == {"tdtm": 28}

    t5 = stages["t5"]
    block = 4 * 4096 * 64 * 64 + 3 * 4096 * 10240 + 2 * 4096
    positions = 32 * 64
    parameters = 32128 * 4096 + 24 * block + positions + 4096
    assert t5["parameters"] == parameters
    sizes = {"fp32": 4, "fp16": 2, "int8": 1, "int6": 3 / 4, "int4": 1 / 2}
    assert t5["bytes"] == {name: int(parameters * each) for name, each in sizes.items()}
    assert t5["flops"]["192x192"] == t5["flops"]["256x256"], "text does not grow with the video"

    # The linear layers see 9/16 of the tokens, attention in a frame 81/256; captions stay.
    stdit = stages["stdit"]["flops"]
    assert 81 / 256 < stdit["192x192"] / stdit["256x256"] < 1
    spatial = stages["vae_spatial"]["flops"]
    assert 81 / 256 < spatial["192x192"] / spatial["256x256"] <= 9 / 16


def test_the_table_names_stages_and_variants(devsim):
    result = devsim("workloads", "open-sora-v1.2", "--size", "tiny", "--resolution", "144p")
    assert result.returncode == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert lines[0] == ["open-sora-v1.2", "tiny:", "28", "packages"]
    assert [line[0] for line in lines[1:7]] == [
        "stage",
        "t5",
        "stdit",
        "tdtm",
        "vae_temporal",
        "vae_spatial",
    ]
    assert lines[4] == ["tdtm", "2"]
    assert lines[7] == ["TFLOPs", "a", "video", "iterations", "144p"]


def test_wrong_words_are_one_clear_line(devsim):
    for words, problem in (
        (["nope"], "no workload 'nope'; choose one of: open-sora-v1.2"),
        (["open-sora-v1.2", "--resolution", "100p"], "100p"),
        (["open-sora-v1.2", "--size", "huge"], "choose one of: full, small, tiny"),
    ):
        result = devsim("workloads", *words)
        assert (result.returncode, result.stdout) == (2, "")
        (line,) = result.stderr.splitlines()
        assert problem in line
