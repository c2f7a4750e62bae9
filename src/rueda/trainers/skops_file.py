"""Skops files: fitted estimators as bytes that hold no code; the same bytes for the same model.

Skops takes 0.3 s to import, and a turn that reuses every stage has nothing to do with it.
"""

from __future__ import annotations

import io
import json
import zipfile
from itertools import count
from typing import Any

from rueda.kernel.errors import Corrupt, UserCodeError

TRUSTED = frozenset(
    {
        "functools.partial",
        "numpy.dtype",
        "numpy.mean",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogLink",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.AbsoluteError",
        "sklearn._loss.loss.ExponentialLoss",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfGammaLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.HalfPoissonLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn._loss.loss.HalfTweedieLoss",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn._loss.loss.HuberLoss",
        "sklearn._loss.loss.PinballLoss",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.cluster._bisect_k_means._BisectingTree",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.feature_selection._mutual_info.mutual_info_classif",
        "sklearn.feature_selection._mutual_info.mutual_info_regression",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.DotProduct",
        "sklearn.gaussian_process.kernels.ExpSineSquared",
        "sklearn.gaussian_process.kernels.Exponentiation",
        "sklearn.gaussian_process.kernels.Matern",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.gaussian_process.kernels.RationalQuadratic",
        "sklearn.gaussian_process.kernels.Sum",
        "sklearn.gaussian_process.kernels.WhiteKernel",
        "sklearn.metrics._classification.balanced_accuracy_score",
        "sklearn.metrics._dist_metrics.ChebyshevDistance64",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.metrics._scorer._CurveScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.multiclass._ConstantPredictor",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
        "sklearn.utils._metadata_requests.MetadataRequest",
        "sklearn.utils._metadata_requests.MethodMetadataRequest",
        "sklearn.utils.validation.check_array",
    }
)
"""What a model may hold beyond what skops trusts by itself (scikit-learn's public estimators, numpy
arrays, plain values). Classes and functions of scikit-learn, numpy and scipy alone, by full name: a
prefix would let `numpy.load` and its like through. What a `functools.partial` calls must stand here
itself.
"""


def dump_estimator(estimator: object) -> bytes:
    """``estimator`` as the bytes of a skops file.

    Raises
    ------
    UserCodeError
        It holds objects that could not be loaded again without running code from the file.
    """
    import skops.io

    content = _canonical(skops.io.dumps(estimator))
    strange = _strange(content)
    if strange:
        raise UserCodeError(
            f"the fitted {type(estimator).__name__} cannot be kept without pickle",
            expected="estimators of scikit-learn, numpy arrays and plain values inside it",
            got=", ".join(strange),
            do="move the user's class or function out of the model, into the extract or prepare "
            "stage",
        )
    return content


def load_estimator(content: bytes) -> Any:
    """The estimator that ``dump_estimator`` wrote. Types are checked before anything is made.

    Raises
    ------
    Corrupt
        The file is no skops file, or asks for a type outside the allow-list.
    """
    try:
        strange = _strange(content)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Corrupt(
            "a model file is not what was written",
            expected="a skops file",
            got=f"{type(error).__name__}: {error}",
            do="restore the store from a copy, or train again",
        ) from error
    if strange:
        raise Corrupt(
            "a model file asks for types that are not on the allow-list; nothing was loaded",
            expected="types of scikit-learn, numpy and scipy that hold no code",
            got=", ".join(strange),
            do="do not trust where this file came from",
        )
    import skops.io

    return skops.io.loads(content, trusted=sorted(TRUSTED))


def _strange(content: bytes) -> list[str]:
    import skops.io

    return sorted(set(skops.io.get_untrusted_types(data=content)) - TRUSTED)


def _canonical(content: bytes) -> bytes:
    """The same archive without what differs from one writing to the next: memory addresses as ids
    and file names, the time of day, the number of threads.
    """
    numbers = count()
    ids: dict[int, int] = {}
    files: dict[str, str] = {}

    def renumber(node: Any) -> Any:
        if isinstance(node, list):
            return [renumber(item) for item in node]
        if not isinstance(node, dict):
            return node
        fresh: dict[str, Any] = {}
        for key, value in node.items():
            if key == "__id__":
                # A plain value is shared or not as the interpreter likes; it never matters.
                plain = node.get("__loader__") == "JsonNode"
                fresh[key] = next(numbers) if plain else ids.setdefault(value, next(numbers))
            elif key == "file" and isinstance(value, str):
                ending = value.rpartition(".")[2]
                fresh[key] = files.setdefault(value, f"{len(files):06d}.{ending}")
            elif key == "n_threads":
                # Histogram boosting notes how many threads binned its rows; they change no bit.
                fresh[key] = {**renumber(value), "content": "1"}
            else:
                fresh[key] = renumber(value)
        return fresh

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        tree = renumber(json.loads(archive.read("schema.json")))
        members = {new: _member(archive.read(old), old) for old, new in files.items()}
    members["schema.json"] = json.dumps(tree, separators=(",", ":")).encode()
    return _zip(members)


def _member(content: bytes, name: str) -> bytes:
    if not name.endswith(".npz"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _zip({inner: archive.read(inner) for inner in archive.namelist()})


def _zip(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return sink.getvalue()
