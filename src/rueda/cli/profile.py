"""`rueda profile`: what a file holds, column by column, and what is wrong with it."""

from __future__ import annotations

import argparse
from pathlib import Path

from rueda.artifacts.findings import Finding, find
from rueda.cli.profiled import print_profile
from rueda.cli.terminal import err, out, print_json
from rueda.wheel.survey import Survey, survey_files


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FILE", help="a file, a glob or a folder")
    parser.add_argument("--label", metavar="COLUMN", help="look for what gives this column away")
    parser.add_argument("--html", type=Path, metavar="PAGE", help="write one HTML page, too")


def run(arguments: argparse.Namespace) -> int:
    survey = survey_files(arguments.path, Path.cwd(), label=arguments.label)
    findings = find(survey)
    if arguments.json:
        print_json(
            {
                "rows": survey.rows,
                "broken": survey.broken,
                "columns": dict(survey.columns),
                "findings": [finding.to_json() for finding in findings],
            }
        )
    else:
        print_profile(out(), Path(arguments.path).name, survey, findings)
    if arguments.html is not None:
        _write_html(arguments.html, Path(arguments.path).name, survey, findings)
        err().print(f"wrote {arguments.html}", soft_wrap=True, markup=False)
    return 0


def _write_html(path: Path, name: str, survey: Survey, findings: list[Finding]) -> None:
    from rueda.pictures.examined import write_profile_page

    profile = {"rows": survey.rows, "broken": survey.broken, "columns": survey.columns}
    write_profile_page(path, name, profile, [finding.to_json() for finding in findings])
