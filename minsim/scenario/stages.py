"""The order of a material's stages."""

from __future__ import annotations

from minsim.scenario.format.materials import Material

USUAL_ORDER = ("mine", "process", "fabricate")
"""Stages whose order is known; a stage of another name needs `after:`."""

NO_PREDECESSOR = "none"
"""Value of `after:` for a first stage of another name."""


def predecessors(material: Material) -> dict[str, str | None]:
    """Stage before each stage, None before a first one.

    Stages whose position is unknown (another name, no `after:`, not alone) are left out; the checks report them.
    """
    usual = [name for name in USUAL_ORDER if name in material.stages]
    before: dict[str, str | None] = dict(zip(usual, [None, *usual], strict=False))
    for name, stage in material.stages.items():
        if stage.after is not None:
            before[name] = None if stage.after == NO_PREDECESSOR else stage.after
        elif len(material.stages) == 1:
            before[name] = None
    return before


def chain(material: Material) -> list[str]:
    """Stages of a material in order, first to last, whatever the order of the file.

    Raises
    ------
    ValueError
        If the stages do not form one line; never for a material of a `Scenario`, whose chains are checked.
    """
    following = {before: name for name, before in predecessors(material).items()}
    ordered: list[str] = []
    here: str | None = None
    while here in following and len(ordered) < len(material.stages):
        here = following[here]
        ordered.append(here)
    if sorted(ordered) != sorted(material.stages):
        raise ValueError(f"the stages {', '.join(sorted(material.stages))} do not form one line")
    return ordered
