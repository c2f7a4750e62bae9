"""Pictures: Vega-Lite specs from artifacts, for report, page and notebook alike."""
