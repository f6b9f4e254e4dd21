"""What a cut fitted to a site's own photos, without labels, is worth: `--site` beside the model's threshold.

From every site (see `site_scores`) photos are drawn, 20, 100 or 500 of them, 0, 5 or 50 % of them cracked; where a site
has fewer of a kind, with replacement. The cut that they give is judged on all photos of the site. Prints the change in
balanced accuracy: mean over the draws / their 5th percentile, and how often the cut moved. Beside it stands what a cut
from the healthy mode alone would do, and what one cut for all, chosen on the other sites, is worth on each.

    crackscope data split ../shared/data/metu --output metu.csv
    crackscope data split ../shared/data/sdnet2018 --output sdnet2018.csv
    crackscope data tiles ../shared/data/uav75/images ../shared/data/uav75/labels uav75-tiles
    python -m studies.site_cut --data ../shared/data --manifest metu:metu.csv --manifest sdnet2018:sdnet2018.csv --tiles uav75-tiles
"""  # noqa: E501

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import CrackClassifier
from crackscope.inference.site_cut import fit_site_cut
from studies.site_scores import ScoredSite, score_site, sites

F64 = NDArray[np.float64]
#: From the scores of a site and the model's threshold to the threshold that decides.
Rule = Callable[[F64, float], float]

CELLS = tuple(product((20, 100, 500), (0.0, 0.05, 0.5)))
#: Of `from_healthy_mode`: the cut in standard deviations above the mode, and how far it may move in log odds.
DEVIATIONS, BAND = 3.0, 2.0
PROMISED = 0.05


def main() -> None:
    options = _options()
    classifier = CrackClassifier.load(options.model)
    manifests = {name: Path(file) for name, _, file in (one.partition(":") for one in options.manifest)}
    scored = {
        name: _cached(options.cache, name, partial(score_site, classifier, photos))
        for name, photos in sites(options.data, manifests, options.tiles, options.crops).items()
    }
    # Balanced accuracy needs both kinds.
    scored = {name: site for name, site in scored.items() if 0 < site.cracked.sum() < len(site.cracked)}
    threshold = classifier.threshold
    rules: dict[str, Rule] = {"--site": between_the_modes, "from the healthy mode alone": from_healthy_mode}
    for name, rule in rules.items():
        print(f"\n{name}\n\n{table_of_rule(scored, rule, threshold, options.draws)}")
    print(f"\none cut for all, chosen on other sites\n\n{table_of_refit(scored, threshold)}")


def between_the_modes(scores: F64, threshold: float) -> float:
    return fit_site_cut(scores, threshold).threshold


def from_healthy_mode(scores: F64, threshold: float) -> float:
    """An empirical null (Efron 2004): median and left half of what lies below the threshold."""
    odds = log_odds(scores[scores < threshold])
    if len(odds) < 15:
        return threshold
    mode = float(np.median(odds))
    deviation = (mode - float(np.quantile(odds, 0.1))) / 1.2816
    middle = float(log_odds(np.array(threshold)))
    shift = np.clip(mode + DEVIATIONS * deviation - middle, -BAND, BAND) * len(odds) / (len(odds) + 50)
    return float(1 / (1 + np.exp(-middle - shift)))


def table_of_rule(scored: dict[str, ScoredSite], rule: Rule, threshold: float, draws: int) -> str:
    head = ["site", "balanced accuracy", *(f"{n}, {share:.0%}" for n, share in CELLS)]
    rows = [
        [name, f"{balanced_accuracy(site, threshold):.3f}"]
        + [_cell(site, rule, threshold, n, share, draws) for n, share in CELLS]
        for name, site in scored.items()
    ]
    return _markdown(head, rows)


def table_of_refit(scored: dict[str, ScoredSite], threshold: float) -> str:
    """One cut for all, chosen on the other sites, which count alike, and judged on the one left out."""
    head = ["left out", "best cut of the others", "balanced accuracy", "at the model's"]
    head += [f"cut for {PROMISED:.0%} false alarms of the others", "false alarms", "recall", "at the model's"]
    cuts, rows = np.unique(np.concatenate([site.scores for site in scored.values()])), []
    for name, site in scored.items():
        others = [other for left, other in scored.items() if left != name]
        best = float(cuts[np.argmax(np.mean([_accuracies(other, cuts) for other in others], axis=0))])
        alarms = np.mean([_shares_from(other.scores[~other.cracked], cuts) for other in others], axis=0)
        promise = float(cuts[np.argmax(alarms <= PROMISED)])
        rows.append(
            [
                name,
                f"{best:.3f}",
                *(f"{balanced_accuracy(site, cut):.3f}" for cut in (best, threshold)),
                f"{promise:.3f}",
                *_errors(site, promise),
                ", ".join(_errors(site, threshold)),
            ]
        )
    return _markdown(head, rows)


def _accuracies(site: ScoredSite, cuts: F64) -> F64:
    """Balanced accuracy at each of some ascending cuts."""
    recall, alarms = (_shares_from(site.scores[kind], cuts) for kind in (site.cracked, ~site.cracked))
    return (recall + 1 - alarms) / 2


def _shares_from(scores: F64, cuts: F64) -> F64:
    """The share of scores at or above each cut."""
    return np.asarray(1 - np.searchsorted(np.sort(scores), cuts) / len(scores))


def balanced_accuracy(site: ScoredSite, threshold: float) -> float:
    positive = site.scores >= threshold
    return float((positive[site.cracked].mean() + (~positive[~site.cracked]).mean()) / 2)


def log_odds(scores: F64) -> F64:
    kept = np.clip(scores, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)))


def draw(site: ScoredSite, n: int, share: float, rng: np.random.Generator) -> F64:
    """Scores of ``n`` photos, each cracked with the probability ``share``."""
    count = int(rng.binomial(n, share))
    kinds = ((site.scores[site.cracked], count), (site.scores[~site.cracked], n - count))
    return np.concatenate([rng.choice(known, many, replace=many > len(known)) for known, many in kinds])


def _cell(site: ScoredSite, rule: Rule, threshold: float, n: int, share: float, draws: int) -> str:
    before = balanced_accuracy(site, threshold)
    cuts = [
        rule(draw(site, n, share, np.random.default_rng([number, n, round(100 * share)])), threshold)
        for number in range(draws)
    ]
    changes = [balanced_accuracy(site, cut) - before for cut in cuts]
    moved = np.mean([cut != threshold for cut in cuts])
    if not moved:
        return "stays"
    return f"{np.mean(changes):+.3f} / {np.quantile(changes, 0.05):+.3f} ({moved:.0%})"


def _errors(site: ScoredSite, cut: float) -> list[str]:
    positive = site.scores >= cut
    return [f"{positive[~site.cracked].mean():.1%}", f"{positive[site.cracked].mean():.1%}"]


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def _cached(folder: Path | None, name: str, score: Callable[[], ScoredSite]) -> ScoredSite:
    file = None if folder is None else folder / f"{name}.npz"
    if file is not None and file.is_file():
        known = np.load(file)
        return ScoredSite(scores=known["scores"], cracked=known["cracked"], groups=known["groups"])
    found = score()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, scores=found.scores, cracked=found.cracked, groups=found.groups)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--manifest", action="append", default=[], metavar="SOURCE:FILE")
    parser.add_argument("--tiles", type=Path, help="of UAV75, by `crackscope data tiles`")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--crops", type=int, default=200, help="of each class, of photos with masks")
    parser.add_argument("--draws", type=int, default=40, help="of each site, number and share")
    parser.add_argument("--cache", type=Path, help="folder for the scores of one model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
