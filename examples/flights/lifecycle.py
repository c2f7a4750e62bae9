"""Will this flight out of New York arrive more than 15 minutes late?"""

from sklearn.ensemble import HistGradientBoostingClassifier

import rueda as rd

lifecycle = rd.Lifecycle(
    name="flight-delay",
    extract=rd.Extract(
        sql="flights.sql",
        label="late",
        time="scheduled",
        key="flight_id",
        schema="schema.yaml",
        split=rd.ByTime(holdout=0.2),
    ),
    prepare=rd.Prepare(
        rd.Dates("scheduled", parts=("weekday",)),
        rd.OneHot("carrier", "origin", "engine"),
        rd.Ordinal("dest"),
    ),
    train=rd.Train(
        HistGradientBoostingClassifier(max_iter=60),
        search={
            "learning_rate": rd.Float(0.05, 0.3, log=True),
            "max_leaf_nodes": rd.Int(7, 31),
        },
        trials=3,
        metric="roc_auc",
    ),
    evaluate=rd.Evaluate(
        metrics=["roc_auc", "log_loss", "brier"],
        slices=["carrier", "origin"],
        gates=[
            rd.AtLeast("roc_auc", 0.6),
            rd.NotWorseThan("champion", "roc_auc", margin=0.005),
        ],
    ),
    deploy=rd.Deploy(canary=[10, 50, 100]),
    monitor=rd.Monitor(quality="roc_auc", retrain=rd.OnAlarm()),
)
