"""The charts that the vendor's server made up, whatever it was asked (crust dossier, section 4).

Its web client draws them: its chart pages ask for charts of module 0, which is none.
"""

from __future__ import annotations

from typing import Any, Final

_META: Final = {
    "description": "",
    "module": 62511111111111110,
    "x": 62522222222222220,
    "y": 62533333333333336,
}
_COUNT: Final = 62566666666666664
_NAMED: Final = "Description for the chart"


def _sample(kind: str, data: list[list[Any]], fields: dict[str, Any], **meta: Any) -> dict[str, Any]:
    meta = {**_META, "kind": kind, "name": f"{kind.title()} chart", **meta}
    return {"data": data, "fields": fields, "kind": kind, "meta": dict(sorted(meta.items()))}


SAMPLES: Final = {
    "line": _sample(
        "line",
        [
            ["Close date", "2018-01-01", "2018-01-02", "2018-01-03", "2018-01-04"],
            ["Opportunity value", 30, 200, 100, 400],
        ],
        {
            "Close date": {"kind": "datetime", "max": "31/12/2018", "min": "1/1/2018"},
            "Opportunity value": {"kind": "(Field kind)", "name": "(Field name)"},
        },
        description=_NAMED,
        xmin="1/1/2018",
        xmax="31/12/2018",
    ),
    "pie": _sample("pie", [["Open", 10], ["Won", 5], ["Lost", 2]], {"state": {"kind": "string"}}, count=_COUNT),
    "bar": _sample(
        "bar",
        [["France", 12], ["Slovenia", 10], ["Spain", 3], ["United Kingdom", 5], ["Germany", 20]],
        {"country": {"kind": "string"}},
        groupby=62544444444444450,
        count=_COUNT,
    ),
    "donut": _sample(
        "donut",
        [["Open", 120_000], ["Won", 1_000_000], ["Lost", 30_000]],
        {"type": {"kind": "string"}},
        description=_NAMED,
        sum=62555555555555550,
    ),
}
