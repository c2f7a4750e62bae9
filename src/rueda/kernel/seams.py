"""The seams: what Rueda asks of a store, a ledger, an engine, a source, a trainer, a target and a
notifier.

Each is a Protocol of at most four methods whose docstring is the contract; each has one
implementation in the tree, an entry-point group ``rueda.<seam>`` and a law suite
``rueda.testing.check_<seam>``.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Protocol, TypeVar, runtime_checkable

from rueda.kernel.digest import Digest, Json

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from rueda.kernel.record import Lease, Record, RefMove
    from rueda.kernel.tally import State, Tally
    from rueda.kernel.transform import Transform

T = TypeVar("T")
RecordT = TypeVar("RecordT", bound="Record")


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that a store holds: their digest and their number."""

    digest: Digest
    size_bytes: int


@runtime_checkable
class Store(Protocol):
    """Keeps bytes by digest. Safe for many threads and processes at once; every method is
    idempotent.

    A blob is visible only when it is whole and durable; a crash leaves it absent or complete.
    """

    def put(self, source: BinaryIO) -> Blob:
        """Read ``source`` to its end and keep it, in constant memory; the same bytes twice cost one
        reading.

        Raises DiskFull or WriteRefused; then nothing is visible.
        """
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """A stream over the blob that is verified as it is read: reaching the end of bytes that
        differ from ``digest`` raises Corrupt instead of returning. Raises NotFound at once when
        there is no such blob.
        """
        ...

    def has(self, digest: Digest) -> bool:
        """Whether ``open`` would find the blob (its bytes are not checked)."""
        ...

    def sweep(self, keep: Container[Digest], *, dry_run: bool) -> Iterator[Blob]:
        """Remove each blob that is not in ``keep`` (unless ``dry_run``), and yield it; leftovers of
        crashed writers go too."""
        ...


@runtime_checkable
class Ledger(Protocol):
    """Keeps records: runs, stage executions, refs with their whole history, and the chain of events
    behind them.

    Safe for many threads and processes at once. What was acknowledged survives a power cut. Each
    call is one transaction.
    """

    def append(
        self, *records: Record, actor: str, why: str = "", lease: Lease | None = None
    ) -> int:
        """Insert or replace ``records`` by their id, and append one event for each, all or nothing.

        A record that stands as given already, and an artifact that was made before, change nothing
        and add no event, so a call may be repeated. Returns the sequence number of the last
        record's event. With ``lease``, raises LeaseLost and writes nothing when the lease was taken
        over or given back (the fence).
        """
        ...

    def find(
        self, record: type[RecordT], *, limit: int = 100, before: str | None = None, **equal: Json
    ) -> list[RecordT]:
        """The records whose fields equal ``equal``, newest first, at most ``limit``; ``before`` is
        an RFC 3339 time and keeps those first written earlier. ``record`` may be any class of
        ``rueda.kernel.record``. Times of events strictly grow, so the ``at`` of the last event
        found is an exact mark for the next page.
        """
        ...

    def move(
        self, name: str, to: Digest | None, *, expect: Digest | None, actor: str, why: str = ""
    ) -> RefMove:
        """Move the ref ``name`` from ``expect`` (None: it must not exist) to ``to`` (None: remove
        it).

        Raises RefMoved, naming the winner, when the ref is elsewhere, and records the attempt as an
        event ``ref.refused``; a move to where the ref already stands with ``expect`` equal to
        ``to`` is recorded too.
        """
        ...

    def lease(self, name: str, owner: str, ttl_s: float, *, token: int | None = None) -> Lease:
        """Take the lease ``name`` (``token`` None), renew it (its token), or give it back (its
        token, ``ttl_s`` 0).

        Tokens of one name only grow. An owner that takes its own lease again gets a new token.
        Raises LeaseHeld while another owner's lease is alive, LeaseLost on renewing one that was
        taken over or given back.
        """
        ...


@runtime_checkable
class Chunk(Protocol):
    """A part of a dataset that fits in memory."""

    @property
    def digest(self) -> Digest: ...

    @property
    def rows(self) -> int: ...

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """The verified rows, as one batch."""
        ...


@runtime_checkable
class Engine(Protocol):
    """Runs the two verbs over chunks. The number of workers changes no bit of any result where
    ``deterministic``.
    """

    deterministic: ClassVar[bool]

    def map(self, transform: Transform, chunks: Sequence[Chunk]) -> Iterator[pa.RecordBatch]:
        """``transform.apply`` of each chunk, in chunk order, lazily, with a bounded number in
        memory.
        """
        ...

    def tally(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> State:
        """The states of all chunks merged by ``reduce_pairwise`` in chunk order."""
        ...

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Run ``function(*args)`` beside others (a trial)."""
        ...


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that a source could not use: where it stood, its own text, and why."""

    source: str
    row: str
    reason: str


@runtime_checkable
class Source(Protocol):
    """Yields batches, and a content version that changes when, and only when, what it would yield
    changes.
    """

    def version(self) -> Digest:
        """The digest of the content: touching a file does not change it."""
        ...

    def batches(self, reject: Callable[[Rejected], None] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in a stable order, all batches of one schema, at least one batch.

        A row that cannot be used goes to ``reject`` and is left out; without ``reject`` it raises
        BrokenInput.
        """
        ...


@runtime_checkable
class Fitted(Protocol):
    """A model that was fitted: a float32 matrix in, scores out."""

    def score(self, matrix: np.ndarray) -> np.ndarray:
        """Probabilities of shape (rows, classes), or predictions of shape (rows,) for regression;
        float64.
        """
        ...

    def to_files(self) -> Mapping[str, bytes]:
        """The files that hold the model, loadable without running code from them."""
        ...


@runtime_checkable
class Trainer(Protocol):
    """Fits models of one family."""

    def accepts(self, model: object) -> bool:
        """Whether ``model`` is of this family."""
        ...

    def describe(self, model: object) -> Json:
        """What the unfitted ``model`` is, in canonical form: class and parameters."""
        ...

    def fit(
        self,
        model: object,
        parameters: Mapping[str, Json],
        matrix: np.ndarray,
        label: np.ndarray,
        *,
        task: str,
        seed: int,
    ) -> Fitted:
        """A model fitted on ``matrix`` (float32, rows x features) with ``parameters`` set;
        ``model`` is not changed.

        ``label`` holds class numbers (int64) for ``binary`` and ``multiclass``, float64 for
        ``regression``.
        """
        ...

    def load(self, files: Mapping[str, bytes]) -> Fitted:
        """The model that ``Fitted.to_files`` wrote; runs no code from ``files``."""
        ...


@runtime_checkable
class Target(Protocol):
    """Makes a desired deployment real."""

    def apply(self, deployment: Mapping[str, Json]) -> Json:
        """Converge to ``deployment`` and say what stands now. Idempotent."""
        ...

    def status(self, name: str) -> Json:
        """What stands now for the endpoint ``name``."""
        ...


@runtime_checkable
class Notifier(Protocol):
    """Delivers an alarm. May raise; the caller retries, so delivery is at least once."""

    def notify(self, alarm: Mapping[str, Json]) -> None:
        """Deliver ``alarm``."""
        ...
