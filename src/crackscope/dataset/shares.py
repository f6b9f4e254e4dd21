"""How much of the data each part gets."""

from __future__ import annotations

from dataclasses import dataclass

from crackscope.dataset.records import Part
from crackscope.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of the photos; they add up to 1. Half of ``validation`` becomes the calibration part."""

    train: float = 0.70
    validation: float = 0.15
    test: float = 0.15

    def __post_init__(self) -> None:
        values = (self.train, self.validation, self.test)
        if not (self.train > 0 and min(values) >= 0 and abs(sum(values) - 1) <= 1e-6):  # also for NaN
            raise DataError(
                f"shares {self} are not a split; expected train/validation/test that add up to 100, "
                f"such as 70/15/15"
            )

    @classmethod
    def parse(cls, text: str) -> Shares:
        """Read ``70/15/15``: per cent of train, validation and test."""
        try:
            train, validation, test = (float(value) / 100 for value in text.split("/"))
        except ValueError as error:
            raise DataError(
                f"cannot read the shares {text!r}; expected three numbers, such as 70/15/15"
            ) from error
        return cls(train=train, validation=validation, test=test)

    def __str__(self) -> str:
        return "/".join(f"{100 * value:g}" for value in (self.train, self.validation, self.test))

    def by_part(self) -> dict[Part, float]:
        """The share of every part that has one."""
        shares = {
            Part.TRAIN: self.train,
            Part.VALIDATION: self.validation / 2,
            Part.CALIBRATION: self.validation / 2,
            Part.TEST: self.test,
        }
        return {part: share for part, share in shares.items() if share > 0}
