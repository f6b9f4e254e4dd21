"""``GET /v1/model`` and ``/v1/me``: which model answers, what the server takes, and who asks."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from crackscope.serving.auth import CurrentUser
from crackscope.serving.context import CurrentServer

router = APIRouter(tags=["model"])


class ModelDocument(BaseModel):
    """The loaded model's facts, as in its ``model.json``."""

    name: str
    created: str
    sha256: str
    labels: list[str]
    input_hw: list[int]
    patch_px: int
    backbone: str
    weights: str
    threshold: dict[str, Any]
    calibration: dict[str, Any]
    review: dict[str, Any] | None
    familiarity: dict[str, Any] | None
    limits: dict[str, float]


@router.get("/v1/model")
def model(server: CurrentServer) -> ModelDocument:
    """The model that answers, and the limits of a request."""
    bundle = server.classifier.bundle
    facts = dataclasses.asdict(bundle.config)
    known = {name: value for name, value in facts.items() if name in ModelDocument.model_fields}
    known |= {"sha256": bundle.identity, "input_hw": list(bundle.config.input_hw)}
    return ModelDocument(**known, limits=dataclasses.asdict(server.settings.limits))


class UserDocument(BaseModel):
    """Who asks, and whether by a token: then the name is the token's and can't be typed."""

    name: str
    by_token: bool


@router.get("/v1/me")
def me(server: CurrentServer, who: CurrentUser) -> UserDocument:
    """The name under which reviews of this client are kept."""
    return UserDocument(name=who, by_token=server.settings.needs_token)
