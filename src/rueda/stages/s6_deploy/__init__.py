"""Stage 6, deploy: a release and its scorecard become the decision about what should be live."""

from rueda.stages.s6_deploy.stage import DEPLOY, Deploy

__all__ = ["DEPLOY", "Deploy"]
