"""The control server: the rollout controller, and what watches over live deployments."""
