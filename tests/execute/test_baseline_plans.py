from devsim.execute.baselines import baseline_plan
from devsim.planner.planner import plan


def test_named_policies_have_all_of_the_budget_of_a_plan_that_holds_less(profile, models):
    most = 2 * profile.baseline_bytes.bytes + 10**9
    made = plan(profile, most)
    less = made.model_copy(
        update={"budget_bytes": made.prediction.peak_bytes, "offered_bytes": most}
    )
    app = baseline_plan(less, "on-device-sora", models)
    assert (app.policy, app.budget_bytes, app.offered_bytes) == ("on-device-sora", most, None)
    assert [chunk.blocks for chunk in app.pipeline.stages[0].chunks] == [
        (block.name,) for block in models.manifest.stages[0].blocks
    ]
