"""A real cross-validation of small sources: both arms, resumed, and without any real crack."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.errors import DataError, MissingClassError, OutputError, SettingsError
from crackscope.training import fitting
from crackscope.training.crossval import fit
from crackscope.training.crossval.folds import Setting
from crackscope.training.crossval.run import CrossvalPlan, CrossvalResult, crossval
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import small_recipe

RECIPE = small_recipe(head__epochs=20, finetune__epochs=1, augment__distractors=0.0)
ARMS = {
    "baseline": small_recipe(head__epochs=20, finetune__enabled=False),
    "small": RECIPE,
}
PLAN = CrossvalPlan(settings=(Setting.LOSO,), seeds=(0,), n_resamples=20)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sources")
    for seed, name in enumerate(("alpha", "beta", "gamma")):
        write_patches(folder / name, 30, seed=seed)
    return [folder / name for name in ("alpha", "beta", "gamma")]


@pytest.fixture(scope="module")
def found(sources: list[Path], tmp_path_factory: pytest.TempPathFactory) -> CrossvalResult:
    output = tmp_path_factory.mktemp("crossval") / "out"
    return crossval(sources[:2], ARMS, PLAN, output, test_only=sources[2:])


def _predictions(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_both_arms_are_tested_on_every_source(found: CrossvalResult) -> None:
    rows = _predictions(found.folder)
    assert len(rows) == 2 * 3 * 60
    for arm in ARMS:
        tested = [(row["source"], row["path"]) for row in rows if row["arm"] == arm]
        assert len(set(tested)) == 180
    assert all(
        (row["label"] == "Positive") == (float(row["score"]) >= float(row["threshold"])) for row in rows
    )
    document = json.loads((found.folder / "crossval.json").read_text(encoding="utf-8"))
    assert len(document["results"]) == 3 * 3
    assert (found.folder / "crossval.md").read_text(encoding="utf-8").startswith("| setting |")


@pytest.mark.slow
def test_finished_folds_are_not_done_again(
    found: CrossvalResult, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[str] = []
    real = fit.FoldFitter.fit

    def counted(self: fit.FoldFitter, fold: object, work: Path) -> object:
        fitted.append(fold.name)  # type: ignore[attr-defined]
        return real(self, fold, work)  # type: ignore[arg-type]

    monkeypatch.setattr(fit.FoldFitter, "fit", counted)
    before = _predictions(found.folder)
    # What a killed run leaves: a table without its facts.
    next((found.folder / "folds").glob("baseline_loso_beta*.json")).unlink()
    again = crossval(sources[:2], ARMS, PLAN, found.folder, test_only=sources[2:])
    assert fitted == ["loso beta, seed 0"]
    assert _predictions(again.folder) == before
    assert not list((found.folder / "folds").glob("*/"))


@pytest.mark.slow
def test_no_real_crack_is_ever_trained_on(
    sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, set[str]]] = []
    real = fitting.fit_head

    def watched(train: object, *others: object, **options: object) -> object:
        seen.append((int(train.labels.sum()), set(train.sources)))  # type: ignore[attr-defined]
        return real(train, *others, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(fitting, "fit_head", watched)
    plan = CrossvalPlan(settings=(Setting.LOSO,), seeds=(0,), n_resamples=20, real_cracks=False)
    result = crossval(sources[:2], {"baseline": ARMS["baseline"]}, plan, tmp_path / "out")
    # As many painted cracks as Negative photos on each training side of 24.
    assert [count for count, _ in seen] == [24, 24]
    painted = list((tmp_path / "out" / "painted").glob("*.png"))
    assert len(painted) == 60
    assert result.results[0].photos == 60
    assert result.results[0].positive == 30


def test_bad_plans_are_refused_before_any_work(sources: list[Path], tmp_path: Path) -> None:
    arms = {"baseline": ARMS["baseline"]}
    output = tmp_path / "out"
    with pytest.raises(DataError, match="found one: alpha"):
        crossval(sources[:1], arms, PLAN, output)
    with pytest.raises(DataError, match="several folders are called alpha"):
        crossval([sources[0], sources[0]], arms, PLAN, output)
    with pytest.raises(SettingsError, match="2 folds or more"):
        crossval(sources[:2], arms, CrossvalPlan(folds=1), output)
    with pytest.raises(OutputError, match="lies in the data folder"):
        crossval(sources[:2], arms, PLAN, sources[0] / "out")
    write_patches(tmp_path / "one class", 6)
    for path in (tmp_path / "one class" / "Positive").iterdir():
        path.unlink()
    with pytest.raises(MissingClassError, match=r"below .* there are"):
        crossval([sources[0], tmp_path / "one class"], arms, PLAN, output)
    assert not (output / "folds").exists()


def test_the_command_names_what_is_wrong_with_its_options(sources: list[Path]) -> None:
    for options, message in (
        (["--arms", "baseline,best"], "no arm 'best'"),
        (["--seeds", "one"], "--seeds one"),
        (["--seeds=-1"], "from 0 up"),
    ):
        result = CliRunner().invoke(app, ["crossval", str(sources[0]), *options])
        assert isinstance(result.exception, SettingsError)
        assert message in str(result.exception)


@pytest.mark.slow
@pytest.mark.parametrize(("take", "stage"), [("if better", "head"), ("always", "finetune")])
def test_stage_2_is_taken_where_training_would_take_it(
    sources: list[Path], tmp_path: Path, take: str, stage: str
) -> None:
    idle = small_recipe(
        head__epochs=200, finetune__epochs=1, finetune__learning_rate=1e-9, finetune__head_learning_rate=1e-9,
        finetune__ema=0, finetune__take=take, augment__distractors=0.0,
    )  # fmt: skip
    result = crossval(sources[:1], {"idle": idle}, PLAN, tmp_path / "out", test_only=sources[1:2])
    (facts,) = (result.folder / "folds").glob("*.json")
    assert json.loads(facts.read_text(encoding="utf-8"))["stage"] == stage
